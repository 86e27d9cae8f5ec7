#pragma once

#include <models/search_mix.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::models {

/// The options of a model runner; model_runner::add_options() documents each.
struct settings {
  std::vector<std::string> checks;
  std::string capacity;
  std::uint64_t seed = 1;
  std::uint64_t executions = 10'000;
  std::vector<std::string> except;
  std::string schedule;
  search_mix mix = search_mix::usual;
  unsigned measured_seeds = 0;
  std::int64_t hang_timeout = 60;
  std::string json;
  std::string failures;
  bool first_failure = false;

  std::string scenario;
  bool all_checks = false;
  std::vector<std::string> exhaustive;
  unsigned bound = 2;
  bool exhaust = false;
  double limit = 0;
  std::string from;
  std::string shard = "1/1";
  std::uint64_t random_scenarios = 0;

  std::string mutant;
  bool list_mutants = false;
  bool trace = false;
  bool list = false;
};

}  // namespace sluice::models
