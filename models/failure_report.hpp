#pragma once

#include <models/depth_first.hpp>
#include <models/questions.hpp>
#include <models/random_walk.hpp>
#include <models/settings.hpp>

#include <harness/failure.hpp>
#include <harness/results.hpp>
#include <harness/shrink.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace sluice::models {

/// Reports failing scenarios: shrinks them, and describes what happened and how to reproduce it.
class failure_report {
public:
  failure_report(std::string channel, std::string path, const questions& asked, const settings& set)
      : channel_(std::move(channel)), path_(std::move(path)), asked_(asked), set_(set) {}

  /// Shrinks a scenario that random executions have found to fail.
  void shrink_at_random(const harness::scenario& p, const model_result& first, harness::check_result& result) const {
    if (set_.first_failure) return report_as_found(p, first, result);
    harness::retry_budget budget(2'000, 200'000);
    budget.failed_after(first.executions);
    const auto tried = [&](const harness::scenario& candidate, std::uint64_t tries, bool shrinks) {
      random_walk walk(set_.seed, tries);
      return asked_.scenarios->explore(candidate, walk, shrinks);
    };
    const auto attempt = [&](const harness::scenario& candidate, std::uint64_t tries) -> std::optional<std::uint64_t> {
      if (!can_run(candidate)) return std::nullopt;
      const auto again = tried(candidate, tries, false);
      return again.passed ? std::nullopt : std::optional(again.executions);
    };
    const auto smallest = harness::shrink(p, budget, attempt, effort);
    describe_smallest(smallest, tried(smallest, budget.tries(), true), p, first, result);
    harness::save_failure(set_.failures, channel_, kind, result, set_.seed, budget.tries());
  }

  /// Shrinks a scenario that a depth-first search has found to fail.
  void shrink_depth_first(const harness::scenario& p, const model_result& first, harness::check_result& result) const {
    if (set_.first_failure) return report_as_found(p, first, result);
    const auto tried = [&](const harness::scenario& candidate, bool shrinks) {
      depth_first search(set_.bound);
      return asked_.scenarios->explore(candidate, search, shrinks);
    };
    const auto fails = [&](const harness::scenario& candidate) {
      return can_run(candidate) && !tried(candidate, false).passed;
    };
    const auto smallest = harness::shrink(p, fails, std::chrono::steady_clock::now() + effort);
    const auto found = tried(smallest, true);
    describe_smallest(smallest, found, p, first, result);
    harness::save_failure(set_.failures, channel_, kind, result, set_.seed, 20 * found.executions);
  }

  void describe(const harness::scenario& p, const model_result& found, harness::check_result& result) const {
    result.scenario = to_string(p);
    result.schedule = to_string(found.choices);
    result.detail = result.scenario + ": " + found.what + (set_.trace ? found.trace : "");
    result.reproduce = path_ + " --scenario '" + result.scenario + "' --schedule " + result.schedule + " --trace";
  }

  static constexpr const char* kind = "model";

private:
  static constexpr auto effort = std::chrono::seconds(20);

  /// Shrinking tries smaller capacities, of which a channel may accept none.
  bool can_run(const harness::scenario& s) const { return asked_.scenarios->traits.accepts(s.capacity); }

  void report_as_found(const harness::scenario& p, const model_result& found, harness::check_result& result) const {
    describe(p, found, result);
    harness::save_failure(set_.failures, channel_, kind, result, set_.seed, found.executions);
  }

  void describe_smallest(const harness::scenario& smallest, const model_result& found, const harness::scenario& p,
                         const model_result& first, harness::check_result& result) const {
    found.passed ? describe(p, first, result) : describe(smallest, found, result);
  }

  std::string channel_;
  std::string path_;
  const questions& asked_;
  const settings& set_;
};

}  // namespace sluice::models
