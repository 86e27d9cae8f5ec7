#pragma once

#include <models/audit.hpp>
#include <models/every_program.hpp>
#include <models/questions.hpp>

#include <harness/failure.hpp>
#include <harness/results.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The model program of one channel.
namespace sluice::models {

class program {
public:
  program(std::string channel, std::string path, questions asked) : path_(std::move(path)), asked_(std::move(asked)) {
    report_.channel = std::move(channel);
    report_.kind = "model";
    report_.seed = 1;
  }

  /// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
  int main(int argc, char** argv) {
    CLI::App app("Model-checked interleavings of the channel '" + report_.channel + "' under weak memory.");
    options(app);
    try {
      app.parse(argc, argv);
      require_sense();
      const bool all_hold = list_ ? list() : planted_.empty() ? ask() : hunt();
      if (sites_) print_sites();
      if (!json_.empty()) report_.write(json_);
      return all_hold ? 0 : 1;
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::invalid_argument& error) {
      std::cerr << error.what() << "\n";
      return 2;
    }
  }

private:
  static constexpr std::string_view small_capacities = "unbounded 0 1 2";
  static constexpr const char* no_capacity = "it cannot have a capacity that this is about";
  static constexpr const char* uncontrolled =
      "uncontrolled: an execution went another way than the one before it with the same choices, so the model depends "
      "on "
      "something else as well\n";

  void options(CLI::App& app) {
    app.add_option("--check", wanted_, "only these scenarios");
    app.add_option("--capacity", capacity_, "only this capacity: a number or `unbounded`");
    app.add_option("--seed", report_.seed, "the first execution's seed; each one after it has the next")
        ->capture_default_str();
    app.add_option("--executions", executions_, "schedules drawn for each scenario and capacity")
        ->capture_default_str();
    app.add_option("--schedule", schedule_, "this one schedule, as a failure names it");
    app.add_option("--json", json_, "write verdicts to this file");
    app.add_option("--failures", failures_, "write programs that fail to files in this folder");
    if (asked_.programs) {
      app.add_option("--program", text_, "this program, as `capacity 1: send | recv recv`, in place of scenarios");
      app.add_flag("--scenarios", scenarios_, "the scenarios, besides what else is asked for");
      app.add_option("--every", every_, "every program of this size, as 2x3: threads x operations each");
      app.add_option("--bound", bound_, "choices out of turn in an execution of --every: preemptions, old values, ...")
          ->capture_default_str();
      app.add_flag("--exhaust", exhaust_, "of --program: every execution up to --bound, in place of --executions");
      app.add_option("--limit", limit_, "seconds after which --exhaust or --every is broken off; 0: never")
          ->capture_default_str();
      app.add_option("--from", from_, "where it goes on, as it said when it was broken off");
      app.add_option("--shard", shard_, "of --every, only part i of n, as i/n")->capture_default_str();
      app.add_option("--larger", larger_, "so many larger programs, drawn at random")->capture_default_str();
    }
    app.add_option("--plant", planted_, "see whether this fault, one of --sites, is caught");
    app.add_flag("--sites", sites_, "print where memory orders and wake-ups stand that the executions came past");
    app.add_flag("--trace", trace_, "print every step of a failure");
    app.add_flag("--list", list_, "name the scenarios and stop");
  }

  void require_sense() const {
    if (executions_ == 0) throw std::invalid_argument("`--executions 0` would check nothing; give 1 or more");
    for (const auto& name : wanted_) {
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
    if (sites_) current_sites.write_down();
    if (!text_.empty()) return ask_program();
    bool all_hold = true;
    const bool whole = wanted_.empty() && (scenarios_ || (every_.empty() && larger_ == 0));
    for (const model_check& c : asked_.checks) {
      if (whole || std::ranges::find(wanted_, c.name) != wanted_.end()) all_hold &= check(c, capacity_);
    }
    if (!capacity_.empty() && !ran_) {
      throw std::invalid_argument("no scenario that was asked for has the capacity `" + capacity_ +
                                  "` on this channel");
    }
    for (const std::string& size : every_) all_hold &= check_every(parse_size(size));
    if (larger_ != 0) all_hold &= check_larger();
    return all_hold;
  }

  bool ask_program() {
    const auto p = harness::parse_program(text_);
    const auto& traits = asked_.programs->traits;
    if (!harness::within(traits, p) || !traits.accepts(p.capacity)) {
      throw std::invalid_argument("`" + to_string(p) + "` asks for what this channel does not promise");
    }
    const std::size_t colon = text_.find(':');
    return check({.name = "program",
                  .question = "Does one order of the operations explain what every execution saw?",
                  .not_applicable = {},
                  .capacities = {harness::to_string(p.capacity)},
                  .explore = [&](std::string_view, strategy& how) { return asked_.programs->explore(p, how, true); },
                  .threads = text_.substr(colon + 1)},
                 {});
  }

  bool hunt() {
    if (!text_.empty() || !every_.empty()) throw std::invalid_argument("--plant goes with scenarios alone");
    const auto result = hunt_fault(asked_, parse_fault(planted_), wanted_, report_.seed, executions_);
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

  bool check(const model_check& c, const std::string& only) {
    harness::check_result result{.check = c.name, .claim = c.question, .verdict = "not_applicable"};
    result.detail = c.not_applicable;
    const auto start = std::chrono::steady_clock::now();
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
    return finish(std::move(result), start);
  }

  std::unique_ptr<strategy> strategy_for() const {
    if (!schedule_.empty()) return std::make_unique<replayed>(parse_schedule(schedule_));
    if (exhaust_) {
      return std::make_unique<limited_search>(bound_, from_.empty() ? schedule() : parse_schedule(from_), limit_);
    }
    return std::make_unique<random_walk>(report_.seed, executions_);
  }

  std::string ending(const limited_search& limited) const {
    if (limited.search().diverged()) return uncontrolled;
    if (limited.broken_off()) return "broken off; go on with --from " + to_string(limited.search().path());
    // What an earlier part left out is not known.
    return limited.search().cut() || !from_.empty() ? "all executions up to the bound"
                                                    : "all executions that there are";
  }

  static std::size_t program_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw std::invalid_argument("`" + std::string(text) +
                                  "` is no program's number: give --from what --every said when it was broken off");
    }
    return number;
  }

  /// Every program of a size, each with every execution of up to `bound_` choices out of turn.
  bool check_every(program_size size) {
    harness::check_result result{.check = "every_" + to_string(size),
                                 .claim = "Is there a program of " + std::to_string(size.threads) +
                                          " threads with up to " + std::to_string(size.operations) +
                                          " operations each that no order of the operations explains?",
                                 .verdict = "not_applicable"};
    const auto start = std::chrono::steady_clock::now();
    const auto& asked = *asked_.programs;
    const auto capacities = accepted(asked.traits, small_capacities);
    result.detail = capacities.empty() ? no_capacity : unfit(asked.traits);
    if (!result.detail.empty()) return finish(std::move(result), start);

    const auto [part, parts] = parse_shard(shard_);
    const program_catalogue all(asked.traits, size, capacities);
    const auto estimate = estimated(all, size, parts);
    const std::size_t first = from_.empty() ? part - 1 : program_number(from_);
    if (first % parts != part - 1) {
      throw std::invalid_argument("program " + from_ + " is not in shard " + shard_);
    }
    catalogue_search search(all, asked.traits.order, bound_, first, parts);
    search.progress = [&, last = start](const coverage& c) mutable {
      show(c, all.size() / parts, estimate, last);
      return !limited_search::over(start, limit_);
    };
    result.verdict = "passed";
    model_result found;
    found.passed = true;
    if (search.advance()) found = asked.explore_all(size.threads, search);
    if (!found.passed) {
      search.stop_watching();
      result.verdict = "failed";
      shrink_depth_first(search.running(), found, result);
    }
    if (search.diverged()) {
      result.verdict = "failed";
      result.program = to_string(search.running());
      result.detail = result.program + ": " + uncontrolled;
      result.reproduce = path_ + " --every " + to_string(size) + " --bound " + std::to_string(bound_);
    }
    if (const auto next = search.broken_off_at()) {
      result.detail = "broken off; go on with --from " + std::to_string(*next);
    }
    const coverage& c = search.covered();
    result.executions = c.executions;
    result.space = {
        .programs = c.programs,
        .exhausted = c.exhausted,
        .of = all.size(),
        .bound = bound_,
        .shard = shard_,
        .repeated = c.told_apart == 0 ? 0 : 1 - static_cast<double>(c.distinct) / static_cast<double>(c.told_apart)};
    return finish(std::move(result), start);
  }

  struct forecast {
    double executions = 0;
    double seconds = 0;
  };

  forecast estimated(const program_catalogue& all, program_size size, std::size_t parts) const {
    constexpr std::size_t samples = 10'000;
    probe ways(all, asked_.programs->traits.order, bound_, report_.seed, samples);
    const auto start = std::chrono::steady_clock::now();
    (void)asked_.programs->explore_all(size.threads, ways);
    const double each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / samples;
    const double executions = ways.executions() / static_cast<double>(parts);
    std::cout << "every_" << to_string(size) << ": " << all.size() / parts << " programs, about "
              << std::llround(executions) << " executions, about " << std::llround(executions * each) << " s"
              << std::endl;
    return {executions, executions * each};
  }

  /// A line that tells how far a search has come, where somebody looks on.
  static void show(const coverage& c, std::size_t of, const forecast& estimate,
                   std::chrono::steady_clock::time_point& last) {
    const auto now = std::chrono::steady_clock::now();
    if (!isatty(STDERR_FILENO) || now - last < std::chrono::milliseconds(300)) return;
    last = now;
    std::cerr << "\r" << c.numbers << " of " << of << " programs, " << c.executions << " of about "
              << std::llround(estimate.executions) << " executions   " << std::flush;
  }

  bool check_larger() {
    harness::check_result result{
        .check = "larger_programs",
        .claim = "Is there a program, drawn at random, that no order of the operations explains?",
        .verdict = "not_applicable"};
    const auto start = std::chrono::steady_clock::now();
    const auto& asked = *asked_.programs;
    const auto capacities = accepted(asked.traits, small_capacities);
    result.detail = capacities.empty() ? no_capacity : unfit(asked.traits);
    if (!result.detail.empty()) return finish(std::move(result), start);
    result.verdict = "passed";
    const bool many = asked.traits.producers == cardinality::many || asked.traits.consumers == cardinality::many;
    for (std::size_t threads = 2; threads <= (many ? 3 : 2) && result.verdict == "passed"; ++threads) {
      larger_programs drawn(asked.traits, capacities, report_.seed, (larger_ + 1) / 2, threads);
      const auto found = asked.explore_all(threads, drawn);
      result.executions += found.executions;
      if (found.passed) continue;
      result.verdict = "failed";
      shrink_at_random(drawn.running(), found, result);
    }
    return finish(std::move(result), start);
  }

  bool finish(harness::check_result result, std::chrono::steady_clock::time_point start) {
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::cout << std::left << std::setw(26) << result.check << std::right << std::setw(10) << result.executions
              << " executions  " << result.verdict;
    if (result.verdict != "failed" && !result.detail.empty()) std::cout << ": " << result.detail;
    if (result.space && result.verdict == "passed") {
      std::cout << ": " << result.space->programs << " programs, " << result.space->exhausted
                << " of them without a bound";
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
      if (exhaust_) return shrink_depth_first(p, found, result);
      if (schedule_.empty()) return shrink_at_random(p, found, result);
      return describe(p, found, result);
    }
    result.detail = "capacity " + capacity + ": " + found.what + (trace_ ? found.trace : "");
    result.reproduce = path_ + " --check " + c.name + " --capacity " + capacity + " --schedule " +
                       to_string(found.choices) + " --trace";
  }

  /// Makes a program that fails smaller, as long as it fails within as many schedules as it is due.
  void shrink_at_random(const harness::program& p, const model_result& first, harness::check_result& result) const {
    constexpr auto effort = std::chrono::seconds(10);
    harness::trust often(2'000, 200'000);
    often.failed_after(first.executions);
    const auto tried = [&](const harness::program& candidate, std::uint64_t tries, bool shrinks) {
      random_walk walk(report_.seed, tries);
      return asked_.programs->explore(candidate, walk, shrinks);
    };
    const auto attempt = [&](const harness::program& candidate, std::uint64_t tries) -> std::optional<std::uint64_t> {
      const auto again = tried(candidate, tries, false);
      return again.passed ? std::nullopt : std::optional(again.executions);
    };
    const auto smallest = harness::shrink(p, often, attempt, effort);
    const auto found = tried(smallest, often.tries(), true);
    found.passed ? describe(p, first, result) : describe(smallest, found, result);
    harness::save_failure(failures_, report_.channel, report_.kind, result, report_.seed, often.tries());
  }

  /// The same for a program that depth-first search has found to fail.
  void shrink_depth_first(const harness::program& p, const model_result& first, harness::check_result& result) const {
    constexpr auto effort = std::chrono::seconds(10);
    const auto tried = [&](const harness::program& candidate, bool shrinks) {
      depth_first search(bound_);
      return asked_.programs->explore(candidate, search, shrinks);
    };
    const auto fails = [&](const harness::program& candidate) { return !tried(candidate, false).passed; };
    const auto smallest = harness::shrink(p, fails, std::chrono::steady_clock::now() + effort);
    const auto found = tried(smallest, true);
    found.passed ? describe(p, first, result) : describe(smallest, found, result);
    harness::save_failure(failures_, report_.channel, report_.kind, result, report_.seed, 20 * found.executions);
  }

  void describe(const harness::program& p, const model_result& found, harness::check_result& result) const {
    result.program = to_string(p);
    result.schedule = to_string(found.choices);
    result.detail = result.program + ": " + found.what + (trace_ ? found.trace : "");
    result.reproduce =
        path_ + " --program '" + result.program + "' --schedule " + to_string(found.choices) + " --trace";
  }

  std::string path_;
  questions asked_;
  harness::check_report report_;
  bool ran_ = false;

  std::vector<std::string> wanted_;
  std::vector<std::string> every_;
  std::string capacity_;
  std::string schedule_;
  std::string json_;
  std::string failures_;
  std::string text_;
  std::string shard_ = "1/1";
  std::string planted_;
  std::string from_;
  double limit_ = 0;
  bool exhaust_ = false;
  std::uint64_t executions_ = 10000;
  std::uint64_t larger_ = 0;
  unsigned bound_ = 2;
  bool scenarios_ = false;
  bool sites_ = false;
  bool trace_ = false;
  bool list_ = false;
};

}  // namespace sluice::models
