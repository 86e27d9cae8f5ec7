#pragma once

#include <harness/bench/sample.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// The benchmark runner: compiled once, for any channel.
namespace sluice::bench {

struct options {
  std::uint64_t messages = 1000000;
  std::vector<std::size_t> threads{4};
  bool pinned = true;
};

/// A workload with its name.
struct named_workload {
  std::string name;
  std::function<sample()> run;
};

/// The front of every benchmark runner, compiled once: options, Google Benchmark, results.
///
/// \param workloads_of  makes the channel's workloads.
/// \returns  the process's exit code; failed if a workload lost messages.
int run_benchmarks(std::string channel, std::vector<named_workload> (*workloads_of)(const options&), int argc,
                   char** argv);

}  // namespace sluice::bench
