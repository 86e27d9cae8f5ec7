#pragma once

#include <harness/program.hpp>
#include <properties/property.hpp>
#include <sluice/core.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The property program of one channel, whichever it is: compiled once.
namespace sluice::properties {

/// A property of one channel.
struct applied_property {
  std::string_view name;
  std::string_view claim;
  const char* not_applicable = nullptr;  ///< the reason
  void (*check)(run&) = nullptr;
};

using examination =
    std::function<std::optional<failing_program>(const harness::program&, std::uint64_t seed_of_execution)>;

/// What the program needs to know of its channel.
struct subject_description {
  std::string name;
  core_traits traits;
  std::vector<applied_property> properties;
  std::function<examination(std::chrono::seconds patience)> examiner;
};

/// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
int run_program(const subject_description& channel, int argc, char** argv);

}  // namespace sluice::properties
