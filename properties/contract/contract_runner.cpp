#include <harness/child.hpp>
#include <harness/results.hpp>
#include <harness/runner.hpp>
#include <harness/verdict.hpp>
#include <properties/contract/contract.hpp>

#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <stdexcept>

namespace sluice::contract {
namespace {

using harness::exit_code;
using harness::verdict;

std::vector<std::string_view> names_of(const std::vector<channel>& channels) {
  std::vector<std::string_view> names;
  for (const channel& c : channels) names.push_back(c.name);
  return names;
}

bool contains(const auto& range, const auto& value) { return std::ranges::find(range, value) != range.end(); }

line_table whole_contract() {
  line_table contract;
  add_construction(contract);
  add_capacity(contract);
  add_rendezvous(contract);
  add_attempts(contract);
  add_deadlines(contract);
  add_disconnect(contract);
  add_ordering(contract);
  add_ownership(contract);
  add_iteration(contract);
  add_state(contract);
  add_select(contract);
  add_timers(contract);
  add_broadcast(contract);
  add_oneshot(contract);
  add_robustness(contract);
  add_stop(contract);
  add_handles(contract);
  add_batches(contract);
  add_watchers(contract);
  add_bounded_queues(contract);
  contract.complete(names_of(every_channel()), names_of(every_core()));
  return contract;
}

/// Tests lines on channels, and reports their verdicts.
class contract_runner {
public:
  explicit contract_runner(std::string path) : path_(std::move(path)) {}

  int main(int argc, char** argv) {
    harness::command_line command("The contract of sluice's channels, line by line.");
    std::vector<int> wanted;
    std::vector<std::string> channels;
    std::int64_t hang_timeout = 600;
    bool list = false;
    bool first_failure = false;
    bool end_where_not_offered = false;
    command.app().add_option("--line", wanted, "only the lines of these numbers");
    command.app().add_option("--channel", channels, "only on these channels");
    command.app()
        .add_option("--divide", divisor_, "divide the numbers of repetitions by this, for a quick run")
        ->envname("SLUICE_CONTRACT_DIVIDE")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.app()
        .add_flag("--end-where-not-offered", end_where_not_offered, "end when a line uses an operation that is lacking")
        ->group("");
    command.add_hang_timeout(hang_timeout);
    command.add_json(json_);
    command.add_first_failure(first_failure);
    command.add_list(list, "lines");
    return command.run(argc, argv, [&] {
      std::vector<line> selected = whole_contract().lines();
      std::erase_if(selected, [&](const line& one) { return !wanted.empty() && !contains(wanted, one.number); });
      if (list) {
        for (const line& one : selected) {
          std::cout << std::setw(3) << one.number << " " << one.name << ": " << one.behaviour << "\n";
        }
        return exit_code::passed;
      }
      for (line& one : selected) {
        std::erase_if(one.cells, [&](const cell& c) { return !channels.empty() && !contains(channels, c.channel); });
      }
      std::erase_if(selected, [](const line& one) { return one.cells.empty(); });
      if (selected.empty()) {
        throw std::invalid_argument("no line of the contract is of that number and channel; --list names the lines");
      }
      if (end_where_not_offered) harness::when_not_offered = [] { std::_Exit(not_offered); };
      for (line& one : selected) {
        for (cell& c : one.cells) {
          if (c.not_applicable.empty() && !c.offers_all && !end_where_not_offered && lacks_operation(one, c)) {
            c.not_applicable = "it uses an operation that the channel does not have";
          }
        }
      }
      harness::watchdog dog(std::chrono::seconds(hang_timeout), [this](const std::string& text) {
        report(verdict::failed, text);
        write();
      });
      for (const line& one : selected) {
        tested_ = skipped_ = 0;
        for (const cell& c : one.cells) {
          test(one, c, dog);
          if (!all_hold_ && first_failure) break;
        }
        if (!all_hold_ && first_failure) break;
        if (channels.empty() && skipped_ != 0 && skipped_ == tested_) {
          std::cout << one.number << " " << one.name << ": FAILED, nothing was tested on any channel" << std::endl;
          all_hold_ = false;
        }
      }
      write();
      return all_hold_ ? exit_code::passed : exit_code::failed;
    });
  }

private:
  static constexpr int not_offered = 77;  ///< the exit code of a line that uses an operation that is lacking

  void test(const line& one, const cell& c, harness::watchdog& dog) {
    line_ = &one;
    channel_ = c.channel;
    start_ = clock::now();
    if (!c.not_applicable.empty()) return report(verdict::not_applicable, c.not_applicable);
    ++tested_;
    test_context t(dog, divisor_);
    worker self("line " + std::to_string(one.number) + " on " + c.channel);
    self.about_to("the line itself");
    self.adopt_this_thread();
    dog.watch_over_main(&self);
    try {
      c.test(t);
    } catch (const std::exception& error) {
      t.expect(false);
      std::cout << "unexpected exception: " << error.what() << "\n";
    }
    dog.watch_over_main(nullptr);
    if (!t.failure().empty()) return report(verdict::failed, t.failure());
    skipped_ += !t.skipped().empty();
    report(t.skipped().empty() ? verdict::passed : verdict::not_applicable, t.skipped());
  }

  /// Whether a line performs an operation that the channel lacks, seen in a process of its own: in this one, threads
  /// that wait for it would stay.
  bool lacks_operation(const line& one, const cell& c) const {
    // A line that hangs is reported when it is tested.
    return harness::run_child({harness::this_executable(), "--line", std::to_string(one.number), "--channel",
                               std::string(c.channel), "--divide", std::to_string(divisor_), "--end-where-not-offered"},
                              std::chrono::seconds(60)) == not_offered;
  }

  void report(verdict v, const std::string& detail) {
    const std::chrono::duration<double> took = clock::now() - start_;
    std::cout << std::setw(3) << line_->number << " " << line_->name << " on " << channel_ << ": " << to_string(v)
              << (detail.empty() ? "" : ", " + detail) << std::fixed << std::setprecision(2) << " (" << took.count()
              << " s)" << std::endl;
    if (v == verdict::failed) {
      all_hold_ = false;
      std::cout << "reproduce: " << path_ << " --line " << line_->number << " --channel " << channel_ << std::endl;
    }
    verdicts_.push_back({{"number", line_->number},
                         {"name", line_->name},
                         {"behaviour", line_->behaviour},
                         {"channel", channel_},
                         {"verdict", to_string(v)},
                         {"detail", detail},
                         {"seconds", took.count()}});
  }

  void write() const {
    if (!json_.empty()) harness::write_json(json_, nlohmann::json(verdicts_));
  }

  std::string path_;
  std::size_t divisor_ = 1;
  const line* line_ = nullptr;
  std::string channel_;
  clock::time_point start_;
  std::string json_;
  std::vector<nlohmann::json> verdicts_;
  bool all_hold_ = true;
  std::size_t tested_ = 0;   ///< channels on which the line was tested
  std::size_t skipped_ = 0;  ///< of these, those on which that proved nothing
};

}  // namespace
}  // namespace sluice::contract

int main(int argc, char** argv) { return sluice::contract::contract_runner(argv[0]).main(argc, argv); }
