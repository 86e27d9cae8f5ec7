#pragma once

#include <harness/allocations.hpp>
#include <harness/requirements.hpp>
#include <properties/contract/channels.hpp>
#include <properties/contract/test_context.hpp>
#include <sluice/select.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The contract: a numbered line for each behaviour that users may rely on, and a test of it on every channel to which
/// it applies.
namespace sluice::contract {

namespace allocations = harness::allocations;

/// One line on one channel.
struct cell {
  std::string channel;
  std::string not_applicable;  ///< the reason, or empty
  std::function<void(test_context&)> test;
  bool offers_all = true;  ///< the channel has timed operations, and such as do not wait
};

struct line {
  int number;
  std::string name;
  std::string behaviour;
  std::vector<cell> cells;
};

/// Every line of the contract.
class line_table {
public:
  void line(int number, std::string name, std::string behaviour, std::vector<cell> cells) {
    lines_.push_back({number, std::move(name), std::move(behaviour), std::move(cells)});
  }
  const std::vector<contract::line>& lines() const noexcept { return lines_; }

  /// Adds a cell to each line that has none for one of these channels, with the reason why it is not tested there.
  void complete(const std::vector<std::string_view>& channels, const std::vector<std::string_view>& cores) {
    for (contract::line& l : lines_) {
      const auto has = [&](std::string_view name) {
        return std::ranges::find(l.cells, name, &cell::channel) != l.cells.end();
      };
      const std::string reason = std::ranges::all_of(cores, has) ? "it is a facade, and its cores are tested"
                                                                 : "it is about `" + l.cells.front().channel + "`";
      for (const std::string_view name : channels) {
        if (!has(name)) l.cells.push_back({.channel = std::string(name), .not_applicable = reason, .test = {}});
      }
    }
  }

private:
  std::vector<contract::line> lines_;
};

/// Sends and receives a message: what a library allocates for itself when a thread first uses it is not a channel's.
void use_once(const channel& tested);

/// The cells of one line for several channels.
///
/// \tparam Need  by a channel's traits, a reason for which the line does not apply, or nullptr.
/// \param test   called with the context and the channel.
template <auto Need>
std::vector<cell> on(const std::vector<channel>& channels, void (*test)(test_context&, const channel&)) {
  std::vector<cell> cells;
  for (const channel& tested : channels) {
    cell& c = cells.emplace_back();
    c.channel = tested.name;
    c.offers_all = tested.traits().tries && tested.traits().timed;
    if (const char* reason = Need(tested.traits())) {
      c.not_applicable = reason;
    } else {
      c.test = [test, tested](test_context& t) {
        use_once(tested);
        const std::size_t before = channel::made;
        test(t, tested);
        if (channel::made == before) t.skip("it accepts none of the capacities that the line is about");
      };
    }
  }
  return cells;
}

/// The cell of a line that is about something other than these channels.
inline std::vector<cell> only(std::string what, std::function<void(test_context&)> test) {
  return {{.channel = std::move(what), .not_applicable = {}, .test = std::move(test)}};
}

// Reasons for which a line does not apply, beside those of harness/requirements.hpp.
using harness::always;
using harness::needs_bounded_bypass;
using harness::needs_buffer;
using harness::needs_discard;
using harness::needs_disconnect;
using harness::needs_exact_capacity;
using harness::needs_exact_size;
using harness::needs_selectable;
using harness::needs_strong_guarantee;
using harness::needs_tries;

constexpr const char* needs_unbounded(const core_traits& traits) noexcept {
  return traits.unbounded ? nullptr : "it is bounded";
}
constexpr const char* needs_bounded(const core_traits& traits) noexcept {
  return traits.bounded ? nullptr : "it is unbounded";
}
constexpr const char* needs_room(const core_traits& traits) noexcept {
  if (!traits.bounded) return "it is unbounded";
  return traits.greatest_capacity > 0 ? nullptr : "a rendezvous buffers nothing";
}
constexpr const char* needs_rendezvous(const core_traits& traits) noexcept {
  return traits.bounded && traits.least_capacity == 0 ? nullptr : "it buffers";
}
constexpr const char* needs_consumers(const core_traits& traits) noexcept {
  return traits.consumers == cardinality::many ? nullptr : "it has one receiver, which cannot be cloned";
}
constexpr const char* needs_producers(const core_traits& traits) noexcept {
  return traits.producers == cardinality::many ? nullptr : "it has one sender, which cannot be cloned";
}

constexpr const char* needs_real_time(const core_traits& traits) noexcept {
  if (const char* reason = harness::needs_global_order(traits)) return reason;
  return traits.consistency == consistency::linearizable ? nullptr : "it promises no order in real time";
}

/// Several requirements as one. \tparam Needs  functions as above.
template <auto... Needs>
constexpr const char* both(const core_traits& traits) noexcept {
  return harness::needs_all(traits, Needs...);
}

/// As on(), for a line about select.
template <auto Need>
std::vector<cell> on_selectable(const std::vector<channel>& channels, void (*test)(test_context&, const channel&)) {
  return on<both<needs_selectable, Need>>(channels, test);
}

using capacities = std::vector<std::optional<std::size_t>>;

/// Capacities that stand for any other: a channel that accepts none of them is tested with its least one.
struct usual_capacities {
  // Explicit, so that a list in braces means capacities.
  explicit usual_capacities(capacities these) : list(std::move(these)) {}
  capacities list;
};

/// Those with which a channel is tested.
inline capacities accepted(const channel& s, const usual_capacities& usual) {
  const auto accepts = [&](const auto& capacity) { return s.traits().accepts(capacity); };
  const bool any = s.traits().bounded || std::ranges::any_of(usual.list, accepts);
  return any ? s.subject->capacities(usual.list) : capacities{};
}

/// Another sender where the channel has several, else the same one.
template <class T>
sender<T> clone_or_move(const channel& s, sender<T>& tx) {
  return s.traits().producers == cardinality::many ? tx.clone() : std::move(tx);
}

/// Receives by select where the channel can be waited on so, else plainly.
template <class T, class Handler>
void select_or_recv(const channel& s, receiver<T>& rx, Handler handler) {
  if (!s.selectable()) return handler(rx.recv());
  select(on_recv(rx, handler));
}

/// Calls `test(tx, rx)` on a new channel for each of the capacities that the channel accepts.
template <class T, class Test>
void each(const channel& s, const capacities& wanted, Test test) {
  for (const auto& capacity : wanted) {
    if (!s.traits().accepts(capacity)) continue;
    auto [tx, rx] = s.make<T>(capacity);
    test(tx, rx);
  }
}

template <class T, class Test>
void each(const channel& s, const usual_capacities& wanted, Test test) {
  each<T>(s, accepted(s, wanted), test);
}

inline void use_once(const channel& tested) {
  if (!tested.traits().tries) return;
  each<int>(tested, {std::nullopt, 1}, [](auto& tx, auto& rx) {
    (void)tx.try_send(0);
    (void)rx.try_recv();
  });
}

inline const usual_capacities all(capacities{std::nullopt, 0, 1, 3});
inline const usual_capacities buffered(capacities{std::nullopt, 1, 3});
inline const usual_capacities bounded(capacities{0, 1, 3});
inline const usual_capacities with_room(capacities{1, 3});
inline const capacities unbounded{std::nullopt};
inline const capacities zero{0};

// The parts of the contract, a file each.
void add_construction(line_table&);
void add_capacity(line_table&);
void add_rendezvous(line_table&);
void add_attempts(line_table&);
void add_deadlines(line_table&);
void add_disconnect(line_table&);
void add_ordering(line_table&);
void add_ownership(line_table&);
void add_iteration(line_table&);
void add_state(line_table&);
void add_select(line_table&);
void add_timers(line_table&);
void add_broadcast(line_table&);
void add_oneshot(line_table&);
void add_robustness(line_table&);
void add_stop(line_table&);
void add_handles(line_table&);
void add_batches(line_table&);
void add_watchers(line_table&);
void add_bounded_queues(line_table&);

}  // namespace sluice::contract
