#pragma once

#include <models/exhaustive_search.hpp>
#include <models/failure_report.hpp>
#include <models/random_scenarios.hpp>
#include <models/scenario_catalogue.hpp>
#include <models/size_estimate.hpp>
#include <models/time_limited_search.hpp>

#include <harness/results.hpp>
#include <harness/verdict.hpp>

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::models {

inline constexpr const char* no_capacity = "it accepts none of the capacities that this is about";

/// Checks over many scenarios: every one of a size, and random ones.
class scenario_search {
public:
  scenario_search(std::string path, const scenario_questions& asked, const settings& set,
                  const failure_report& failures)
      : path_(std::move(path)),
        asked_(asked),
        set_(set),
        failures_(failures),
        capacities_(accepted(asked.traits, "unbounded 0 1 2")) {}

  /// Every scenario of a size, each with every execution of up to `bound` deviations.
  ///
  /// \throws std::invalid_argument  naming an invalid shard or number to resume from.
  harness::check_result exhaustive(scenario_size size) const {
    auto result =
        question("exhaustive_" + to_string(size), "Is there a scenario of " + std::to_string(size.threads) +
                                                      " threads with up to " + std::to_string(size.operations) +
                                                      " operations each that no order of the operations explains?");
    if (!result.detail.empty()) return result;
    const auto [part, parts] = parse_shard(set_.shard);
    const scenario_catalogue all(asked_.traits, size, capacities_);
    const double expected = estimate_executions(all, size, parts);
    exhaustive_search search(all, asked_.traits, set_.bound, first_number(part, parts), parts);
    const auto start = std::chrono::steady_clock::now();
    search.progress = [&, last = start](const coverage& c) mutable {
      show(c, all.size() / parts, expected, last);
      return !time_limited_search::is_over(start, set_.limit);
    };
    result.verdict = harness::verdict::passed;
    model_result found;
    found.passed = true;
    if (search.advance()) found = asked_.explore_all(size.threads, search);
    if (!found.passed) {
      search.stop_fingerprinting();
      result.verdict = harness::verdict::failed;
      failures_.shrink_depth_first(search.running(), found, result);
    }
    if (search.diverged()) {
      result.verdict = harness::verdict::failed;
      result.scenario = to_string(search.running());
      result.detail = result.scenario + ": " + uncontrolled + "\n";
      result.reproduce = path_ + " --exhaustive " + to_string(size) + " --bound " + std::to_string(set_.bound);
    }
    if (const auto next = search.interrupted_at()) {
      result.detail = "interrupted; resume with --from " + std::to_string(*next);
    }
    const coverage& c = search.covered();
    result.executions = c.executions;
    result.space = {.scenarios = c.scenarios,
                    .exhausted = c.exhausted,
                    .of = all.size(),
                    .bound = set_.bound,
                    .shard = set_.shard,
                    .repeated = c.fingerprinted == 0
                                    ? 0
                                    : 1 - static_cast<double>(c.distinct) / static_cast<double>(c.fingerprinted)};
    return result;
  }

  /// `set.random_scenarios` random scenarios, with some random executions each.
  harness::check_result random() const {
    auto result = question("random_scenarios", "Is there a random scenario that no order of the operations explains?");
    if (!result.detail.empty()) return result;
    result.verdict = harness::verdict::passed;
    const bool many = asked_.traits.producers == cardinality::many || asked_.traits.consumers == cardinality::many;
    for (std::size_t threads = 2; threads <= (many ? 3 : 2) && result.verdict == harness::verdict::passed; ++threads) {
      models::random_scenarios drawn(asked_.traits, capacities_, set_.seed, (set_.random_scenarios + 1) / 2, threads);
      const auto found = asked_.explore_all(threads, drawn);
      result.executions += found.executions;
      if (found.passed) continue;
      result.verdict = harness::verdict::failed;
      failures_.shrink_at_random(drawn.running(), found, result);
    }
    return result;
  }

private:
  /// A result that is not applicable, with the reason, if the check does not apply to the channel.
  harness::check_result question(std::string name, std::string claim) const {
    harness::check_result result{.check = std::move(name), .claim = std::move(claim)};
    result.detail = capacities_.empty() ? no_capacity : outside_specification(asked_.traits);
    return result;
  }

  std::size_t first_number(std::size_t part, std::size_t parts) const {
    if (set_.from.empty()) return part - 1;
    const auto number = harness::parse_number(set_.from);
    if (!number) {
      throw std::invalid_argument(
          "`" + set_.from +
          "` is no scenario's number: give --from what --exhaustive reported when it was interrupted");
    }
    if (*number % parts != part - 1) {
      throw std::invalid_argument("scenario " + set_.from + " is not in shard " + set_.shard);
    }
    return *number;
  }

  /// Estimates the number of executions of a search, and prints it with the time it takes.
  double estimate_executions(const scenario_catalogue& all, scenario_size size, std::size_t parts) const {
    constexpr std::size_t samples = 10'000;
    size_estimate estimate(all, asked_.traits, set_.bound, set_.seed, samples);
    const auto start = std::chrono::steady_clock::now();
    (void)asked_.explore_all(size.threads, estimate);
    const double each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / samples;
    const double executions = estimate.executions() / static_cast<double>(parts);
    std::cout << "exhaustive_" << to_string(size) << ": " << all.size() / parts << " scenarios, about "
              << std::llround(executions) << " executions, about " << std::llround(executions * each) << " s"
              << std::endl;
    return executions;
  }

  /// A line of progress, if the error stream is a terminal.
  static void show(const coverage& c, std::size_t of, double expected, std::chrono::steady_clock::time_point& last) {
    const auto now = std::chrono::steady_clock::now();
    if (!isatty(STDERR_FILENO) || now - last < std::chrono::milliseconds(300)) return;
    last = now;
    std::cerr << "\r" << c.numbers << " of " << of << " scenarios, " << c.executions << " of about "
              << std::llround(expected) << " executions   " << std::flush;
  }

  std::string path_;
  const scenario_questions& asked_;
  const settings& set_;
  const failure_report& failures_;
  std::vector<std::string> capacities_;
};

}  // namespace sluice::models
