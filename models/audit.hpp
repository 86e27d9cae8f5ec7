#pragma once

#include <models/questions.hpp>
#include <models/sites.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// Whether a channel needs what stands at one place of its source.
namespace sluice::models {

/// Plants a fault, then asks every question with ever more executions, until one fails or the most have been tried.
///
/// \param wanted  the questions' names, or empty for all.
/// \returns  what --plant prints: `caught_by`, `how`, `executions` and `seconds`; `caught_by` is empty of a survivor.
inline nlohmann::json hunt_fault(const questions& asked, const planted& fault, const std::vector<std::string>& wanted,
                                 std::uint64_t seed, std::uint64_t most) {
  current_sites.plant(fault);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t executions = 0;
  const auto verdict = [&](const std::string& by, const std::string& how) {
    return nlohmann::json{{"caught_by", by},
                          {"how", how},
                          {"executions", executions},
                          {"reached", current_sites.came_past()},
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
