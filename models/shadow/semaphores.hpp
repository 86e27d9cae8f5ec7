#pragma once

#include <models/shadow/clocks.hpp>
#include <models/shadow/locks.hpp>

#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <latch>
#include <semaphore>
#include <utility>

#include <semaphore.h>

/// The standard's and the C library's semaphores, latches and barriers, modelled.
namespace sluice::models::shadow {

/// A counter that threads wait for.
class counter {
public:
  constexpr explicit counter(std::ptrdiff_t value) noexcept : state_(static_cast<std::uint64_t>(value)) {}

  /// Takes one, if there is one before the deadline.
  bool take(time_point until, const location& where) {
    return state_.change([](std::uint64_t now) { return now != 0; }, [](std::uint64_t now) { return now - 1; }, until,
                         where);
  }
  void add(std::ptrdiff_t more, const location& where) {
    state_.release([&](std::uint64_t now) { return now + static_cast<std::uint64_t>(more); }, where);
  }
  std::ptrdiff_t newest() const { return static_cast<std::ptrdiff_t>(state_.newest()); }

private:
  waited_word state_;
};

/// std::counting_semaphore.
template <std::ptrdiff_t Most = std::counting_semaphore<>::max()>
class counting_semaphore {
public:
  constexpr explicit counting_semaphore(std::ptrdiff_t value) noexcept : count_(value) {}
  counting_semaphore(const counting_semaphore&) = delete;
  counting_semaphore& operator=(const counting_semaphore&) = delete;

  static constexpr std::ptrdiff_t(max)() noexcept { return Most; }
  void release(std::ptrdiff_t more = 1, location where = location::current()) { count_.add(more, where); }
  void acquire(location where = location::current()) { (void)count_.take(time_point::max(), where); }
  bool try_acquire(location where = location::current()) noexcept { return count_.take(time_point::min(), where); }
  template <class Rep, class Period>
  bool try_acquire_for(const std::chrono::duration<Rep, Period>& duration, location where = location::current()) {
    return count_.take(deadline_after(duration), where);
  }
  template <class Clock, class Duration>
  bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& until, location where = location::current()) {
    return count_.take(deadline_at(until), where);
  }

private:
  counter count_;
};

using binary_semaphore = counting_semaphore<1>;

/// std::latch.
class latch {
public:
  constexpr explicit latch(std::ptrdiff_t expected) noexcept : left_(static_cast<std::uint64_t>(expected)) {}
  latch(const latch&) = delete;
  latch& operator=(const latch&) = delete;

  static constexpr std::ptrdiff_t(max)() noexcept { return std::latch::max(); }
  void count_down(std::ptrdiff_t by = 1, location where = location::current()) {
    left_.release([&](std::uint64_t left) { return left - static_cast<std::uint64_t>(by); }, where);
  }
  bool try_wait(location where = location::current()) const noexcept { return wait_until(time_point::min(), where); }
  void wait(location where = location::current()) const { (void)wait_until(time_point::max(), where); }
  void arrive_and_wait(std::ptrdiff_t by = 1, location where = location::current()) {
    count_down(by, where);
    wait(where);
  }

private:
  bool wait_until(time_point until, const location& where) const {
    return left_.change([](std::uint64_t left) { return left == 0; }, [](std::uint64_t left) { return left; }, until,
                        where);
  }

  mutable waited_word left_;
};

/// std::barrier.
template <class Completion = decltype([] noexcept {})>
class barrier {
public:
  using arrival_token = std::uint64_t;

  explicit barrier(std::ptrdiff_t expected, Completion completion = Completion())
      : expected_(expected), left_(expected), completion_(std::move(completion)) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  [[nodiscard]] arrival_token arrive(std::ptrdiff_t by = 1, location where = location::current()) {
    const unique_lock guard(arriving_, where);
    const arrival_token phase = phase_.newest();
    if ((left_ -= by) == 0) {
      completion_();
      left_ = expected_;
      phase_.release([](std::uint64_t before) { return before + 1; }, where);
    }
    return phase;
  }
  void wait(arrival_token phase, location where = location::current()) const {
    (void)phase_.change([&](std::uint64_t now) { return now != phase; }, [](std::uint64_t now) { return now; },
                        time_point::max(), where);
  }
  void arrive_and_wait(location where = location::current()) { wait(arrive(1, where), where); }
  void arrive_and_drop(location where = location::current()) {
    --expected_;
    (void)arrive(1, where);
  }

private:
  mutex arriving_;
  std::ptrdiff_t expected_;
  std::ptrdiff_t left_;
  Completion completion_;
  mutable waited_word phase_{0};
};

// <semaphore.h>: a sem_t holds a counter.
static_assert(sizeof(counter) <= sizeof(::sem_t) && alignof(counter) <= alignof(::sem_t));

inline counter& counter_in(::sem_t* semaphore) noexcept { return *reinterpret_cast<counter*>(semaphore); }

inline int modelled_sem_init(::sem_t* semaphore, int, unsigned value) {
  ::new (static_cast<void*>(semaphore)) counter(static_cast<std::ptrdiff_t>(value));
  return 0;
}
inline int modelled_sem_destroy(::sem_t*) noexcept { return 0; }
inline int modelled_sem_post(::sem_t* semaphore, location where = location::current()) {
  counter_in(semaphore).add(1, where);
  return 0;
}
inline int sem_wait_until(::sem_t* semaphore, time_point until, int otherwise, const location& where) {
  if (counter_in(semaphore).take(until, where)) return 0;
  errno = otherwise;
  return -1;
}
inline int modelled_sem_wait(::sem_t* semaphore, location where = location::current()) {
  return sem_wait_until(semaphore, time_point::max(), 0, where);
}
inline int modelled_sem_trywait(::sem_t* semaphore, location where = location::current()) {
  return sem_wait_until(semaphore, time_point::min(), EAGAIN, where);
}
inline int modelled_sem_timedwait(::sem_t* semaphore, const std::timespec* until,
                                  location where = location::current()) {
  return sem_wait_until(semaphore, deadline_at(*until), ETIMEDOUT, where);
}
inline int modelled_sem_clockwait(::sem_t* semaphore, ::clockid_t, const std::timespec* until,
                                  location where = location::current()) {
  return modelled_sem_timedwait(semaphore, until, where);
}
inline int modelled_sem_getvalue(::sem_t* semaphore, int* value) {
  *value = static_cast<int>(counter_in(semaphore).newest());
  return 0;
}

}  // namespace sluice::models::shadow
