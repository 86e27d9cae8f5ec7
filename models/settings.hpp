#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::models {

/// What the command line of a model program asks for; program::options() says what each is.
struct settings {
  std::vector<std::string> scenarios;
  std::string capacity;
  std::uint64_t seed = 1;
  std::uint64_t executions = 10'000;
  std::string schedule;
  std::string json;
  std::string failures;

  std::string program;
  bool all_scenarios = false;
  std::vector<std::string> every;
  unsigned bound = 2;
  bool exhaust = false;
  double limit = 0;
  std::string from;
  std::string shard = "1/1";
  std::uint64_t larger = 0;

  std::string planted;
  bool sites = false;
  bool trace = false;
  bool list = false;
};

}  // namespace sluice::models
