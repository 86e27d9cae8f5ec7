#pragma once

#include <harness/scenario.hpp>
#include <properties/property.hpp>
#include <sluice/core.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The property runner: compiled once, for any channel.
namespace sluice::properties {

/// A property of one channel.
struct applied_property {
  std::string_view name;
  std::string_view claim;
  const char* not_applicable = nullptr;  ///< the reason
  void (*check)(run&) = nullptr;
};

/// Executes a scenario once and checks its history.
using scenario_check =
    std::function<std::optional<failing_scenario>(const harness::scenario&, std::uint64_t seed_of_execution)>;

/// What the runner needs to know of its channel.
struct subject_description {
  std::string name;
  core_traits traits;
  std::vector<applied_property> properties;
  std::function<scenario_check(std::chrono::seconds hang_timeout)> make_checker;
};

/// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
int run_properties(const subject_description& channel, int argc, char** argv);

}  // namespace sluice::properties
