#pragma once

#include <sluice/detail/abi.hpp>
#include <sluice/detail/cell.hpp>

#include <harness/costs/counters.hpp>

#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

/// sluice/platform.hpp for one thread that counts what a channel does: the same names, and every access counted.
/// Nothing here sleeps, and nothing is random.
namespace sluice::inline SLUICE_ABI::platform {

using harness::costs::counted;

template <class T>
class atomic {
public:
  constexpr explicit(false) atomic(T value = T()) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order = std::memory_order::seq_cst) const noexcept {
    ++counted.loads;
    return value_;
  }
  void store(T value, std::memory_order order = std::memory_order::seq_cst) noexcept {
    ++(order == std::memory_order::seq_cst ? counted.full_stores : counted.stores);
    value_ = value;
  }
  T exchange(T value, std::memory_order = std::memory_order::seq_cst) noexcept {
    ++counted.updates;
    return std::exchange(value_, value);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order, std::memory_order) noexcept {
    return compare_exchange(expected, desired);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order = std::memory_order::seq_cst) noexcept {
    return compare_exchange(expected, desired);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order, std::memory_order) noexcept {
    return compare_exchange(expected, desired);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order = std::memory_order::seq_cst) noexcept {
    return compare_exchange(expected, desired);
  }
  T fetch_add(T by, std::memory_order = std::memory_order::seq_cst) noexcept {
    return exchange(static_cast<T>(value_ + by));
  }
  T fetch_sub(T by, std::memory_order = std::memory_order::seq_cst) noexcept {
    return exchange(static_cast<T>(value_ - by));
  }
  T fetch_or(T bits, std::memory_order = std::memory_order::seq_cst) noexcept {
    return exchange(static_cast<T>(value_ | bits));
  }
  T fetch_and(T bits, std::memory_order = std::memory_order::seq_cst) noexcept {
    return exchange(static_cast<T>(value_ & bits));
  }
  T fetch_xor(T bits, std::memory_order = std::memory_order::seq_cst) noexcept {
    return exchange(static_cast<T>(value_ ^ bits));
  }

private:
  bool compare_exchange(T& expected, T desired) noexcept {
    ++counted.updates;
    if (value_ == expected) {
      value_ = desired;
      return true;
    }
    expected = value_;
    return false;
  }

  T value_;
};

class mutex {
public:
  void lock() noexcept { ++counted.locks; }
  bool try_lock() noexcept {
    ++counted.locks;
    return true;
  }
  void unlock() noexcept {}

private:
  // As large as std::mutex on common systems, but the same on all.
  std::array<std::uint64_t, 5> padding_{};
};
using unique_lock = std::unique_lock<mutex>;

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
inline constexpr time_point no_deadline = (time_point::max)();

/// The clock advances by a microsecond each time.
inline time_point now() noexcept {
  static time_point time(std::chrono::hours(1));
  ++counted.clock_reads;
  return time += std::chrono::microseconds(1);
}

class condition_variable {
public:
  void notify_one() noexcept { ++counted.wakes; }
  void notify_all() noexcept { ++counted.wakes; }
  void wait(unique_lock&) noexcept { ++counted.sleeps; }
  std::cv_status wait_until(unique_lock&, time_point) noexcept {
    ++counted.sleeps;
    return std::cv_status::timeout;
  }

private:
  std::array<std::uint64_t, 6> padding_{};
};

inline constexpr std::size_t cache_line = 128;
inline constexpr std::size_t block_slots = SLUICE_BLOCK_SLOTS;
inline constexpr std::size_t laps_before_wrap = SLUICE_LAPS_BEFORE_WRAP;
inline constexpr std::size_t most_bypasses = SLUICE_MOST_BYPASSES;

inline void prefault(void*, std::size_t) noexcept {}
inline void expects(bool holds, [[maybe_unused]] const char* otherwise) noexcept {
  assert(holds && otherwise);
  (void)holds;
}
constexpr bool recheck(bool found) noexcept { return found; }

struct plain_fields {
  constexpr void read() const noexcept {}
  constexpr void write() noexcept {}
};

inline constexpr bool spinning_helps = true;
inline constexpr bool modelled = false;
inline void yield() noexcept {}
inline void nap() noexcept {}
inline void pause() noexcept {}
inline unsigned pauses_per_microsecond() noexcept { return 1; }

struct wake_up_time {
  static constexpr std::chrono::nanoseconds get() noexcept { return std::chrono::nanoseconds(1); }
};

inline void prefetch_for_write(const void*) noexcept {}
inline void disturb() noexcept {}

class shared_hint {
public:
  std::uint8_t get() const noexcept { return value_; }
  void set(unsigned value) noexcept { value_ = static_cast<std::uint8_t>(value); }

private:
  std::uint8_t value_ = 0;
};

inline void full_fence() noexcept { ++counted.fences; }

/// As where the kernel offers membarrier(2).
class asymmetric_fence {
public:
  void light() const noexcept {}
  void heavy() const noexcept { ++counted.membarriers; }
};

inline std::uint32_t random(std::uint32_t) noexcept { return 0; }

using futex_word = atomic<std::uint32_t>;
inline void park(const futex_word&, std::uint32_t, time_point) noexcept { ++counted.sleeps; }
inline void unpark(const futex_word*) noexcept { ++counted.wakes; }

}  // namespace sluice::inline SLUICE_ABI::platform
