#pragma once

#include <harness/program.hpp>
#include <harness/results.hpp>
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

/// What is made of a program that failed, whichever engine ran it.
namespace sluice::harness {

/// How often a program is run before it counts as right: 20 times as often as the last failure took, within bounds.
class trust {
public:
  trust(std::uint64_t least, std::uint64_t most) noexcept : least_(least), most_(most), tries_(least) {}

  std::uint64_t tries() const noexcept { return tries_; }
  void failed_after(std::uint64_t executions) noexcept { tries_ = std::clamp(20 * executions, least_, most_); }

private:
  std::uint64_t least_;
  std::uint64_t most_;
  std::uint64_t tries_;
};

/// harness::shrink() for programs that fail now and then.
///
/// \param attempt  runs a program as often as it is told; after how many executions it failed, or nullopt.
inline program shrink(program p, trust& often,
                      const std::function<std::optional<std::uint64_t>(const program&, std::uint64_t tries)>& attempt,
                      std::chrono::seconds effort) {
  const auto fails = [&](const program& candidate) {
    const auto executions = attempt(candidate, often.tries());
    if (executions) often.failed_after(*executions);
    return executions.has_value();
  };
  return shrink(std::move(p), fails, std::chrono::steady_clock::now() + effort);
}

/// Writes a file that `sluice replay` takes, or says on the error stream that it could not.
///
/// \param folder  made if it is not there; empty: nothing is written.
inline void save_failure(const std::string& folder, const std::string& channel, const std::string& kind,
                         const check_result& result, std::uint64_t seed, std::uint64_t executions) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream out(std::filesystem::path(folder) / (channel + "-" + result.check + ".txt"));
  out << "Channel: " << channel << "\nCheck: " << kind << " " << result.check << "\nProgram: " << result.program
      << "\nSeed: " << seed << "\nExecutions: " << executions << "\n";
  if (!result.schedule.empty()) out << "Schedule: " << result.schedule << "\n";
  out << "\n" << result.detail;
  if (!out.flush()) std::cerr << "cannot write to the folder " << folder << "\n";
}

}  // namespace sluice::harness
