#pragma once

#include <harness/bench/histogram.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace sluice::bench {

using clock = std::chrono::steady_clock;

/// The result of one run of a workload.
struct sample {
  std::uint64_t messages = 0;
  clock::duration elapsed{};  ///< from when all threads are ready to when the last is done
  double cpu_seconds = 0;     ///< of the whole process, over the same span
  long context_switches = 0;
  /// Further counters, by their names in results/schema.json.
  std::vector<std::pair<std::string, double>> counters{};

  void add_percentiles(const histogram& durations) {
    for (const auto& [name, fraction] :
         {std::pair{"p50_ns", 0.5}, {"p90_ns", 0.9}, {"p99_ns", 0.99}, {"p999_ns", 0.999}}) {
      counters.emplace_back(name, durations.percentile(fraction));
    }
  }
};

/// Processor time and context switches so far.
struct usage {
  double cpu_seconds = 0;
  long context_switches = 0;

#if defined(__linux__)
  static usage of(int whom) {
    rusage r{};
    getrusage(whom, &r);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return {seconds(r.ru_utime) + seconds(r.ru_stime), r.ru_nvcsw + r.ru_nivcsw};
  }
  static usage of_process() { return of(RUSAGE_SELF); }
  static usage of_thread() { return of(RUSAGE_THREAD); }
#else
  static usage of_process() { return {}; }
  static usage of_thread() { return {}; }
#endif
};

/// Measures from its construction to finish().
class span {
public:
  sample finish(std::uint64_t messages) const {
    const auto end = clock::now();
    const usage after = usage::of_process();
    return {.messages = messages,
            .elapsed = end - start_,
            .cpu_seconds = after.cpu_seconds - before_.cpu_seconds,
            .context_switches = after.context_switches - before_.context_switches};
  }

private:
  usage before_ = usage::of_process();
  clock::time_point start_ = clock::now();
};

/// Fails the run if its checksum is wrong: a run that lost a message has no time.
class lost_messages : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

inline void expect_sum(std::uint64_t got, std::uint64_t expected) {
  if (got != expected) {
    throw lost_messages("the sum received is " + std::to_string(got) + ", not " + std::to_string(expected) +
                        ": messages were lost or made up");
  }
}

constexpr std::uint64_t sum_below(std::uint64_t n) { return n * (n - 1) / 2; }

}  // namespace sluice::bench
