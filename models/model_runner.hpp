#pragma once

#include <models/audit.hpp>
#include <models/failure_report.hpp>
#include <models/questions.hpp>
#include <models/random_walk.hpp>
#include <models/replayed_schedule.hpp>
#include <models/scenario_search.hpp>
#include <models/search_benchmark.hpp>
#include <models/settings.hpp>
#include <models/step_watchdog.hpp>
#include <models/time_limited_search.hpp>

#include <harness/results.hpp>
#include <harness/runner.hpp>
#include <harness/verdict.hpp>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

/// The model runner of one channel.
namespace sluice::models {

class model_runner {
public:
  model_runner(std::string channel, std::string path, questions asked)
      : path_(std::move(path)), asked_(std::move(asked)), failures_(channel, path_, asked_, set_) {
    report_.channel = std::move(channel);
    report_.kind = failure_report::kind;
  }
  model_runner(const model_runner&) = delete;
  model_runner& operator=(const model_runner&) = delete;

  /// \returns  the process's exit code.
  int main(int argc, char** argv) {
    harness::command_line line("Model-checked interleavings of the channel '" + report_.channel +
                               "' under weak memory.");
    add_options(line);
    return line.run(argc, argv, [&] {
      require_known_checks(set_.checks);
      require_known_checks(set_.except);
      std::erase_if(asked_.checks,
                    [&](const model_check& c) { return std::ranges::find(set_.except, c.name) != set_.except.end(); });
      if (set_.list) return list();
      if (set_.measured_seeds != 0) return measure();
      if (!set_.mutant.empty()) return try_mutant();
      const bool all_hold = check_all();
      if (set_.list_mutants) print_mutants();
      report_.seed = set_.seed;
      if (!set_.json.empty()) report_.write(set_.json);
      return all_hold ? harness::exit_code::passed : harness::exit_code::failed;
    });
  }

private:
  void add_options(harness::command_line& line) {
    CLI::App& app = line.app();
    line.add_checks(set_.checks, "named scenarios and custom models");
    app.add_option("--except", set_.except, "all but these checks");
    app.add_option("--capacity", set_.capacity, "only this capacity: a number or `unbounded`");
    line.add_seed(set_.seed, "the seed of the first execution; each further one has the next");
    line.add_executions(set_.executions, "random executions for each check and capacity");
    app.add_option_function<std::string>(
           "--strategy", [this](const std::string& text) { set_.mix = parse_mix(text); },
           "how random executions choose: " + std::string(search_mix::explanation))
        ->type_name("MIX");
    app.add_option(
        "--measure-search", set_.measured_seeds,
        "print for each check named, and for each of so many seeds, after how many executions and seconds it "
        "fails, as JSON");
    app.add_option("--schedule", set_.schedule, "this one schedule, as a failure reports it");
    line.add_hang_timeout(set_.hang_timeout);
    line.add_json(set_.json);
    line.add_first_failure(set_.first_failure);
    line.add_failures(set_.failures);
    if (asked_.scenarios) {
      app.add_option("--scenario", set_.scenario,
                     "this scenario, as `capacity 1: send | recv recv`, instead of the checks");
      app.add_flag("--all-checks", set_.all_checks, "all checks, in addition to --exhaustive and --random-scenarios");
      app.add_option("--exhaustive", set_.exhaustive, "every scenario of this size, as 2x3: threads x operations each");
      app.add_option("--bound", set_.bound,
                     "the deviation bound of --exhaustive: preemptions, stale reads, early timeouts, spurious wake-ups "
                     "and failures")
          ->capture_default_str();
      app.add_flag("--exhaust", set_.exhaust, "of --scenario: every execution up to --bound, instead of random ones");
      app.add_option("--limit", set_.limit, "seconds after which --exhaust or --exhaustive is interrupted; 0: never")
          ->capture_default_str();
      app.add_option("--from", set_.from, "where to resume, as the interrupted search reported");
      app.add_option("--shard", set_.shard,
                     "of all checks (not of those that --check names) and of --exhaustive, only part i of n, as i/n")
          ->capture_default_str();
      app.add_option("--random-scenarios", set_.random_scenarios, "the number of random scenarios")
          ->capture_default_str();
    }
    app.add_option("--mutant", set_.mutant, "report whether the checks kill this mutant, one of --list-mutants");
    app.add_flag("--list-mutants", set_.list_mutants,
                 "print the mutants of memory orders, wake-ups and rechecks that the executions reached");
    app.add_flag("--trace", set_.trace, "print every step of a failure");
    line.add_list(set_.list, "checks");
  }

  void require_known_checks(const std::vector<std::string>& names) const {
    for (const auto& name : names) {
      if (std::ranges::find(asked_.checks, name, &model_check::name) == asked_.checks.end()) {
        throw std::invalid_argument("`" + name + "` is no check of this runner; --list names them");
      }
    }
  }

  harness::exit_code list() const {
    for (const model_check& c : asked_.checks) std::cout << c.name << ": " << c.question << "\n";
    return harness::exit_code::passed;
  }

  bool check_all() {
    if (set_.list_mutants) mutation_sites.record();
    if (!set_.scenario.empty()) return check_scenario();
    bool all_hold = true;
    const bool no_search = set_.exhaustive.empty() && set_.random_scenarios == 0;
    const bool all_checks = set_.checks.empty() && (set_.all_checks || no_search);
    const auto [part, parts] = parse_shard(set_.shard);
    if (all_checks && parts > 1 && parts > asked_.checks.size()) {
      throw std::invalid_argument("shard " + set_.shard + " of " + std::to_string(asked_.checks.size()) +
                                  " checks might be empty: give fewer parts");
    }
    for (std::size_t n = 0; n < asked_.checks.size(); ++n) {
      const model_check& c = asked_.checks[n];
      const bool wanted =
          all_checks ? n % parts == part - 1 : std::ranges::find(set_.checks, c.name) != set_.checks.end();
      if (!wanted) continue;
      all_hold &= holds([&] { return check(c, set_.capacity); });
      if (!all_hold && set_.first_failure) return false;
    }
    // A run that checked nothing must not look like one that passed.
    if (!ran_ && !set_.capacity.empty()) {
      throw std::invalid_argument("no check" + (parts > 1 ? " of shard " + set_.shard : "") + " has the capacity `" +
                                  set_.capacity + "`: nothing was checked");
    }
    if (!asked_.scenarios) return all_hold;
    const scenario_search search(path_, *asked_.scenarios, set_, failures_);
    for (const std::string& size : set_.exhaustive) {
      all_hold &= holds([&] { return search.exhaustive(parse_size(size)); });
      if (!all_hold && set_.first_failure) return false;
    }
    if (set_.random_scenarios != 0) all_hold &= holds([&] { return search.random(); });
    return all_hold;
  }

  bool check_scenario() {
    const auto s = harness::parse_scenario(set_.scenario);
    const auto& traits = asked_.scenarios->traits;
    if (!harness::within(traits, s) || !traits.accepts(s.capacity)) {
      throw std::invalid_argument("`" + to_string(s) + "` needs what this channel does not promise");
    }
    const std::size_t colon = set_.scenario.find(':');
    const model_check alone{
        .name = "scenario",
        .question = "Does every execution have a history that some order of its operations explains?",
        .not_applicable = {},
        .capacities = {harness::to_string(s.capacity)},
        .explore = [&](std::string_view, strategy& how) { return asked_.scenarios->explore(s, how, true); },
        .threads = set_.scenario.substr(colon + 1)};
    return holds([&] { return check(alone, {}); });
  }

  harness::exit_code try_mutant() {
    if (!set_.scenario.empty() || !set_.exhaustive.empty()) {
      throw std::invalid_argument("--mutant goes with --check alone");
    }
    const auto result = try_to_kill(asked_, parse_mutant(set_.mutant), set_.checks, set_.seed, set_.executions);
    std::cout << result.dump() << std::endl;
    return harness::exit_code::passed;
  }

  harness::exit_code measure() const {
    if (set_.checks.empty()) throw std::invalid_argument("--measure-search goes with --check");
    if (!set_.mutant.empty()) mutation_sites.activate(parse_mutant(set_.mutant));
    auto all = nlohmann::json::array();
    for (const model_check& c : asked_.checks) {
      if (!c.not_applicable.empty() || std::ranges::find(set_.checks, c.name) == set_.checks.end()) continue;
      for (const std::string& capacity : c.capacities) {
        if (!set_.capacity.empty() && capacity != set_.capacity) continue;
        all.push_back({{"check", c.name},
                       {"capacity", capacity},
                       {"runs", measure_search(c, capacity, set_.mix, set_.measured_seeds, set_.executions)}});
      }
    }
    std::cout << all.dump() << std::endl;
    return harness::exit_code::passed;
  }

  static void print_mutants() {
    for (const site& s : mutation_sites.sites()) {
      // Atomics of a custom model itself, or of the models' stop source, are not part of the channel.
      if (s.file.ends_with("_models.hpp") || s.file.ends_with("models/stop_source.hpp")) continue;
      for (const mutation m : mutations_of(s.what, s.order)) {
        std::cout << s.file << ":" << s.line << ":" << s.column << ":" << to_string(s.what) << ":" << to_string(m)
                  << "\n";
      }
    }
  }

  harness::check_result check(const model_check& c, const std::string& only) {
    harness::check_result result{.check = c.name, .claim = c.question, .detail = c.not_applicable};
    for (const std::string& capacity : c.capacities) {
      if (!c.not_applicable.empty() || result.verdict == harness::verdict::failed) break;
      if (!only.empty() && capacity != only) continue;
      const auto how = make_strategy();
      const auto found = c.explore(capacity, *how);
      result.executions += found.executions;
      ran_ = true;
      result.verdict = found.passed ? harness::verdict::passed : harness::verdict::failed;
      if (const auto* limited = dynamic_cast<const time_limited_search*>(how.get()); limited && found.passed) {
        result.detail = extent_of(*limited);
        if (limited->search().diverged()) result.verdict = harness::verdict::failed;
      }
      if (!found.passed) describe(c, capacity, found, result);
    }
    if (result.verdict == harness::verdict::not_applicable && result.detail.empty()) {
      result.detail = only.empty() ? no_capacity : "not at capacity " + only;
    }
    return result;
  }

  std::unique_ptr<strategy> make_strategy() const {
    if (!set_.schedule.empty()) return std::make_unique<replayed_schedule>(parse_schedule(set_.schedule));
    if (set_.exhaust) {
      return std::make_unique<time_limited_search>(
          set_.bound, set_.from.empty() ? schedule() : parse_schedule(set_.from), set_.limit);
    }
    return std::make_unique<random_walk>(set_.seed, set_.executions, set_.mix);
  }

  std::string extent_of(const time_limited_search& limited) const {
    if (limited.search().diverged()) return std::string(uncontrolled) + "\n";
    if (limited.interrupted()) return "interrupted; resume with --from " + to_string(limited.search().path());
    // Whether an earlier part was cut by the bound is not known.
    return limited.search().cut() || !set_.from.empty() ? "every execution up to the bound" : "every execution";
  }

  /// Runs a check, measures its time, and reports its verdict.
  template <class Check>
  bool holds(Check run) {
    const auto start = std::chrono::steady_clock::now();
    const step_watchdog dog(std::chrono::seconds(set_.hang_timeout), [this] {
      report(
          {.check = "runner",
           .claim = "The runner runs to its end.",
           .verdict = harness::verdict::failed,
           .detail = "no step for " + std::to_string(set_.hang_timeout) +
                     " s: a thread loops without any operation of <sluice/platform.hpp>, so no other can run. It may "
                     "wait by a loop that never yields, or use std:: instead of platform::\n"});
      if (!set_.json.empty()) report_.write(set_.json);
    });
    harness::check_result result = run();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return report(std::move(result));
  }

  /// \returns  whether it holds.
  bool report(harness::check_result result) {
    using harness::verdict;
    std::cout << std::left << std::setw(26) << result.check << std::right << std::setw(10) << result.executions
              << " executions  " << to_string(result.verdict);
    if (result.verdict != verdict::failed && !result.detail.empty()) std::cout << ": " << result.detail;
    if (result.space && result.verdict == verdict::passed) {
      std::cout << ": " << result.space->scenarios << " scenarios, " << result.space->exhausted << " of them exhausted";
    }
    std::cout << std::endl;
    if (result.verdict == verdict::failed) {
      std::cout << "FAILED " << report_.channel << " model " << result.check << ": " << result.claim << "\n"
                << result.detail << "reproduce: " << result.reproduce << std::endl;
    }
    report_.checks.push_back(std::move(result));
    return report_.checks.back().verdict != verdict::failed;
  }

  void describe(const model_check& c, const std::string& capacity, const model_result& found,
                harness::check_result& result) const {
    if (!c.threads.empty()) {
      const auto s = harness::parse_scenario("capacity " + capacity + ": " + c.threads);
      if (set_.exhaust) return failures_.shrink_depth_first(s, found, result);
      if (set_.schedule.empty()) return failures_.shrink_at_random(s, found, result);
      return failures_.describe(s, found, result);
    }
    result.detail = "capacity " + capacity + ": " + found.what + (set_.trace ? found.trace : "");
    result.reproduce = path_ + " --check " + c.name + " --capacity " + capacity + " --schedule " +
                       to_string(found.choices) + " --trace";
  }

  std::string path_;
  questions asked_;
  settings set_;
  failure_report failures_;
  harness::check_report report_;
  bool ran_ = false;
};

}  // namespace sluice::models
