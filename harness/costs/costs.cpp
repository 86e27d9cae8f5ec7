#include <harness/bench/requested_bytes.hpp>
#include <harness/costs/counters.hpp>

#include <sluice/broadcast.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/mutex.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/spsc_list.hpp>
#include <sluice/cores/spsc_ring.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/handles.hpp>
#include <sluice/oneshot.hpp>
#include <sluice/select.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Counts what each operation of each core does when no other thread does anything.
namespace sluice::harness::costs {
namespace {

using message = std::uint64_t;
using capacity = std::optional<std::size_t>;

// Whole blocks of a list, so that their edges count as often as in a long run.
constexpr std::uint64_t rounds = 10 * SLUICE_BLOCK_SLOTS;

/// Adds what an operation does.
template <class Operation>
void count(counters& sum, Operation operation) {
  counted = {};
  bench::requested = bench::requests = 0;
  bench::counts_requests = true;
  operation();
  bench::counts_requests = false;
  counted.allocations = bench::requests;
  counted.bytes = bench::requested;
  for (const named_counter& c : all_counters) sum.*c.count += counted.*c.count;
}

/// The rows of one core at one capacity: for each operation, its counters that are not 0.
class table {
public:
  table(std::string core, const capacity& room)
      : core_(std::move(core)), capacity_(room ? std::to_string(*room) : "unbounded") {}

  template <class Operation>
  void add(const std::string& name, Operation operation) {
    counters sum;
    count(sum, operation);
    add(name, sum, 1);
  }
  void add(const std::string& name, const counters& sum, std::uint64_t times) {
    nlohmann::ordered_json row{{"core", core_}, {"capacity", capacity_}, {"operation", name}};
    for (const named_counter& c : all_counters) {
      if (sum.*c.count == 0) continue;
      if (sum.*c.count % times == 0) {
        row[std::string(c.name)] = sum.*c.count / times;
        continue;
      }
      const double each = static_cast<double>(sum.*c.count) / static_cast<double>(times);
      row[std::string(c.name)] = std::round(each * 1000) / 1000;
    }
    rows_.push_back(std::move(row));
  }
  std::vector<nlohmann::ordered_json> rows() && { return std::move(rows_); }

private:
  std::string core_;
  std::string capacity_;
  std::vector<nlohmann::ordered_json> rows_;
};

template <class Core>
auto make(const capacity& room) {
  if constexpr (Core::traits.unbounded && Core::traits.bounded) {
    return room ? make_channel<Core>(*room) : make_channel<Core>();
  } else if constexpr (Core::traits.bounded) {
    return make_channel<Core>(*room);
  } else {
    return make_channel<Core>();
  }
}

/// A send and a receive in turns.
template <class Channel, class Send, class Receive>
void add_turns(table& to, const std::string& form, Channel& channel, Send send, Receive receive) {
  auto& [tx, rx] = channel;
  counters sent;
  counters received;
  for (std::uint64_t i = 0; i < 2 * rounds; ++i) {
    // At first, lists allocate what they then use again.
    if (i == rounds) sent = received = {};
    count(sent, [&] { send(tx, i); });
    count(received, [&] { receive(rx); });
  }
  to.add(form == "" ? "send" : form + "_send", sent, rounds);
  to.add(form == "" ? "recv" : form + "_recv", received, rounds);
}

/// A select over so many channels, of which the one that is tried last is ready.
template <class Core, std::size_t... Before>
void add_select(table& to, const capacity& room, std::index_sequence<Before...>) {
  std::vector<decltype(make<Core>(room))> idle;
  for (std::size_t i = 0; i < sizeof...(Before); ++i) idle.push_back(make<Core>(room));
  auto [tx, rx] = make<Core>(room);
  (void)tx.send(message{1});
  const auto drop = [](const auto&) {};
  to.add("select_of_" + std::to_string(sizeof...(Before) + 1),
         [&] { select(on_recv(idle[Before].second, drop)..., on_recv(rx, drop)); });
}

template <class Core>
void add_core(std::vector<nlohmann::ordered_json>& rows, const std::string& name) {
  for (const capacity& room : {capacity(), capacity(0), capacity(1), capacity(128)}) {
    if (!Core::traits.accepts(room)) continue;
    table to(name, room);
    if (room != 0) {
      to.add("used_once", [&] {
        auto [tx, rx] = make<Core>(room);
        (void)tx.send(message{1});
        (void)rx.recv();
      });
    }
    std::optional<decltype(make<Core>(room))> channel;
    to.add("create", [&] { channel.emplace(make<Core>(room)); });
    auto& [tx, rx] = *channel;
    if (room != 0) {
      using std::chrono::hours;
      add_turns(
          to, "", *channel, [](auto& s, message m) { (void)s.send(message{m}); }, [](auto& r) { (void)r.recv(); });
      add_turns(
          to, "try", *channel, [](auto& s, message m) { (void)s.try_send(message{m}); },
          [](auto& r) { (void)r.try_recv(); });
      add_turns(
          to, "timed", *channel, [](auto& s, message m) { (void)s.send_for(message{m}, hours(1)); },
          [](auto& r) { (void)r.recv_for(hours(1)); });
      add_select<Core>(to, room, std::make_index_sequence<0>());
      add_select<Core>(to, room, std::make_index_sequence<1>());
      add_select<Core>(to, room, std::make_index_sequence<3>());
    }
    to.add("try_recv_of_none", [&] { (void)rx.try_recv(); });
    to.add("recv_for_0_of_none", [&] { (void)rx.recv_for(std::chrono::hours(0)); });
    if (room) {
      while (tx.try_send(message{1})) {
      }
      to.add("try_send_to_full", [&] { (void)tx.try_send(message{1}); });
      to.add("send_for_0_to_full", [&] { (void)tx.send_for(message{1}, std::chrono::hours(0)); });
    }
    if constexpr (Core::traits.producers == cardinality::many) {
      std::optional<std::remove_cvref_t<decltype(tx)>> another;
      to.add("clone", [&] { another.emplace(tx.clone()); });
      to.add("drop", [&] { another.reset(); });
    }
    to.add("disconnect_senders", [&] { tx.reset(); });
    to.add("disconnect_receivers", [&] { rx.reset(); });
    for (auto& row : std::move(to).rows()) rows.push_back(std::move(row));
  }
}

/// A broadcast with room for so many messages.
void add_broadcast(std::vector<nlohmann::ordered_json>& rows, std::size_t room) {
  table to("broadcast", room);
  std::optional<decltype(broadcast::channel<message>(room))> channel;
  to.add("create", [&] { channel.emplace(broadcast::channel<message>(room)); });
  auto& [tx, rx] = *channel;
  add_turns(
      to, "", *channel, [](auto& s, message m) { (void)s.send(message{m}); }, [](auto& r) { (void)r.recv(); });
  to.add("try_recv_of_none", [&] { (void)rx.try_recv(); });
  to.add("recv_for_0_of_none", [&] { (void)rx.recv_for(std::chrono::hours(0)); });
  std::vector<std::remove_cvref_t<decltype(rx)>> others;
  others.reserve(4);
  to.add("subscribe", [&] { others.push_back(tx.subscribe()); });
  to.add("clone_receiver", [&] { others.push_back(rx.clone()); });
  while (others.size() < 3) others.push_back(tx.subscribe());
  to.add("send_to_4", [&] { (void)tx.send(message{1}); });
  for (std::size_t i = 0; i < room; ++i) (void)tx.send(message{1});
  to.add("recv_that_lags", [&] { (void)rx.recv(); });
  to.add("drop_receiver", [&] { others.pop_back(); });
  std::optional<std::remove_cvref_t<decltype(tx)>> another;
  to.add("clone_sender", [&] { another.emplace(tx.clone()); });
  to.add("drop_sender", [&] { another.reset(); });
  to.add("disconnect_senders", [&] { tx.reset(); });
  others.clear();
  to.add("disconnect_receivers", [&] { rx.reset(); });
  for (auto& row : std::move(to).rows()) rows.push_back(std::move(row));
}

nlohmann::ordered_json all_rows() {
  std::vector<nlohmann::ordered_json> rows;
  add_core<cores::mutex<message>>(rows, "mutex");
  add_core<cores::lock_free<message>>(rows, "lock_free");
  add_core<cores::mpsc_list<message>>(rows, "mpsc_list");
  add_core<cores::sync<message>>(rows, "sync");
  add_core<cores::spsc_ring<message>>(rows, "spsc_ring");
  add_core<cores::spsc_list<message>>(rows, "spsc_list");
  add_core<cores::rendezvous<message>>(rows, "rendezvous");
  for (const std::size_t room : {std::size_t{1}, std::size_t{128}}) add_broadcast(rows, room);
  table to("oneshot", 1);
  to.add("create, send and recv", [] {
    auto [tx, rx] = oneshot::channel<message>();
    (void)tx.send(message{1});
    (void)rx.recv();
  });
  for (auto& row : std::move(to).rows()) rows.push_back(std::move(row));
  return rows;
}

/// One row a line, so that a change of a cost is a changed line.
std::string text_of(const nlohmann::ordered_json& rows) {
  std::string text = "[\n";
  for (std::size_t i = 0; i < rows.size(); ++i) text += rows[i].dump() + (i + 1 < rows.size() ? ",\n" : "\n");
  return text + "]\n";
}

std::string name_of(const nlohmann::ordered_json& row) {
  return row["core"].get<std::string>() + " at capacity " + row["capacity"].get<std::string>() + ": " +
         row["operation"].get<std::string>();
}

/// \returns  how many rows differ, each of which it prints.
int differences(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& found) {
  std::map<std::string, std::pair<std::string, std::string>> both;
  for (const auto& row : expected) both[name_of(row)].first = row.dump();
  for (const auto& row : found) both[name_of(row)].second = row.dump();
  int differing = 0;
  for (const auto& [name, rows] : both) {
    if (rows.first == rows.second) continue;
    ++differing;
    const auto shown = [](const std::string& row) { return row.empty() ? std::string("no such row") : row; };
    std::cerr << name << "\n  found    " << shown(rows.second) << "\n  expected " << shown(rows.first) << "\n";
  }
  return differing;
}

}  // namespace
}  // namespace sluice::harness::costs

int main(int argc, char** argv) {
  using namespace sluice::harness::costs;
  CLI::App app("Counts what each operation of each core does when no other thread does anything.");
  std::string expected;
  std::string output;
  app.add_option("--expect", expected, "a file of costs: fail if any differs")->check(CLI::ExistingFile);
  app.add_option("--write", output, "write the costs to this file");
  CLI11_PARSE(app, argc, argv);
  const nlohmann::ordered_json found = all_rows();
  if (!output.empty()) {
    std::ofstream(output) << text_of(found);
  } else if (expected.empty()) {
    std::cout << text_of(found);
  }
  if (expected.empty()) return 0;
  std::ifstream file(expected);
  const auto listed = nlohmann::ordered_json::parse(file, nullptr, false);
  if (listed.is_discarded()) {
    std::cerr << expected << " is no JSON; write it anew with --write\n";
    return 2;
  }
  if (const int differing = differences(listed, found)) {
    std::cerr << differing << " costs differ from " << expected << "; if that is meant, --write it anew\n";
    return 1;
  }
  std::cout << found.size() << " costs are those of " << expected << "\n";
  return 0;
}
