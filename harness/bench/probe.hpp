#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace sluice::bench {

/// The processors that this process may use, in ascending order.
inline std::vector<int> processors() {
  std::vector<int> list;
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) list.push_back(cpu);
    }
  }
#endif
  return list;
}

/// Pins the calling thread to one of the process's processors, the n-th modulo their number.
inline void pin([[maybe_unused]] std::size_t n) {
#if defined(__linux__)
  static const std::vector<int> all = processors();
  if (all.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(all[n % all.size()]), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#endif
}

/// Unpins the calling thread.
inline void unpin(const std::vector<int>& all) {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : all) CPU_SET(static_cast<unsigned>(cpu), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
#endif
}

/// The state of the machine, probed before and after each sample, so that outliers can be marked.
struct machine_state {
  double round_trip_ns = 0;  ///< a cache line to the second processor and back
  double pause_ns = 0;       ///< one spin-loop hint
};

/// Takes about ten milliseconds.
inline machine_state probe() {
  using steady = std::chrono::steady_clock;
  const auto nanoseconds = [](steady::duration d) { return std::chrono::duration<double, std::nano>(d).count(); };
  machine_state state;

  constexpr int pauses = 200000;
  auto start = steady::now();
  for (int i = 0; i < pauses; ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
  }
  state.pause_ns = nanoseconds(steady::now() - start) / pauses;

  if (processors().size() < 2) return state;
  constexpr std::uint32_t trips = 20000;
  alignas(128) static std::atomic<std::uint32_t> line;
  line.store(0);
  std::jthread peer([] {
    pin(1);
    for (std::uint32_t i = 0; i < trips; ++i) {
      while (line.load(std::memory_order::acquire) != 2 * i + 1) {
      }
      line.store(2 * i + 2, std::memory_order::release);
    }
  });
  const std::vector<int> all = processors();
  pin(0);
  line.store(1, std::memory_order::release);
  while (line.load(std::memory_order::acquire) != 2) {
  }
  start = steady::now();
  for (std::uint32_t i = 1; i < trips; ++i) {
    line.store(2 * i + 1, std::memory_order::release);
    while (line.load(std::memory_order::acquire) != 2 * i + 2) {
    }
  }
  state.round_trip_ns = nanoseconds(steady::now() - start) / (trips - 1);
  unpin(all);
  return state;
}

}  // namespace sluice::bench
