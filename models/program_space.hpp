#pragma once

#include <models/account.hpp>
#include <models/every_program.hpp>

#include <harness/results.hpp>

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::models {

inline constexpr const char* no_capacity = "it cannot have a capacity that this is about";

/// The questions about programs without number: every one of a size, and larger ones drawn at random.
class program_space {
public:
  program_space(std::string path, const program_questions& asked, const settings& set, const account& teller)
      : path_(std::move(path)),
        asked_(asked),
        set_(set),
        teller_(teller),
        capacities_(accepted(asked.traits, "unbounded 0 1 2")) {}

  /// Every program of a size, each with every execution of up to `bound` choices out of turn.
  ///
  /// \throws std::invalid_argument  naming a shard or a number to go on from that makes no sense.
  harness::check_result every(program_size size) const {
    auto result =
        question("every_" + to_string(size), "Is there a program of " + std::to_string(size.threads) +
                                                 " threads with up to " + std::to_string(size.operations) +
                                                 " operations each that no order of the operations explains?");
    if (!result.detail.empty()) return result;
    const auto [part, parts] = parse_shard(set_.shard);
    const program_catalogue all(asked_.traits, size, capacities_);
    const double expected = estimated(all, size, parts);
    catalogue_search search(all, asked_.traits, set_.bound, first_number(part, parts), parts);
    const auto start = std::chrono::steady_clock::now();
    search.progress = [&, last = start](const coverage& c) mutable {
      show(c, all.size() / parts, expected, last);
      return !limited_search::over(start, set_.limit);
    };
    result.verdict = "passed";
    model_result found;
    found.passed = true;
    if (search.advance()) found = asked_.explore_all(size.threads, search);
    if (!found.passed) {
      search.stop_watching();
      result.verdict = "failed";
      teller_.shrink_depth_first(search.running(), found, result);
    }
    if (search.diverged()) {
      result.verdict = "failed";
      result.program = to_string(search.running());
      result.detail = result.program + ": " + uncontrolled + "\n";
      result.reproduce = path_ + " --every " + to_string(size) + " --bound " + std::to_string(set_.bound);
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
        .bound = set_.bound,
        .shard = set_.shard,
        .repeated = c.told_apart == 0 ? 0 : 1 - static_cast<double>(c.distinct) / static_cast<double>(c.told_apart)};
    return result;
  }

  /// `set.larger` programs drawn at random, with a few schedules each.
  harness::check_result larger() const {
    auto result =
        question("larger_programs", "Is there a program, drawn at random, that no order of the operations explains?");
    if (!result.detail.empty()) return result;
    result.verdict = "passed";
    const bool many = asked_.traits.producers == cardinality::many || asked_.traits.consumers == cardinality::many;
    for (std::size_t threads = 2; threads <= (many ? 3 : 2) && result.verdict == "passed"; ++threads) {
      larger_programs drawn(asked_.traits, capacities_, set_.seed, (set_.larger + 1) / 2, threads);
      const auto found = asked_.explore_all(threads, drawn);
      result.executions += found.executions;
      if (found.passed) continue;
      result.verdict = "failed";
      teller_.shrink_at_random(drawn.running(), found, result);
    }
    return result;
  }

private:
  /// Not applicable, with the reason, where the channel cannot be asked.
  harness::check_result question(std::string name, std::string claim) const {
    harness::check_result result{.check = std::move(name), .claim = std::move(claim), .verdict = "not_applicable"};
    result.detail = capacities_.empty() ? no_capacity : unfit(asked_.traits);
    return result;
  }

  std::size_t first_number(std::size_t part, std::size_t parts) const {
    if (set_.from.empty()) return part - 1;
    const auto number = harness::parse_number(set_.from);
    if (!number) {
      throw std::invalid_argument("`" + set_.from +
                                  "` is no program's number: give --from what --every said when it was broken off");
    }
    if (*number % parts != part - 1) {
      throw std::invalid_argument("program " + set_.from + " is not in shard " + set_.shard);
    }
    return *number;
  }

  /// Foretells the executions that a search will take, and prints how long that is.
  double estimated(const program_catalogue& all, program_size size, std::size_t parts) const {
    constexpr std::size_t samples = 10'000;
    probe ways(all, asked_.traits, set_.bound, set_.seed, samples);
    const auto start = std::chrono::steady_clock::now();
    (void)asked_.explore_all(size.threads, ways);
    const double each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / samples;
    const double executions = ways.executions() / static_cast<double>(parts);
    std::cout << "every_" << to_string(size) << ": " << all.size() / parts << " programs, about "
              << std::llround(executions) << " executions, about " << std::llround(executions * each) << " s"
              << std::endl;
    return executions;
  }

  /// A line that tells how far a search has come, where somebody looks on.
  static void show(const coverage& c, std::size_t of, double expected, std::chrono::steady_clock::time_point& last) {
    const auto now = std::chrono::steady_clock::now();
    if (!isatty(STDERR_FILENO) || now - last < std::chrono::milliseconds(300)) return;
    last = now;
    std::cerr << "\r" << c.numbers << " of " << of << " programs, " << c.executions << " of about "
              << std::llround(expected) << " executions   " << std::flush;
  }

  std::string path_;
  const program_questions& asked_;
  const settings& set_;
  const account& teller_;
  std::vector<std::string> capacities_;
};

}  // namespace sluice::models
