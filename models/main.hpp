#pragma once

#include <models/explore.hpp>

#include <harness/failure.hpp>
#include <harness/results.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

/// The model program of one channel.
namespace sluice::models {

class program {
public:
  program(std::string channel, std::string path) : path_(std::move(path)) {
    report_.channel = std::move(channel);
    report_.kind = "model";
  }

  /// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
  ///
  /// \param explorer  null for a channel that does not carry out programs.
  int main(const std::vector<model_check>& checks, program_explorer explorer, int argc, char** argv) {
    explorer_ = std::move(explorer);
    CLI::App app("Model-checked interleavings of the channel '" + report_.channel + "' under weak memory.");
    std::vector<std::string> wanted;
    std::string capacity;
    std::string json;
    std::string text;
    std::uint64_t executions = 10000;
    bool list = false;
    bool trace = false;
    app.add_option("--check", wanted, "only these scenarios");
    app.add_option("--capacity", capacity, "only this capacity: a number or `unbounded`");
    app.add_option("--seed", report_.seed, "the first execution's seed; each one after it has the next")
        ->capture_default_str();
    app.add_option("--executions", executions, "schedules for each scenario and capacity")->capture_default_str();
    app.add_option("--json", json, "write verdicts to this file");
    app.add_option("--failures", failures_, "write programs that fail to files in this folder");
    if (explorer_) {
      app.add_option("--program", text,
                     "explore this program, as `capacity 1: send | recv recv`, in place of scenarios");
    }
    app.add_flag("--trace", trace, "print every step of a failure");
    app.add_flag("--list", list, "name the scenarios and stop");
    report_.seed = 1;
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    if (executions == 0) {
      std::cerr << "`--executions 0` would check nothing; give 1 or more\n";
      return 2;
    }
    for (const auto& name : wanted) {
      if (std::ranges::find(checks, name, &model_check::name) == checks.end()) {
        std::cerr << "`" << name << "` is no scenario; --list names them\n";
        return 2;
      }
    }
    if (!text.empty()) return replay(text, executions, trace, json);
    bool all_hold = true;
    for (const model_check& c : checks) {
      if (!wanted.empty() && std::ranges::find(wanted, c.name) == wanted.end()) continue;
      if (list) {
        std::cout << c.name << ": " << c.question << "\n";
        continue;
      }
      if (!check(c, capacity, executions, trace)) all_hold = false;
    }
    if (!list && !capacity.empty() && !ran_) {
      std::cerr << "no scenario that was asked for has the capacity `" << capacity << "` on this channel\n";
      return 2;
    }
    if (!json.empty()) report_.write(json);
    return all_hold ? 0 : 1;
  }

private:
  int replay(const std::string& text, std::uint64_t executions, bool trace, const std::string& json) {
    try {
      const auto p = harness::parse_program(text);
      replayed_ = text;
      model_check one{.name = "program",
                      .question = "Does one order of the operations explain what every execution saw?",
                      .not_applicable = {},
                      .capacities = {harness::to_string(p.capacity)},
                      .explore = [&](std::string_view, std::uint64_t seed, std::uint64_t number) {
                        return explorer_(p, seed, number);
                      }};
      const bool holds = check(one, {}, executions, trace);
      if (!json.empty()) report_.write(json);
      return holds ? 0 : 1;
    } catch (const std::invalid_argument& error) {
      std::cerr << error.what() << "\n";
      return 2;
    }
  }

  bool check(const model_check& c, const std::string& only, std::uint64_t executions, bool trace) {
    harness::check_result result;
    result.check = c.name;
    result.claim = c.question;
    result.verdict = "not_applicable";
    result.detail = c.not_applicable;
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& capacity : c.capacities) {
      if (!c.not_applicable.empty() || result.verdict == "failed") break;
      if (!only.empty() && capacity != only) continue;
      const auto found = c.explore(capacity, report_.seed, executions);
      result.executions += found.executions;
      ran_ = true;
      result.verdict = found.passed ? "passed" : "failed";
      if (!found.passed) tell(c, capacity, found, trace, result);
    }
    if (result.verdict == "not_applicable" && result.detail.empty()) {
      result.detail = only.empty() ? "it cannot have a capacity that this is about" : "not at capacity " + only;
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::cout << std::left << std::setw(26) << c.name << std::right << std::setw(10) << result.executions
              << " executions  " << result.verdict << (result.verdict == "not_applicable" ? ": " + result.detail : "")
              << std::endl;
    report_.checks.push_back(result);
    return result.verdict != "failed";
  }

  void tell(const model_check& c, const std::string& capacity, const model_result& found, bool trace,
            harness::check_result& result) const {
    result.detail = "capacity " + capacity + ": " + found.what;
    if (!c.threads.empty()) shrink(harness::parse_program("capacity " + capacity + ": " + c.threads), found, result);
    const std::string which =
        replayed_.empty() ? "--check " + result.check + " --capacity " + capacity : "--program '" + replayed_ + "'";
    result.reproduce =
        path_ + " " + which + " --seed " + std::to_string(found.failing_seed) + " --executions 1 --trace";
    std::cout << "FAILED " << report_.channel << " model " << c.name << ": " << c.question << "\n"
              << "after " << found.executions << " executions, " << result.detail;
    if (trace) std::cout << found.trace;
    std::cout << "reproduce: " << result.reproduce << std::endl;
  }

  /// Makes a program that fails smaller, as long as it fails within as many schedules as it is due.
  void shrink(const harness::program& p, const model_result& found, harness::check_result& result) const {
    constexpr auto effort = std::chrono::seconds(10);
    harness::trust often(2'000, 200'000);
    often.failed_after(found.executions);
    const auto attempt = [&](const harness::program& candidate, std::uint64_t tries) -> std::optional<std::uint64_t> {
      const auto again = explorer_(candidate, report_.seed, tries);
      return again.passed ? std::nullopt : std::optional(again.executions);
    };
    const auto smallest = harness::shrink(p, often, attempt, effort);
    result.program = to_string(smallest);
    if (const auto last = explorer_(smallest, report_.seed, often.tries()); !last.passed) {
      result.detail = result.program + ": " + last.what;
    }
    harness::save_failure(failures_, report_.channel, report_.kind, result, report_.seed, often.tries());
  }

  std::string path_;
  std::string failures_;
  std::string replayed_;
  program_explorer explorer_;
  harness::check_report report_;
  bool ran_ = false;
};

}  // namespace sluice::models
