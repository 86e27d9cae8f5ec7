#pragma once

#include <models/mutants.hpp>
#include <models/questions.hpp>
#include <models/random_walk.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// Whether the checks kill a mutant of the channel's source.
namespace sluice::models {

/// Activates a mutant, then runs the checks with more and more executions, until one fails or the limit is reached.
///
/// \param wanted  the checks' names, or empty for all.
/// \returns  what --mutant prints: `killed_by` (empty for a survivor), `how`, `executions`, `reached` and `seconds`.
inline nlohmann::json try_to_kill(const questions& asked, const mutant& m, const std::vector<std::string>& wanted,
                                  std::uint64_t seed, std::uint64_t most) {
  mutation_sites.activate(m);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t executions = 0;
  const auto verdict = [&](const std::string& by, const std::string& how) {
    return nlohmann::json{{"killed_by", by},
                          {"how", how},
                          {"executions", executions},
                          {"reached", mutation_sites.reached()},
                          {"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}};
  };
  for (std::uint64_t tries = std::min<std::uint64_t>(most, 200);; tries = std::min(most, tries * 12)) {
    for (const model_check& c : asked.checks) {
      if (!c.not_applicable.empty() || (!wanted.empty() && std::ranges::find(wanted, c.name) == wanted.end())) continue;
      for (const std::string& capacity : c.capacities) {
        random_walk walk(seed, tries);
        const auto found = c.explore(capacity, walk);
        executions += found.executions;
        if (!found.passed)
          return verdict(c.name + " at capacity " + capacity, found.what.substr(0, found.what.find('\n')));
      }
    }
    if (tries == most) return verdict("", "");
  }
}

}  // namespace sluice::models
