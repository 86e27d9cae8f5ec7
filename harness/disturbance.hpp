#pragma once

#include <harness/draws.hpp>
#include <sluice/detail/abi.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>

/// sluice/platform.hpp for tests on real threads: the same names, with points around every write and sleep at which a
/// test may delay a thread or wake it spuriously, as drawn from a seed (noise injection).
///
/// A delay never sleeps in the kernel, so a thread that does sleep waits for a peer.
namespace sluice::inline SLUICE_ABI::platform {

/// The disturbance of the calling thread: none, until it is set.
class disturbance {
public:
  /// One of several kinds, drawn from the seed: none, many short pauses, yields, or two long stalls, as PCT lowers a
  /// priority at a few points (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs,
  /// ASPLOS 2010).
  static disturbance from(std::uint64_t seed) noexcept {
    disturbance d;
    d.draw_ = harness::draws(seed);
    switch (d.draw_(4)) {
      case 0: break;
      case 1: d.pauses_ = 1 + d.draw_(16); break;
      case 2: d.yields_ = 1 + d.draw_(8); break;
      default:
        for (auto& at : d.stalls_at_) at = 1 + d.draw_(1u << (2 + d.draw_(5)));
        break;
    }
    if (d.draw_(2) == 0) d.spurious_wakeups_ = 1 + d.draw_(24);
    return d;
  }

  /// Every sleep ends at once, until many have ended after the deadline: a wait that ends by the deadline sees few of
  /// those.
  static disturbance waking_past(std::chrono::steady_clock::time_point deadline) noexcept {
    disturbance d;
    d.spurious_wakeups_ = parts;
    d.deadline_ = deadline;
    return d;
  }

  void disturb() noexcept {
    ++points_;
    if (points_ == stalls_at_[0] || points_ == stalls_at_[1]) {
      for (auto turns = 1 + draw_(150); turns > 0; --turns) yield();
    } else if (pauses_ != 0 && draw_(parts) < pauses_) {
      for (auto turns = draw_(5000); turns > 0; --turns) hold();
    } else if (yields_ != 0 && draw_(parts) < yields_) {
      yield();
    }
  }

  bool spurious_wakeup() noexcept {
    if (spurious_wakeups_left_ == 0 || draw_(parts) >= spurious_wakeups_) return false;
    if (std::chrono::steady_clock::now() >= deadline_) --spurious_wakeups_left_;
    ++woken_;
    return true;
  }

  /// The number of spurious wake-ups.
  std::uint64_t woken() const noexcept { return woken_; }
  bool exhausted() const noexcept { return spurious_wakeups_left_ == 0; }

private:
  static constexpr unsigned parts = 64;
  static constexpr std::chrono::microseconds longest{500};

  /// On a busy machine one yield can last as long as a test, so their total is limited.
  void yield() noexcept {
    if (yielded_ > longest) return;
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::yield();
    yielded_ += std::chrono::steady_clock::now() - start;
  }

  static void hold() noexcept { std::atomic_signal_fence(std::memory_order::seq_cst); }

  harness::draws draw_;
  std::chrono::steady_clock::duration yielded_{};
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::min();
  std::uint64_t woken_ = 0;
  std::uint32_t points_ = 0;
  unsigned pauses_ = 0;
  unsigned yields_ = 0;
  unsigned spurious_wakeups_ = 0;
  std::uint32_t spurious_wakeups_left_ = 1000;  // a wait that rechecks each time must sleep in the end
  std::array<std::uint32_t, 2> stalls_at_{};
};

inline thread_local constinit disturbance disturbing{};

inline void disturb() noexcept { disturbing.disturb(); }
inline bool spurious_wakeup() noexcept { return disturbing.spurious_wakeup(); }

/// std::atomic with a delay point before and after each write.
template <class T>
class atomic : public std::atomic<T> {
  using base = std::atomic<T>;
  using order = std::memory_order;

public:
  using base::base;

  void store(T value, order o = order::seq_cst) noexcept {
    platform::disturb();
    base::store(value, o);
    platform::disturb();
  }
  T exchange(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::exchange(value, o); });
  }
  T fetch_add(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::fetch_add(value, o); });
  }
  T fetch_sub(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::fetch_sub(value, o); });
  }
  T fetch_or(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::fetch_or(value, o); });
  }
  T fetch_and(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::fetch_and(value, o); });
  }
  T fetch_xor(T value, order o = order::seq_cst) noexcept {
    return around([&] { return base::fetch_xor(value, o); });
  }
  template <class... Orders>
  bool compare_exchange_strong(T& expected, T desired, Orders... orders) noexcept {
    return around([&] { return base::compare_exchange_strong(expected, desired, orders...); });
  }
  template <class... Orders>
  bool compare_exchange_weak(T& expected, T desired, Orders... orders) noexcept {
    return around([&] { return base::compare_exchange_weak(expected, desired, orders...); });
  }

private:
  template <class Operation>
  static auto around(Operation operation) noexcept {
    platform::disturb();
    const auto result = operation();
    platform::disturb();
    return result;
  }
};

using mutex = std::mutex;

/// std::unique_lock with a delay point before it locks and after it unlocks.
class unique_lock : public std::unique_lock<std::mutex> {
  using base = std::unique_lock<std::mutex>;

public:
  explicit unique_lock(std::mutex& m) : unique_lock(m, std::defer_lock) { lock(); }
  unique_lock(std::mutex& m, std::defer_lock_t not_yet) noexcept : base(m, not_yet) {}
  ~unique_lock() {
    if (owns_lock()) unlock();
  }
  unique_lock(const unique_lock&) = delete;
  unique_lock& operator=(const unique_lock&) = delete;

  void lock() {
    disturb();
    base::lock();
  }
  bool try_lock() {
    disturb();
    return base::try_lock();
  }
  void unlock() {
    base::unlock();
    disturb();
  }
};

/// std::condition_variable with spurious wake-ups.
class condition_variable {
public:
  void wait(unique_lock& guard) {
    if (!woken_spuriously(guard)) impl_.wait(guard);
  }
  template <class Predicate>
  void wait(unique_lock& guard, Predicate ready) {
    while (!ready()) wait(guard);
  }
  template <class Clock, class Duration>
  std::cv_status wait_until(unique_lock& guard, const std::chrono::time_point<Clock, Duration>& until) {
    if (!woken_spuriously(guard)) return impl_.wait_until(guard, until);
    return Clock::now() < until ? std::cv_status::no_timeout : std::cv_status::timeout;
  }
  template <class Clock, class Duration, class Predicate>
  bool wait_until(unique_lock& guard, const std::chrono::time_point<Clock, Duration>& until, Predicate ready) {
    while (!ready()) {
      if (wait_until(guard, until) == std::cv_status::timeout) return ready();
    }
    return true;
  }
  template <class Rep, class Period>
  std::cv_status wait_for(unique_lock& guard, const std::chrono::duration<Rep, Period>& duration) {
    return wait_until(guard, std::chrono::steady_clock::now() + duration);
  }
  template <class Rep, class Period, class Predicate>
  bool wait_for(unique_lock& guard, const std::chrono::duration<Rep, Period>& duration, Predicate ready) {
    return wait_until(guard, std::chrono::steady_clock::now() + duration, ready);
  }
  void notify_one() noexcept {
    disturb();
    impl_.notify_one();
  }
  void notify_all() noexcept {
    disturb();
    impl_.notify_all();
  }

private:
  static bool woken_spuriously(unique_lock& guard) {
    if (!spurious_wakeup()) return false;
    guard.unlock();
    guard.lock();
    return true;
  }

  std::condition_variable impl_;
};

}  // namespace sluice::inline SLUICE_ABI::platform
