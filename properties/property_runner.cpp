#include <properties/crash.hpp>
#include <properties/property_list.hpp>
#include <properties/property_runner.hpp>
#include <properties/scenario_properties.hpp>
#include <properties/soak_log.hpp>

#include <harness/child.hpp>
#include <harness/counting_new.hpp>
#include <harness/failure.hpp>
#include <harness/generate.hpp>
#include <harness/kernel.hpp>
#include <harness/results.hpp>
#include <harness/runner.hpp>
#include <harness/verdict.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace sluice::properties {
namespace {

using harness::exit_code;
using harness::verdict;

constexpr const char* ended_inside = "the process ended in this check";

template <class Subject>
class property_runner {
public:
  property_runner(std::string name, const Subject& channel, std::string path)
      : channel_(channel), path_(std::move(path)) {
    report_.channel = std::move(name);
    report_.kind = "property";
  }

  int main(int argc, char** argv) {
    harness::command_line line("Property tests of the channel '" + report_.channel + "' on real threads.");
    std::vector<std::string> wanted;
    std::vector<std::string> unwanted;
    std::string text;
    std::string after;
    int signal = 0;
    std::string shrinking;
    std::int64_t hang_timeout = options_.hang_timeout.count();
    bool list = false;
    std::uint64_t soaked = 0;
    line.add_checks(wanted, "properties");
    line.app().add_option("--except", unwanted, "all but these properties");
    line.add_seed(options_.seed, "the seed of random inputs");
    line.add_executions(options_.executions, "random inputs for each property, or executions of the scenario");
    line.add_hang_timeout(hang_timeout);
    line.app().add_option("--scenario", text,
                          "run this scenario, as `capacity 1: send | recv recv`, instead of the properties");
    line.add_json(json_);
    line.add_failures(failures_);
    line.add_first_failure(first_failure_);
    line.add_list(list, "properties");
    if constexpr (std::same_as<Subject, subject>) {
      line.app().add_option(
          "--soak", soaked,
          "so many messages in changing conditions, instead of the properties; goes on with the log in "
          "--json, a line for each phase");
    }
    // How a runner goes on after a check that has crashed or hung: see crash.hpp.
    line.app().add_option("--after", after)->group("");
    line.app().add_option("--signal", signal)->group("");
    line.app().add_option("--shrink", shrinking)->group("");
    return line.run(argc, argv, [&] {
      options_.hang_timeout = std::chrono::seconds(hang_timeout);
      report_.seed = options_.seed;
      for (const auto* names : {&wanted, &unwanted}) require_known(*names);
      if (!after.empty()) conclude(after, signal, shrinking);
      if (!text.empty()) return replay(harness::parse_scenario(text));
      if (list) return list_properties();
      if (soaked != 0) return soak_for(soaked);
      return check(wanted, unwanted, after, argv);
    });
  }

private:
  using one_property = property<Subject>;

  void require_known(const std::vector<std::string>& names) const {
    for (const auto& name : names) {
      if (std::ranges::find(every_property<Subject>(), name, &one_property::name) == every_property<Subject>().end()) {
        throw std::invalid_argument("`" + name + "` is no property; --list names them");
      }
    }
  }

  exit_code list_properties() const {
    for (const one_property& p : every_property<Subject>()) std::cout << p.name << "\n";
    return exit_code::passed;
  }

  /// Checks the properties that come after one, or all.
  exit_code check(const std::vector<std::string>& wanted, const std::vector<std::string>& unwanted,
                  const std::string& after, char** argv) {
    const auto named = [](const auto& names, std::string_view name) {
      return std::ranges::find(names, name) != names.end();
    };
    for (const auto& name : wanted) selection_.insert(selection_.end(), {"--check", name});
    for (const auto& name : unwanted) selection_.insert(selection_.end(), {"--except", name});
    bool skipped = !after.empty();
    for (const one_property& p : every_property<Subject>()) {
      if (!skipped && (wanted.empty() || named(wanted, p.name)) && !named(unwanted, p.name)) add(p);
      if (p.name == after) skipped = false;
    }
    harness::watchdog dog(options_.hang_timeout, [this](const std::string& text) { hung(text); });
    dog_ = &dog;
    int one_argument = 1;
    testing::InitGoogleTest(&one_argument, argv);
    GTEST_FLAG_SET(fail_fast, first_failure_);
    const bool passed = RUN_ALL_TESTS() == 0;
    write();
    return passed && !failed_before_ ? exit_code::passed : exit_code::failed;
  }

  void add(const one_property& p) {
    if (const char* reason = p.not_applicable(channel_.traits())) {
      const auto same = [&](const auto& known) { return known.check == p.name; };
      if (std::ranges::any_of(report_.checks, same)) return;
      auto& result = begin(p.name, p.claim);
      result.verdict = verdict::not_applicable;
      result.detail = reason;
      std::cout << p.name << ": not applicable, " << reason << std::endl;
      return;
    }
    struct test : testing::Test {
      test(property_runner& o, const one_property& p) : owner(o), checked(p) {}
      void TestBody() override { owner.check_one(checked); }
      property_runner& owner;
      const one_property& checked;
    };
    testing::RegisterTest(report_.channel.c_str(), std::string(p.name).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [this, &p]() -> testing::Test* { return new test(*this, p); });
  }

  /// A check counts as failed from its start to its end, so that a process which dies in it leaves that verdict.
  harness::check_result& begin(std::string_view name, std::string_view claim) {
    return report_.checks.emplace_back(harness::check_result{.check = std::string(name),
                                                             .claim = std::string(claim),
                                                             .verdict = verdict::failed,
                                                             .detail = ended_inside,
                                                             .reproduce = {},
                                                             .scenario = {}});
  }

  void check_one(const one_property& p) {
    auto& result = begin(p.name, p.claim);
    result.reproduce = command_of("--check " + result.check, options_.seed, options_.executions);
    write();
    const auto start = std::chrono::steady_clock::now();
    basic_run<Subject> r(channel_, options_, *dog_);
    running_ = &r;
    std::vector<std::string> successor{harness::this_executable()};
    successor.insert(successor.end(), selection_.begin(), selection_.end());
    successor.insert(successor.end(),
                     {"--seed", std::to_string(options_.seed), "--executions", std::to_string(options_.executions),
                      "--hang-timeout", std::to_string(options_.hang_timeout.count()), "--json", json_, "--failures",
                      failures_, "--after", result.check});
    if (!first_failure_) crash::succeeded_by(std::move(successor), now_running);
    try {
      p.check(r);
    } catch (const std::exception& error) {
      r.fail(std::string("unexpected exception: ") + error.what());
    } catch (...) {
      // A RapidCheck assertion outside of forall().
      r.fail("an assertion failed before the first input");
    }
    dog_->watch_over_main(nullptr);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.executions = r.executions();
    result.detail = r.failure();
    if (r.scenario() && r.scenario()->livelock) {
      // A thread that spins for ever would slow down all that follows.
      result.detail = livelock;
      write();
      go_on(to_string(r.scenario()->scenario));
    }
    crash::disable();
    if (result.detail.empty()) {
      result.verdict = r.skipped().empty() ? verdict::passed : verdict::not_applicable;
      result.detail = r.skipped();
      result.reproduce.clear();
    } else {
      if (r.scenario() && !first_failure_) shrink(r.scenario()->scenario, r.scenario()->seed, result);
      announce(result);
      ADD_FAILURE() << result.check << ": see above";
    }
    write();
  }

  std::string command_of(const std::string& what, std::uint64_t seed, std::uint64_t executions) const {
    return path_ + " " + what + " --seed " + std::to_string(seed) + " --executions " + std::to_string(executions);
  }

  /// Executes one scenario until it fails.
  exit_code replay(const harness::scenario& s) {
    require_supported(s);
    auto& result = begin("scenario", "Every execution has a history that some order of its operations explains.");
    result.scenario = to_string(s);
    write();
    // A crash of one that is pinned to a processor would leave its successor there.
    harness::kernel::stay_on(std::nullopt);
    harness::watchdog dog(4 * options_.hang_timeout, [&](const std::string& hang) {
      std::cout << hang << std::flush;
      result.detail = hang + "in\n" + to_string(s) + "\n";
      write();
    });
    harness::worker main("main thread");
    scenario_checker checker(channel_, options_.hang_timeout);
    draws draw(options_.seed);
    std::optional<failing_scenario> found;
    while (!found && result.executions < options_.executions) {
      ++result.executions;
      dog.watch_over_main(&main);
      // The first execution has the given seed itself, so that one failure can be reproduced.
      found = checker.check(s, result.executions == 1 ? options_.seed : draw.next());
    }
    result.verdict = found ? verdict::failed : verdict::passed;
    result.detail = found ? found->report : "";
    write();
    if (found) {
      std::cout << "FAILED " << report_.channel << " in execution " << result.executions << "\n" << found->report;
    } else {
      std::cout << report_.channel << ": " << result.executions << " executions, all explained\n";
    }
    std::cout.flush();
    // Does not wait for threads that are stuck in the channel.
    if (found) std::_Exit(static_cast<int>(exit_code::failed));
    return exit_code::passed;
  }

  /// Uses channels for so many messages, in phases of changing conditions.
  exit_code soak_for([[maybe_unused]] std::uint64_t messages) {
    if constexpr (std::same_as<Subject, subject>) {
      constexpr std::uint64_t memory = std::uint64_t{1} << 30;
      soak_log log(json_, report_.channel, options_.seed);
      soak_phase phase;
      const auto failed = [&](const std::string& violation) {
        std::cout << "FAILED " << report_.channel << " soak: " << violation << " (phase " << phase.number
                  << ", capacity " << harness::to_string(phase.capacity) << ", " << phase.producers << " producers, "
                  << phase.consumers << " consumers, after " << log.messages() << " messages)" << std::endl;
      };
      const auto hung = [&](const std::string& hang) {
        failed(hang);
        log.add(phase, {.violation = hang});
      };
      harness::watchdog dog(options_.hang_timeout, hung, true);
      soak run(channel_, options_.seed, dog);
      // A language's runtime reserves address space as it likes.
      if (!channel_.traits().own_threads) limit_memory(memory);
      while (log.messages() < messages) {
        phase = run.phase(log.next_phase());
        const soak_outcome found = run.run(phase);
        if (!found.violation.empty()) failed(found.violation);
        log.add(phase, found);
        if (!found.violation.empty()) return exit_code::failed;
      }
      std::cout << report_.channel << ": " << log.messages() << " messages in " << log.next_phase()
                << " phases, each received once and in order; the longest wait took "
                << std::chrono::duration<double, std::milli>(log.longest_wait()).count() << " ms" << std::endl;
    }
    return exit_code::passed;
  }

  /// Reports a check in which the process before this one crashed, by a signal, or hung.
  void conclude(const std::string& check, int signal, const std::string& scenario) {
    failed_before_ = true;
    recall();
    if (report_.checks.empty() || report_.checks.back().check != check) {
      const auto found = std::ranges::find(every_property<Subject>(), check, &one_property::name);
      begin(found->name, found->claim);
    }
    auto& result = report_.checks.back();
    result.reproduce = command_of("--check " + check, options_.seed, options_.executions);
    if (signal != 0) result.detail = "it crashed (signal " + std::to_string(signal) + ")";
    const bool shrinks = scenario != crash::no_scenario;
    if (shrinks) {
      result.detail += " in\n" + scenario + "\n";
      shrink(harness::parse_scenario(scenario), options_.seed, result);
    }
    // A hang was announced by the process that saw it.
    if (shrinks || signal != 0) announce(result);
    write();
    // The channel is known to be broken: its other checks take less time.
    if (signal == 0) options_.hang_timeout = std::min(options_.hang_timeout, std::chrono::seconds(3));
    shrink_effort_ = std::chrono::seconds(8);
  }

  /// Takes over the verdicts of the process before this one.
  void recall() {
    if (!std::filesystem::exists(json_)) return;
    std::ifstream in(json_);
    for (const auto& c : nlohmann::json::parse(in)) {
      const auto of = [&](verdict v) { return c["verdict"] == to_string(v); };
      report_.checks.push_back({.check = c["check"],
                                .claim = c["claim"],
                                .verdict = of(verdict::passed)   ? verdict::passed
                                           : of(verdict::failed) ? verdict::failed
                                                                 : verdict::not_applicable,
                                .detail = c["detail"],
                                .reproduce = c["reproduce"],
                                .scenario = c["scenario"],
                                .executions = c["executions"],
                                .seconds = c["seconds"]});
    }
  }

  /// What a child process reported of a scenario. A child that was too slow, or could not run it, reports nothing.
  struct child_report {
    bool failed = false;
    std::uint64_t executions = 0;
    std::string text;
  };

  child_report run_in_child(const harness::scenario& s, std::uint64_t executions, std::uint64_t seed) const {
    const auto file = std::filesystem::temp_directory_path() / ("sluice-shrink-" + std::to_string(getpid()) + ".json");
    std::filesystem::remove(file);
    const int code = harness::run_child(
        {harness::this_executable(), "--scenario", to_string(s), "--executions", std::to_string(executions), "--seed",
         std::to_string(seed), "--hang-timeout", "3", "--json", file.string()},
        std::chrono::seconds(20));
    child_report r{.failed = code == 1 || code > 128, .executions = executions, .text = {}};
    if (std::ifstream in(file); in) {
      const auto checks = nlohmann::json::parse(in, nullptr, false);
      if (checks.is_array() && !checks.empty() && checks[0].is_object()) {
        r.executions = checks[0].value("executions", executions);
        r.text = checks[0].value("detail", "");
      }
    }
    if (code > 128) r.text = "it crashed (signal " + std::to_string(code - 128) + ") in\n" + to_string(s) + "\n";
    std::filesystem::remove(file);
    return r;
  }

  static constexpr std::size_t longest_scenario = 500;

  /// Shrinks a failing scenario in child processes, and reports the smallest.
  void shrink(const harness::scenario& s, std::uint64_t seed, harness::check_result& result) {
    draws draw(seed);
    harness::retry_budget budget(400, 20'000);
    std::string text;
    const auto attempt = [&](const harness::scenario& candidate, std::uint64_t tries) -> std::optional<std::uint64_t> {
      if (!supported(candidate)) return std::nullopt;
      const std::uint64_t with = draw.next();
      const child_report r = run_in_child(candidate, tries, with);
      if (!r.failed) return std::nullopt;
      seed = with;
      if (result.executions == 0) result.executions = std::max<std::uint64_t>(1, r.executions);
      if (!r.text.empty()) text = r.text;
      return r.executions;
    };
    result.scenario = to_string(harness::shrink(s, budget, attempt, shrink_effort_));
    if (!text.empty()) {
      result.detail = text;
      // One that did not become small would fill the screen; the check draws it again.
      if (result.scenario.size() <= longest_scenario) {
        result.reproduce = command_of("--scenario '" + result.scenario + "'", seed, budget.tries());
      }
    }
    harness::save_failure(failures_, report_.channel, report_.kind, result, seed, budget.tries());
  }

  bool supported(const harness::scenario& s) const {
    return harness::within(channel_.traits(), s) && channel_.traits().accepts(s.capacity);
  }

  void require_supported(const harness::scenario& s) const {
    if (supported(s)) return;
    throw std::invalid_argument("`" + to_string(s) + "` needs what the channel `" + report_.channel +
                                "` does not promise");
  }

  void announce(const harness::check_result& result) const {
    std::cout << "FAILED " << report_.channel << " property " << result.check << ": " << result.claim << "\n"
              << result.detail << "\nreproduce: " << result.reproduce << std::endl;
  }

  void hung(const std::string& text) {
    auto& result = report_.checks.back();
    result.detail = text;
    result.executions = running_->executions();
    announce(result);
    write();
    go_on(now_running());
  }

  /// After a check that cannot be ended: in another process, which shrinks the scenario, unless this was the last
  /// check.
  void go_on(const std::string& scenario) const {
    if (first_failure_) std::_Exit(static_cast<int>(exit_code::failed));
    crash::start_successor(scenario);
  }

  void write() const {
    if (!json_.empty()) report_.write(json_);
  }

  const Subject& channel_;
  std::string path_;
  options options_;
  harness::check_report report_;
  std::string json_;
  std::string failures_;
  harness::watchdog* dog_ = nullptr;
  const basic_run<Subject>* running_ = nullptr;
  std::vector<std::string> selection_;  ///< the options that name checks
  bool first_failure_ = false;          ///< the first check that fails is the last
  bool failed_before_ = false;          ///< in a process that this one has succeeded
  std::chrono::seconds shrink_effort_{25};
};

}  // namespace

int run_properties(std::string name, const subject& channel, int argc, char** argv) {
  return property_runner(std::move(name), channel, argv[0]).main(argc, argv);
}

int run_properties(std::string name, const harness::broadcast_subject& channel, int argc, char** argv) {
  return property_runner(std::move(name), channel, argv[0]).main(argc, argv);
}

}  // namespace sluice::properties
