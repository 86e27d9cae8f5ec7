#pragma once

#include <harness/results.hpp>
#include <harness/scenario.hpp>
#include <harness/shrink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

/// Shrinking and saving failing scenarios, for every engine.
namespace sluice::harness {

/// How often a candidate is executed before it counts as passing: 20 times as often as the last failure took, within
/// bounds.
class retry_budget {
public:
  retry_budget(std::uint64_t least, std::uint64_t most) noexcept : least_(least), most_(most), tries_(least) {}

  std::uint64_t tries() const noexcept { return tries_; }
  void failed_after(std::uint64_t executions) noexcept { tries_ = std::clamp(20 * executions, least_, most_); }

private:
  std::uint64_t least_;
  std::uint64_t most_;
  std::uint64_t tries_;
};

/// harness::shrink() for scenarios that fail only sometimes.
/// \param attempt  executes a scenario up to `tries` times; returns after how many executions it failed, or nullopt.
inline scenario shrink(scenario p, retry_budget& budget,
                       const std::function<std::optional<std::uint64_t>(const scenario&, std::uint64_t tries)>& attempt,
                       std::chrono::seconds effort) {
  const auto fails = [&](const scenario& candidate) {
    const auto executions = attempt(candidate, budget.tries());
    if (executions) budget.failed_after(*executions);
    return executions.has_value();
  };
  return shrink(std::move(p), fails, std::chrono::steady_clock::now() + effort);
}

/// Writes a file for `sluice replay`; reports a failure to do so on the error stream.
/// \param folder  created if missing; if empty, nothing is written.
inline void save_failure(const std::string& folder, const std::string& channel, const std::string& kind,
                         const check_result& result, std::uint64_t seed, std::uint64_t executions) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream out(std::filesystem::path(folder) / (channel + "-" + result.check + ".txt"));
  out << "Channel: " << channel << "\nCheck: " << kind << " " << result.check << "\nScenario: " << result.scenario
      << "\nSeed: " << seed << "\nExecutions: " << executions << "\n";
  if (!result.schedule.empty()) out << "Schedule: " << result.schedule << "\n";
  out << "\n" << result.detail;
  if (!out.flush()) std::cerr << "cannot write to the folder " << folder << "\n";
}

}  // namespace sluice::harness
