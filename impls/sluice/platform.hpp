#pragma once

#include <sluice/detail/abi.hpp>

/// The shim between the channels and the system: the only file that names atomics, mutexes, futexes and clocks.
///
/// Natively its names are the standard ones, at no cost. The model checker defines SLUICE_PLATFORM_HEADER as a header
/// that gives the same names other meanings; the channels' source is the same in both builds.
#ifdef SLUICE_PLATFORM_HEADER
#include SLUICE_PLATFORM_HEADER
#else

#include <sluice/detail/cell.hpp>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if SLUICE_HAS_FUTEX && defined(_WIN32)
// Declared here, since <windows.h> defines macros with common names.
extern "C" {
#if defined(_WIN64)
int __stdcall WaitOnAddress(volatile void* address, void* undesired, std::size_t size, unsigned long milliseconds);
#else
int __stdcall WaitOnAddress(volatile void* address, void* undesired, unsigned long size, unsigned long milliseconds);
#endif
void __stdcall WakeByAddressSingle(void* address);
}
#elif SLUICE_HAS_FUTEX
#include <linux/futex.h>
#include <ctime>
#else
#include <array>
#endif

#if defined(SYS_membarrier) && !SLUICE_RACE_DETECTOR
#define SLUICE_HAS_MEMBARRIER 1
#include <linux/membarrier.h>
#include <cerrno>
#include <exception>
#else
#define SLUICE_HAS_MEMBARRIER 0
#endif

// Property tests give these names to wrappers that can delay a thread or wake it spuriously.
#ifdef SLUICE_DISTURBANCE_HEADER
#include SLUICE_DISTURBANCE_HEADER
#else
namespace sluice::inline SLUICE_ABI::platform {

template <class T>
using atomic = std::atomic<T>;
using mutex = std::mutex;
using condition_variable = std::condition_variable;
using unique_lock = std::unique_lock<mutex>;

/// A point at which a test may delay the calling thread.
inline void disturb() noexcept {}

/// Whether a test ends the sleep that is about to begin.
inline bool spurious_wakeup() noexcept { return false; }

}  // namespace sluice::inline SLUICE_ABI::platform
#endif

namespace sluice::inline SLUICE_ABI::platform {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

inline time_point now() noexcept { return clock::now(); }

/// The greatest time point: it is never reached.
inline constexpr time_point no_deadline = (time_point::max)();

/// Two lines, since common processors fetch the neighbour of a line as well.
inline constexpr std::size_t cache_line = 128;

/// Messages in one block of an unbounded channel.
inline constexpr std::size_t block_slots = SLUICE_BLOCK_SLOTS;

/// How far from their end counters start, in laps of a ring or blocks; 0: at their beginning.
inline constexpr std::size_t laps_before_wrap = SLUICE_LAPS_BEFORE_WRAP;

/// How many operations may overtake a thread that waits before newcomers register behind it.
inline constexpr std::size_t most_bypasses = SLUICE_MOST_BYPASSES;

/// Touches each page of these bytes, so that the kernel maps them now and not at the first message.
///
/// \pre  no object lives there yet.
inline void prefault(void* first, std::size_t bytes) noexcept {
  constexpr std::size_t least_page = 4096;
  auto* const at = static_cast<volatile std::byte*>(first);
  for (std::size_t i = 0; i < bytes; i += least_page) at[i] = std::byte{0};
  if (bytes != 0) at[bytes - 1] = std::byte{0};
}

/// An assertion about the library itself, which the model checker verifies as well.
inline void expects(bool holds, [[maybe_unused]] const char* otherwise) noexcept {
  assert(holds && otherwise);
  (void)holds;
}

/// Stands for the plain fields of an object, those that are neither atomic nor constant. Models report a data race if two
/// threads announce accesses that nothing orders, of which one writes; elsewhere this is nothing.
struct plain_fields {
  constexpr void read() const noexcept {}
  constexpr void write() noexcept {}
};

/// The result of checking the channel again after registering as a waiter. Passing it through here lets the audit skip
/// the check, and so show that it is needed.
constexpr bool recheck(bool found) noexcept { return found; }

/// Whether spinning can help. In models it cannot: they explore what a spin would find, not how long it lasts.
inline constexpr bool spinning_helps = true;

/// Whether this is a model: queues of other projects then take their smallest sizes, so that small scenarios cross all
/// their borders.
inline constexpr bool modelled = false;

/// Lets another thread run.
inline void yield() noexcept { std::this_thread::yield(); }

/// Leaves the processor to any other thread for a moment, whatever its priority.
inline void nap() noexcept { std::this_thread::sleep_for(std::chrono::microseconds(50)); }

/// A small number that threads share only to guess well by: a lost update costs a guess, never correctness.
class shared_hint {
public:
  std::uint8_t get() const noexcept { return value_.load(std::memory_order::relaxed); }
  void set(unsigned value) noexcept { value_.store(static_cast<std::uint8_t>(value), std::memory_order::relaxed); }

private:
  std::atomic<std::uint8_t> value_{0};
};

/// Tells the processor that this is a spin loop.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/// How many pauses take a microsecond on this processor: from 20 to 250 on common ones. Measured once.
inline unsigned pauses_per_microsecond() noexcept {
  static const unsigned measured = [] {
    constexpr unsigned pauses = 64;
    auto least = (std::chrono::nanoseconds::max)();
    for (int i = 0; i < 5; ++i) {
      const auto start = now();
      for (unsigned n = 0; n < pauses; ++n) pause();
      least = (std::min)(least, std::chrono::nanoseconds(now() - start));
    }
    const auto nanoseconds = (std::max)(least.count(), std::chrono::nanoseconds::rep{1});
    return static_cast<unsigned>(std::clamp<std::chrono::nanoseconds::rep>(1000 * pauses / nanoseconds, 10, 1000));
  }();
  return measured;
}

/// What waking a sleeping thread costs the thread that does it: the median of this process's recent wake-ups, about 2 µs
/// where both run on one processor, 10 where they do not. Measured with Linux's futexes, elsewhere the initial value.
/// Shared as a hint: a lost update costs a guess, never correctness.
class wake_up_time {
public:
  static std::chrono::nanoseconds get() noexcept {
    return std::chrono::nanoseconds(estimate_.load(std::memory_order::relaxed));
  }

  /// Performs a wake-up, and samples how long it took.
  /// \param wake_up  returns whether a thread was woken.
  template <class WakeUp>
  static void measure(WakeUp wake_up) noexcept {
    // Every 16th, since reading the clock is not free.
    thread_local unsigned wake_ups = 0;
    if (++wake_ups % 16 != 0) return static_cast<void>(wake_up());
    const time_point start = now();
    if (wake_up()) note(now() - start);
  }

  /// Moves the estimate towards the median.
  static void note(clock::duration took) noexcept {
    const std::uint32_t before = estimate_.load(std::memory_order::relaxed);
    const std::uint32_t step = before / 16;
    const std::uint32_t after = took > std::chrono::nanoseconds(before) ? before + step : before - step;
    estimate_.store(std::clamp(after, least, most), std::memory_order::relaxed);
  }

private:
  static constexpr std::uint32_t least = 500;
  static constexpr std::uint32_t most = 50'000;
  inline static std::atomic<std::uint32_t> estimate_{5'000};
};

/// Fetches the cache line at this address in exclusive state. For a line that another processor is known to hold: a
/// read followed by a write would fetch it twice.
inline void prefetch_for_write([[maybe_unused]] const void* address) noexcept {
#if defined(__x86_64__)
  // __builtin_prefetch emits prefetchw only with -mprfchw.
  asm volatile("prefetchw %0" ::"m"(*static_cast<const char*>(address)));
#elif defined(__GNUC__)
  __builtin_prefetch(address, 1);
#endif
}

#if SLUICE_RACE_DETECTOR
namespace detail {

inline std::atomic<unsigned> fence_counter{0};

}  // namespace detail

inline void full_fence() noexcept { detail::fence_counter.fetch_add(1, std::memory_order::seq_cst); }
#else
inline void full_fence() noexcept { std::atomic_thread_fence(std::memory_order::seq_cst); }
#endif

#if SLUICE_HAS_MEMBARRIER
namespace detail {

inline bool register_for_membarrier() noexcept {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace detail
#endif

/// An asymmetric pair of fences: where one thread executes light() and another heavy(), on one object, memory is
/// ordered as by two full fences; two light ones order nothing. Where the kernel offers membarrier(2), the light fence
/// costs nothing and the heavy one a microsecond or two; 50 in some virtual machines, while other threads of the process
/// run.
///
/// The object holds the choice, so that all threads of a channel make the same, whatever unit their code is from.
///
/// The process terminates if membarrier, once registered, is refused later (by seccomp): wake-ups would be lost.
class asymmetric_fence {
public:
#if SLUICE_HAS_MEMBARRIER
  void light() const noexcept {
    if (by_kernel_) [[likely]] {
      std::atomic_signal_fence(std::memory_order::seq_cst);
    } else {
      full_fence();
    }
  }

  void heavy() const noexcept {
    disturb();
    if (!by_kernel_) return full_fence();
    while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
      if (errno != ENOMEM) std::terminate();
    }
  }

private:
  static bool kernel_fences() noexcept {
#if defined(SLUICE_NO_MEMBARRIER)
    return false;
#else
    static const bool registered = detail::register_for_membarrier();
    return registered;
#endif
  }

  const bool by_kernel_ = kernel_fences();
#else
  void light() const noexcept { full_fence(); }
  void heavy() const noexcept { full_fence(); }
#endif
};

/// A random number below `limit`, from a generator per thread (splitmix64: Steele, Lea, Flood 2014). For fair choices,
/// not for secrets.
inline std::uint32_t random(std::uint32_t limit) noexcept {
  thread_local std::uint64_t state = 0;
  // Seeded on first use: the address and the time differ from other threads'.
  if (state == 0) {
    state = reinterpret_cast<std::uintptr_t>(&state) ^ static_cast<std::uint64_t>(now().time_since_epoch().count());
  }
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<std::uint32_t>(((z ^ (z >> 31)) >> 32) * limit >> 32);
}

using futex_word = atomic<std::uint32_t>;

#if SLUICE_HAS_FUTEX

static_assert(sizeof(futex_word) == sizeof(std::uint32_t));

/// Sleeps while `word` holds `expected`, at most until `until`. May return spuriously: callers check again.
inline void park(const futex_word& word, std::uint32_t expected, time_point until) noexcept {
  disturb();
  if (spurious_wakeup()) return;
#if defined(_WIN32)
  constexpr unsigned long infinite = 0xffffffff;
  unsigned long limit = infinite;
  if (until != no_deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    limit = static_cast<unsigned long>(std::clamp<long long>(left, 0, infinite - 1));
  }
  WaitOnAddress(const_cast<futex_word*>(&word), &expected, sizeof expected, limit);
#else
  timespec at{};
  timespec* limit = nullptr;
  if (until != no_deadline) {
    // steady_clock is CLOCK_MONOTONIC, the clock of an absolute FUTEX_WAIT_BITSET. The kernel refuses negative times.
    const auto since = (std::max)(until.time_since_epoch(), time_point::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    at.tv_sec = static_cast<std::time_t>(seconds.count());
    at.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - seconds).count());
    limit = &at;
  }
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, nullptr, FUTEX_BITSET_MATCH_ANY);
#endif
}

/// Wakes the thread that sleeps on the word at this address, if any. Only the address is used, so the word may be
/// destroyed already: at worst, an unrelated thread wakes spuriously.
// Not inlined, since most operations never come here.
[[gnu::noinline]] inline void unpark(const futex_word* word) noexcept {
  disturb();
#if defined(_WIN32)
  WakeByAddressSingle(const_cast<futex_word*>(word));
#else
  wake_up_time::measure([word] { return syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0) > 0; });
#endif
}

#else

namespace detail {

struct SLUICE_VISIBLE parking_bucket {
  std::mutex mutex;
  std::condition_variable changed;
};

/// One table for all shared libraries of a process, even if they hide their symbols. Never destroyed: a detached thread
/// may wait in it at exit.
SLUICE_VISIBLE inline parking_bucket& bucket_of(const void* address) noexcept {
  static auto& buckets = *new std::array<parking_bucket, 64>;
  return buckets[(reinterpret_cast<std::uintptr_t>(address) >> 4) % buckets.size()];
}

}  // namespace detail

inline void park(const futex_word& word, std::uint32_t expected, time_point until) noexcept {
  disturb();
  if (spurious_wakeup()) return;
  auto& bucket = detail::bucket_of(&word);
  std::unique_lock guard(bucket.mutex);
  if (word.load(std::memory_order::acquire) != expected) return;
  if (until == no_deadline) {
    bucket.changed.wait(guard);
  } else {
    bucket.changed.wait_until(guard, until);
  }
}

inline void unpark(const futex_word* word) noexcept {
  auto& bucket = detail::bucket_of(word);
  { std::scoped_lock guard(bucket.mutex); }
  bucket.changed.notify_all();
}

#endif

}  // namespace sluice::inline SLUICE_ABI::platform

#endif
