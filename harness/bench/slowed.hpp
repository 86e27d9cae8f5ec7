#pragma once

#include <harness/core_of.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

/// Channels that are really slower, to measure which slowdowns a comparison of speeds finds.
namespace sluice::bench {

/// The work that each send of a slowed channel does in addition.
class added_work {
public:
  /// Computing for so long, on average.
  static void set(double nanoseconds) {
    per_send_ = static_cast<std::uint64_t>(std::llround(nanoseconds * steps_in_ns() * one));
  }

  static void perform() noexcept {
    // In blocks, since a processor would perform single steps beside the send's own instructions, at no cost.
    thread_local std::uint64_t owed = 0;
    owed += per_send_;
    if (owed < block * one) return;
    compute(owed / one);
    owed %= one;
  }

private:
  static constexpr std::uint64_t one = 1 << 16;
  static constexpr std::uint64_t block = 128;

  /// Steps that depend on each other, so that a processor cannot overlap them.
  static void compute(std::uint64_t steps) noexcept {
    std::uint64_t value = 1;
    for (; steps > 0; --steps) {
      value *= 0x9e3779b97f4a7c15;
      asm volatile("" : "+r"(value));
    }
  }

  static double steps_in_ns() {
    constexpr std::uint64_t steps = 1'000'000;
    double least = 0;
    for (int round = 0; round < 5; ++round) {
      const auto start = std::chrono::steady_clock::now();
      compute(steps);
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
      least = round == 0 ? took.count() : (std::min)(least, took.count());
    }
    return static_cast<double>(steps) / least;
  }

  static inline std::uint64_t per_send_ = 0;  // in parts of a step
};

/// A registered channel, each send of which does `added_work`.
template <template <class> class Channel>
struct slowed {
  template <class T>
  class channel : public harness::core_of<Channel, T> {
    using core = harness::core_of<Channel, T>;

  public:
    using core::core;

    status try_send(T& value) requires(trying_core<core>) {
      added_work::perform();
      return core::try_send(value);
    }
    status send_until(T& value, deadline until) {
      added_work::perform();
      return core::send_until(value, until);
    }
  };
};

}  // namespace sluice::bench
