#pragma once

#include <models/account.hpp>
#include <models/audit.hpp>
#include <models/program_space.hpp>
#include <models/questions.hpp>
#include <models/settings.hpp>

#include <harness/results.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

/// The model program of one channel.
namespace sluice::models {

class program {
public:
  program(std::string channel, std::string path, questions asked)
      : path_(std::move(path)), asked_(std::move(asked)), account_(channel, path_, asked_, set_) {
    report_.channel = std::move(channel);
    report_.kind = account::kind;
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
  int main(int argc, char** argv) {
    CLI::App app("Model-checked interleavings of the channel '" + report_.channel + "' under weak memory.");
    options(app);
    try {
      app.parse(argc, argv);
      require_sense();
      const bool all_hold = set_.list ? list() : set_.planted.empty() ? ask() : hunt();
      if (set_.sites) print_sites();
      report_.seed = set_.seed;
      if (!set_.json.empty()) report_.write(set_.json);
      return all_hold ? 0 : 1;
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::invalid_argument& error) {
      std::cerr << error.what() << "\n";
      return 2;
    }
  }

private:
  void options(CLI::App& app) {
    app.add_option("--check", set_.scenarios, "only these scenarios");
    app.add_option("--capacity", set_.capacity, "only this capacity: a number or `unbounded`");
    app.add_option("--seed", set_.seed, "the first execution's seed; each one after it has the next")
        ->capture_default_str();
    app.add_option("--executions", set_.executions, "schedules drawn for each scenario and capacity")
        ->capture_default_str();
    app.add_option("--schedule", set_.schedule, "this one schedule, as a failure names it");
    app.add_option("--json", set_.json, "write verdicts to this file");
    app.add_option("--failures", set_.failures, "write programs that fail to files in this folder");
    if (asked_.programs) {
      app.add_option("--program", set_.program,
                     "this program, as `capacity 1: send | recv recv`, in place of scenarios");
      app.add_flag("--scenarios", set_.all_scenarios, "the scenarios, besides what else is asked for");
      app.add_option("--every", set_.every, "every program of this size, as 2x3: threads x operations each");
      app.add_option("--bound", set_.bound,
                     "choices out of turn in an execution of --every: preemptions, old values, ...")
          ->capture_default_str();
      app.add_flag("--exhaust", set_.exhaust, "of --program: every execution up to --bound, in place of --executions");
      app.add_option("--limit", set_.limit, "seconds after which --exhaust or --every is broken off; 0: never")
          ->capture_default_str();
      app.add_option("--from", set_.from, "where it goes on, as it said when it was broken off");
      app.add_option("--shard", set_.shard, "of --every, only part i of n, as i/n")->capture_default_str();
      app.add_option("--larger", set_.larger, "so many larger programs, drawn at random")->capture_default_str();
    }
    app.add_option("--plant", set_.planted, "see whether this fault, one of --sites, is caught");
    app.add_flag("--sites", set_.sites, "print where memory orders and wake-ups stand that the executions came past");
    app.add_flag("--trace", set_.trace, "print every step of a failure");
    app.add_flag("--list", set_.list, "name the scenarios and stop");
  }

  void require_sense() const {
    if (set_.executions == 0) throw std::invalid_argument("`--executions 0` would check nothing; give 1 or more");
    for (const auto& name : set_.scenarios) {
      if (std::ranges::find(asked_.checks, name, &model_check::name) == asked_.checks.end()) {
        throw std::invalid_argument("`" + name + "` is no scenario; --list names them");
      }
    }
  }

  bool list() const {
    for (const model_check& c : asked_.checks) std::cout << c.name << ": " << c.question << "\n";
    return true;
  }

  bool ask() {
    if (set_.sites) current_sites.write_down();
    if (!set_.program.empty()) return ask_program();
    bool all_hold = true;
    const bool whole = set_.scenarios.empty() && (set_.all_scenarios || (set_.every.empty() && set_.larger == 0));
    for (const model_check& c : asked_.checks) {
      if (!whole && std::ranges::find(set_.scenarios, c.name) == set_.scenarios.end()) continue;
      all_hold &= holds([&] { return check(c, set_.capacity); });
    }
    if (!set_.capacity.empty() && !ran_) {
      throw std::invalid_argument("no scenario that was asked for has the capacity `" + set_.capacity +
                                  "` on this channel");
    }
    if (set_.every.empty() && set_.larger == 0) return all_hold;
    const program_space space(path_, *asked_.programs, set_, account_);
    for (const std::string& size : set_.every) all_hold &= holds([&] { return space.every(parse_size(size)); });
    if (set_.larger != 0) all_hold &= holds([&] { return space.larger(); });
    return all_hold;
  }

  bool ask_program() {
    const auto p = harness::parse_program(set_.program);
    const auto& traits = asked_.programs->traits;
    if (!harness::within(traits, p) || !traits.accepts(p.capacity)) {
      throw std::invalid_argument("`" + to_string(p) + "` asks for what this channel does not promise");
    }
    const std::size_t colon = set_.program.find(':');
    const model_check alone{
        .name = "program",
        .question = "Does one order of the operations explain what every execution saw?",
        .not_applicable = {},
        .capacities = {harness::to_string(p.capacity)},
        .explore = [&](std::string_view, strategy& how) { return asked_.programs->explore(p, how, true); },
        .threads = set_.program.substr(colon + 1)};
    return holds([&] { return check(alone, {}); });
  }

  bool hunt() {
    if (!set_.program.empty() || !set_.every.empty()) throw std::invalid_argument("--plant goes with scenarios alone");
    const auto result = hunt_fault(asked_, parse_fault(set_.planted), set_.scenarios, set_.seed, set_.executions);
    std::cout << result.dump() << std::endl;
    return true;
  }

  static void print_sites() {
    for (const site& s : current_sites.sites()) {
      // A scene's own atomics are no part of the channel.
      if (s.file.ends_with("_scenes.hpp")) continue;
      for (const fault f : faults_of(s.what, s.order)) {
        std::cout << s.file << ":" << s.line << ":" << s.column << ":" << to_string(s.what) << ":" << to_string(f)
                  << "\n";
      }
    }
  }

  harness::check_result check(const model_check& c, const std::string& only) {
    harness::check_result result{.check = c.name, .claim = c.question, .verdict = "not_applicable"};
    result.detail = c.not_applicable;
    for (const std::string& capacity : c.capacities) {
      if (!c.not_applicable.empty() || result.verdict == "failed") break;
      if (!only.empty() && capacity != only) continue;
      const auto how = strategy_for();
      const auto found = c.explore(capacity, *how);
      result.executions += found.executions;
      ran_ = true;
      result.verdict = found.passed ? "passed" : "failed";
      if (const auto* limited = dynamic_cast<const limited_search*>(how.get()); limited && found.passed) {
        result.detail = ending(*limited);
        if (limited->search().diverged()) result.verdict = "failed";
      }
      if (!found.passed) tell(c, capacity, found, result);
    }
    if (result.verdict == "not_applicable" && result.detail.empty()) {
      result.detail = only.empty() ? no_capacity : "not at capacity " + only;
    }
    return result;
  }

  std::unique_ptr<strategy> strategy_for() const {
    if (!set_.schedule.empty()) return std::make_unique<replayed>(parse_schedule(set_.schedule));
    if (set_.exhaust) {
      return std::make_unique<limited_search>(set_.bound, set_.from.empty() ? schedule() : parse_schedule(set_.from),
                                              set_.limit);
    }
    return std::make_unique<random_walk>(set_.seed, set_.executions);
  }

  std::string ending(const limited_search& limited) const {
    if (limited.search().diverged()) return std::string(uncontrolled) + "\n";
    if (limited.broken_off()) return "broken off; go on with --from " + to_string(limited.search().path());
    // What an earlier part left out is not known.
    return limited.search().cut() || !set_.from.empty() ? "all executions up to the bound"
                                                        : "all executions that there are";
  }

  /// Asks, takes the time, and reports.
  template <class Question>
  bool holds(Question asked) {
    const auto start = std::chrono::steady_clock::now();
    harness::check_result result = asked();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::cout << std::left << std::setw(26) << result.check << std::right << std::setw(10) << result.executions
              << " executions  " << result.verdict;
    if (result.verdict != "failed" && !result.detail.empty()) std::cout << ": " << result.detail;
    if (result.space && result.verdict == "passed") {
      std::cout << ": " << result.space->programs << " programs, " << result.space->exhausted << " of them exhausted";
    }
    std::cout << std::endl;
    if (result.verdict == "failed") {
      std::cout << "FAILED " << report_.channel << " model " << result.check << ": " << result.claim << "\n"
                << result.detail << "reproduce: " << result.reproduce << std::endl;
    }
    report_.checks.push_back(std::move(result));
    return report_.checks.back().verdict != "failed";
  }

  void tell(const model_check& c, const std::string& capacity, const model_result& found,
            harness::check_result& result) const {
    if (!c.threads.empty()) {
      const auto p = harness::parse_program("capacity " + capacity + ": " + c.threads);
      if (set_.exhaust) return account_.shrink_depth_first(p, found, result);
      if (set_.schedule.empty()) return account_.shrink_at_random(p, found, result);
      return account_.describe(p, found, result);
    }
    result.detail = "capacity " + capacity + ": " + found.what + (set_.trace ? found.trace : "");
    result.reproduce = path_ + " --check " + c.name + " --capacity " + capacity + " --schedule " +
                       to_string(found.choices) + " --trace";
  }

  std::string path_;
  questions asked_;
  settings set_;
  account account_;
  harness::check_report report_;
  bool ran_ = false;
};

}  // namespace sluice::models
