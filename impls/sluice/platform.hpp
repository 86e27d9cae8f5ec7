#pragma once

/// The only file that names atomics, mutexes, futexes and clocks.
///
/// Natively its names are the standard ones at no cost. A model checker defines SLUICE_PLATFORM_HEADER as a header that
/// gives the same names with other meanings; a core cannot tell the difference.
#ifdef SLUICE_PLATFORM_HEADER
#include SLUICE_PLATFORM_HEADER
#else

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Where a long has 32 bits, the futex call takes another kind of time than the library's.
#if defined(__linux__) && defined(__LP64__) && !defined(SLUICE_NO_FUTEX)
#define SLUICE_HAS_FUTEX 1
#include <linux/futex.h>
#include <ctime>
#else
#define SLUICE_HAS_FUTEX 0
#include <array>
#endif

// Who looks for races sees no fence, least of all the kernel's.
#if defined(__SANITIZE_THREAD__)
#define SLUICE_WATCHED_FOR_RACES 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLUICE_WATCHED_FOR_RACES 1
#endif
#endif

#if defined(SYS_membarrier) && !defined(SLUICE_NO_MEMBARRIER) && !defined(SLUICE_WATCHED_FOR_RACES)
#define SLUICE_HAS_MEMBARRIER 1
#include <linux/membarrier.h>
#include <cerrno>
#include <exception>
#else
#define SLUICE_HAS_MEMBARRIER 0
#endif

// Tests of schedules give these names to wrappers with points at which a thread may be held up.
#ifdef SLUICE_DISTURBANCE_HEADER
#include SLUICE_DISTURBANCE_HEADER
#else
namespace sluice::platform {

template <class T>
using atomic = std::atomic<T>;
using mutex = std::mutex;
using condition_variable = std::condition_variable;
using unique_lock = std::unique_lock<mutex>;

inline void disturb() noexcept {}
inline bool wakes_early() noexcept { return false; }

}  // namespace sluice::platform
#endif

namespace sluice::platform {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

inline time_point now() noexcept { return clock::now(); }

/// Two lines, since common processors fetch the neighbour of a line as well.
inline constexpr std::size_t cache_line = 128;

/// Messages in one block of an unbounded channel; tests shrink it so that small programs cross its edges.
#if defined(SLUICE_BLOCK_SLOTS)
inline constexpr std::size_t block_slots = SLUICE_BLOCK_SLOTS;
#else
inline constexpr std::size_t block_slots = 31;
#endif

/// How far from their end counters start, in laps of a ring or blocks; 0, at their beginning. Tests start near the end.
#if defined(SLUICE_LAPS_BEFORE_WRAP)
inline constexpr std::size_t laps_before_wrap = SLUICE_LAPS_BEFORE_WRAP;
#else
inline constexpr std::size_t laps_before_wrap = 0;
#endif

/// Storage for one message whose lifetime the caller keeps track of; in models it checks that it is used so.
template <class T>
class cell {
public:
  cell() noexcept {}
  ~cell() {}
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;

  void construct(T&& value) noexcept { std::construct_at(std::addressof(value_), std::move(value)); }

  /// Moves the message to `out.emplace()` and ends its life here.
  template <class Out>
  void take(Out& out) noexcept {
    out.emplace(std::move(value_));
    std::destroy_at(std::addressof(value_));
  }

private:
  union {
    T value_;
  };
};

/// Has the system find memory for these bytes now, which it would do when a page is first used. Nothing lives there
/// yet.
inline void touch_pages(void* first, std::size_t bytes) noexcept {
  constexpr std::size_t least_page = 4096;
  auto* const at = static_cast<volatile std::byte*>(first);
  for (std::size_t i = 0; i < bytes; i += least_page) at[i] = std::byte{0};
  if (bytes != 0) at[bytes - 1] = std::byte{0};
}

/// What the library itself must keep to: an assertion, which models check as well.
inline void expects(bool holds, [[maybe_unused]] const char* otherwise) noexcept {
  assert(holds && otherwise);
  (void)holds;
}

/// What a thread that has lined up to sleep finds when it looks at the channel again. A check of the models: they show
/// that it is needed.
constexpr bool second_look(bool found) noexcept { return found; }

inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/// Fetches the cache line at this address to be written, where it is known that another processor has it: who reads it
/// first and writes it then would fetch it twice.
inline void fetch_to_write([[maybe_unused]] const void* address) noexcept {
#if defined(__x86_64__)
  // What the compiler has for this would fetch the line to be read, unless told that the processor is of this century.
  asm volatile("prefetchw %0" ::"m"(*static_cast<const char*>(address)));
#elif defined(__GNUC__)
  __builtin_prefetch(address, 1);
#endif
}

#if defined(SLUICE_WATCHED_FOR_RACES)
namespace detail {

inline std::atomic<unsigned> passed_by_all{0};

}  // namespace detail

inline void full_fence() noexcept { detail::passed_by_all.fetch_add(1, std::memory_order::seq_cst); }
#else
inline void full_fence() noexcept { std::atomic_thread_fence(std::memory_order::seq_cst); }
#endif

/// light_fence() and heavy_fence() order memory as two full fences do, where one thread passes the one and another the
/// other; two light ones order nothing. Where the kernel can fence on behalf of a process's threads, the light one
/// costs nothing, and the heavy one a few microseconds.
///
/// A process that forbids itself the kernel's fence after it was granted (seccomp) ends: it would lose wake-ups.
#if SLUICE_HAS_MEMBARRIER
namespace detail {

inline const bool kernel_fences = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;

}  // namespace detail

inline void light_fence() noexcept {
  if (detail::kernel_fences) [[likely]] {
    std::atomic_signal_fence(std::memory_order::seq_cst);
  } else {
    full_fence();
  }
}

inline void heavy_fence() noexcept {
  disturb();
  if (!detail::kernel_fences) return full_fence();
  while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
    if (errno != ENOMEM) std::terminate();
  }
}
#else
inline void light_fence() noexcept { full_fence(); }
inline void heavy_fence() noexcept { full_fence(); }
#endif

/// Lets messages come together where they come faster than one can be fetched from another processor.
///
/// Whoever finds nothing waits for a while before looking again, if that has lately been worth it; otherwise it is
/// tried ever less often, so that a lone message is hardly ever kept waiting.
class batching {
public:
  /// Whether it has waited: then found() is called.
  bool lingers() noexcept {
    if (pass_ != 0) {
      --pass_;
      return false;
    }
    const auto start = now();
    do {
      for (int i = 0; i < 8; ++i) pause();
    } while (now() - start < while_);
    return true;
  }

  /// \param messages  how many had come together.
  void found(std::size_t messages) noexcept {
    passes_ = messages >= worth_it ? 0 : std::min<unsigned>(2u * passes_ + 1, most_passes);
    pass_ = passes_;
  }

private:
  static constexpr std::chrono::nanoseconds while_{800};  // a few trips of a cache line
  static constexpr std::size_t worth_it = 8;              // a cache line of pointers
  static constexpr unsigned most_passes = 255;
  unsigned pass_ = 0;
  unsigned passes_ = 0;
};

/// Waits a little longer each time: for a peer that is between two steps of its own.
///
/// Gives way to other threads once a peer that was running would have finished.
class backoff {
public:
  /// For loops that must go on until a peer has moved.
  void snooze() noexcept {
    if (step_ <= spin_steps) {
      for (unsigned i = 0; i < (1u << step_); ++i) pause();
    } else {
      std::this_thread::yield();
    }
    if (step_ <= yield_steps) ++step_;
  }

  /// After a lost race for a word that somebody else has already moved on.
  void spin() noexcept {
    for (unsigned i = 0; i < (1u << step_); ++i) pause();
    if (step_ < spin_steps) ++step_;
  }

  /// Whether parking is now cheaper than going on.
  bool spent() const noexcept { return step_ > yield_steps; }

private:
  static constexpr unsigned spin_steps = 6;
  static constexpr unsigned yield_steps = 9;
  unsigned step_ = 0;
};

/// Looking on for a while before sleep, for those who wait on one side of a channel.
///
/// A while is about what a sleep and a wake-up take, which costs at most twice what the better of the two would have
/// (Karlin, Li, Manasse, Owicki 1991). Where that was in vain it is done ever less often, so that who waits long sleeps
/// soon. Threads may share one: an update lost between them costs a try.
class patience {
public:
  /// \param glance   whether there is something to be had, which it may overlook.
  /// \param attempt  the same, for certain; called last, or both are in vain.
  /// \returns  whether one of them came true; nobody looks on for longer than `until`.
  template <class Glance, class Attempt>
  bool looks_on(time_point until, Glance glance, Attempt attempt) {
    const bool timed = until != time_point::max();
    if (timed && now() >= until) return attempt();
    if (glances(glance) || attempt()) return true;
    const unsigned passes = passes_.load(std::memory_order::relaxed);
    const unsigned pass = pass_.load(std::memory_order::relaxed);
    if (pass != 0) {
      pass_.store(static_cast<std::uint8_t>(pass - 1), std::memory_order::relaxed);
      return false;
    }
    const time_point enough = now() + while_;
    if (stays(std::min(until, enough), attempt)) {
      if (passes != 0) passes_.store(static_cast<std::uint8_t>(passes / 2), std::memory_order::relaxed);
      return true;
    }
    if (until < enough) return false;  // too short a wait to learn from
    const auto more = static_cast<std::uint8_t>(std::min(4 * passes + 3, most_passes));
    passes_.store(more, std::memory_order::relaxed);
    pass_.store(more, std::memory_order::relaxed);
    return false;
  }

private:
  /// As long as a peer takes that is running.
  template <class Glance>
  static bool glances(Glance glance) {
    for (unsigned pauses = 1; pauses <= most_pauses; pauses *= 2) {
      for (unsigned i = 0; i < pauses; ++i) {
        // Each look may fetch a line that a peer is about to write.
        if (i % pauses_between_looks == 0 && glance()) return true;
        pause();
      }
    }
    for (unsigned i = 0; i < yields; ++i) {
      if (glance()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  /// As long as a peer takes that has to be woken.
  template <class Attempt>
  static bool stays(time_point end, Attempt attempt) {
    do {
      std::this_thread::yield();
      if (attempt()) return true;
    } while (now() < end);
    return false;
  }

  static constexpr unsigned most_pauses = 64;
  static constexpr unsigned pauses_between_looks = 8;
  static constexpr unsigned yields = 2;
  static constexpr std::chrono::microseconds while_{5};
  static constexpr unsigned most_passes = 63;
  std::atomic<std::uint8_t> passes_{0};
  std::atomic<std::uint8_t> pass_{0};
};

/// A number below `limit`, from a generator of the calling thread's (splitmix64: Steele, Lea, Flood 2014). For choices
/// that should be fair, not for secrets.
inline std::uint32_t random(std::uint32_t limit) noexcept {
  thread_local std::uint64_t state = 0;
  // The first draw of a thread: where its state lies and when it came differ from other threads'.
  if (state == 0) {
    state = reinterpret_cast<std::uintptr_t>(&state) ^ static_cast<std::uint64_t>(now().time_since_epoch().count());
  }
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<std::uint32_t>(((z ^ (z >> 31)) >> 32) * limit >> 32);
}

/// A lock that is held for a few instructions only: who finds it taken looks on for a while before it sleeps.
class brief_lock : public unique_lock {
public:
  explicit brief_lock(platform::mutex& m) : unique_lock(m, std::defer_lock) { lock(); }

  void lock() {
    for (backoff pacing; !pacing.spent(); pacing.snooze()) {
      if (this->try_lock()) return;
    }
    unique_lock::lock();
  }
};

using futex_word = atomic<std::uint32_t>;

#if SLUICE_HAS_FUTEX

static_assert(sizeof(futex_word) == sizeof(std::uint32_t));

/// Sleeps while `word` holds `expected`, at most until `until`. May return early for no reason: callers look again.
inline void park(const futex_word& word, std::uint32_t expected, time_point until) noexcept {
  disturb();
  if (wakes_early()) return;
  timespec at{};
  timespec* limit = nullptr;
  if (until != time_point::max()) {
    // steady_clock is CLOCK_MONOTONIC, the clock of an absolute FUTEX_WAIT_BITSET. A moment before the clock's start
    // has passed; the kernel refuses negative times.
    const auto since = std::max(until.time_since_epoch(), time_point::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    at.tv_sec = static_cast<std::time_t>(seconds.count());
    at.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - seconds).count());
    limit = &at;
  }
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit, nullptr, FUTEX_BITSET_MATCH_ANY);
}

/// Wakes the thread that sleeps on the word at this address, if there is one. Only the address is used, so the word may
/// be gone already: at worst a stranger wakes early.
inline void unpark(const futex_word* word) noexcept {
  disturb();
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

#else

namespace detail {

struct parking_bucket {
  std::mutex mutex;
  std::condition_variable changed;
};

inline parking_bucket& bucket_of(const void* address) noexcept {
  static std::array<parking_bucket, 64> buckets;
  return buckets[(reinterpret_cast<std::uintptr_t>(address) >> 4) % buckets.size()];
}

}  // namespace detail

inline void park(const futex_word& word, std::uint32_t expected, time_point until) noexcept {
  disturb();
  if (wakes_early()) return;
  auto& bucket = detail::bucket_of(&word);
  std::unique_lock guard(bucket.mutex);
  if (word.load(std::memory_order::acquire) != expected) return;
  if (until == time_point::max()) {
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

}  // namespace sluice::platform

#endif
