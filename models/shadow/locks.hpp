#pragma once

#include <models/shadow/call_site.hpp>
#include <models/shadow/clocks.hpp>
#include <models/shadow/word.hpp>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <new>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

/// The standard's mutexes, lock guards and condition variables, modelled.
namespace sluice::models::shadow {

inline objects<platform::mutex> mutexes;

/// The modelled state of the mutex at this address, whatever its interface.
inline platform::mutex& mutex_at(const void* address) {
  return mutexes.at(address, [](void* at) { return ::new (at) platform::mutex; });
}

/// std::mutex.
class mutex {
public:
  constexpr mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock(location where = location::current()) {
    mutex_at(this).lock(where);
    fair.step();
  }
  bool try_lock(location where = location::current()) {
    const bool locked = mutex_at(this).try_lock(where);
    fair.step();
    return locked;
  }
  void unlock(location where = location::current()) { mutex_at(this).unlock(where); }

private:
  // The size of the standard library's.
  [[maybe_unused]] alignas(std::mutex) std::byte unused_[sizeof(std::mutex)]{};
};

/// The state of a lock that threads wait for: a change of it and the sleep of a thread that finds it unfit are one step
/// each.
class waited_word {
public:
  constexpr explicit waited_word(std::uint64_t value) noexcept : value_(value) {
    if (!std::is_constant_evaluated()) access<std::uint64_t>(&value_).construct();
  }

  /// Waits until `fits(value)`, and then replaces the value by `next(value)`.
  ///
  /// \returns  whether it did so before the deadline.
  template <class Fits, class Next>
  bool change(Fits fits, Next next, time_point until, location where) {
    const access<std::uint64_t> on(&value_);
    for (;;) {
      platform::model::schedule_before(platform::model::access::update, &on.state(), where);
      if (fits(on.newest())) {
        const rl::preemption_disabler together(rl::ctx());
        on.update(next, std::memory_order::acquire, where);
        return true;
      }
      if (until == time_point::min()) {
        platform::model::did(platform::model::access::read, &on.state(), where);
        fair.step();
        return false;
      }
      if (platform::model::asleep.sleep(&value_, until, where)) until = time_point::min();
    }
  }
  /// Replaces the value by `next(value)`, and wakes all threads that wait for a change.
  template <class Next>
  void release(Next next, location where) {
    access<std::uint64_t>(&value_).update(next, std::memory_order::release, where);
    platform::model::wake_all(&value_, where);
  }
  std::uint64_t newest() const { return access<std::uint64_t>(const_cast<std::uint64_t*>(&value_)).newest(); }

private:
  std::uint64_t value_;
};

/// The operations of a mutex that can time out.
///
/// \tparam Self  has `lock_before(deadline, where)`, which returns whether it has locked before the deadline.
template <class Self>
class timed_lockable {
public:
  void lock(location where = location::current()) { (void)lock_before(time_point::max(), where); }
  bool try_lock(location where = location::current()) { return lock_before(time_point::min(), where); }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration, location where = location::current()) {
    return lock_before(deadline_after(duration), where);
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until, location where = location::current()) {
    return lock_before(deadline_at(until), where);
  }

private:
  bool lock_before(time_point until, const location& where) {
    return static_cast<Self&>(*this).lock_before(until, where);
  }
};

/// std::shared_timed_mutex, and with fewer members all that it offers more than.
class shared_timed_mutex : public timed_lockable<shared_timed_mutex> {
  friend timed_lockable;

public:
  void unlock(location where = location::current()) {
    platform::expects(state_.newest() == exclusive, "unlock() of a mutex that is not locked", where);
    state_.release([](std::uint64_t) { return std::uint64_t{0}; }, where);
  }

  void lock_shared(location where = location::current()) { (void)lock_also(time_point::max(), where); }
  bool try_lock_shared(location where = location::current()) { return lock_also(time_point::min(), where); }
  template <class Rep, class Period>
  bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration, location where = location::current()) {
    return lock_also(deadline_after(duration), where);
  }
  template <class Clock, class Duration>
  bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& until,
                             location where = location::current()) {
    return lock_also(deadline_at(until), where);
  }
  void unlock_shared(location where = location::current()) {
    const std::uint64_t now = state_.newest();
    platform::expects(now != 0 && now != exclusive, "unlock_shared() of a mutex that is not shared", where);
    state_.release([](std::uint64_t sharing) { return sharing - 1; }, where);
  }

private:
  static constexpr std::uint64_t exclusive = (std::numeric_limits<std::uint64_t>::max)();

  bool lock_before(time_point until, const location& where) {
    return state_.change([](std::uint64_t now) { return now == 0; }, [](std::uint64_t) { return exclusive; }, until,
                         where);
  }
  bool lock_also(time_point until, const location& where) {
    return state_.change([](std::uint64_t now) { return now != exclusive; },
                         [](std::uint64_t sharing) { return sharing + 1; }, until, where);
  }

  waited_word state_{0};
};

using shared_mutex = shared_timed_mutex;
using timed_mutex = shared_timed_mutex;

/// std::recursive_timed_mutex.
class recursive_timed_mutex : public timed_lockable<recursive_timed_mutex> {
  friend timed_lockable;

public:
  void unlock(location where = location::current()) {
    platform::expects(depth_ != 0, "unlock() of a mutex that is not locked", where);
    if (--depth_ == 0) state_.release([](std::uint64_t) { return std::uint64_t{0}; }, where);
  }

private:
  bool lock_before(time_point until, const location& where) {
    const std::uint64_t self = rl::thread_index() + 1u;
    if (state_.newest() != self && !state_.change([](std::uint64_t owner) { return owner == 0; },
                                                  [&](std::uint64_t) { return self; }, until, where)) {
      return false;
    }
    ++depth_;
    return true;
  }

  waited_word state_{0};
  unsigned depth_ = 0;  ///< the owner's
};

using recursive_mutex = recursive_timed_mutex;

/// Whether a lock of this type takes its caller's location.
template <class Lockable>
concept located = requires(Lockable& m, const location& where) {
  m.lock(where);
};

namespace detail {

template <class Lockable>
void lock(Lockable& m, const location& where) {
  if constexpr (located<Lockable>) {
    m.lock(where);
  } else {
    m.lock();
  }
}
template <class Lockable>
bool try_lock(Lockable& m, const location& where) {
  if constexpr (located<Lockable>) {
    return m.try_lock(where);
  } else {
    return m.try_lock();
  }
}
template <class Lockable>
void unlock(Lockable& m, const location& where) {
  if constexpr (located<Lockable>) {
    m.unlock(where);
  } else {
    m.unlock();
  }
}

}  // namespace detail

/// std::unique_lock: the standard library's would name its own lines as the places of its steps.
template <class Lockable>
class unique_lock {
public:
  using mutex_type = Lockable;

  unique_lock() noexcept = default;
  explicit unique_lock(Lockable& m, location where = location::current()) : mutex_(&m), where_(where) { lock(where); }
  unique_lock(Lockable& m, std::defer_lock_t, location where = location::current()) noexcept
      : mutex_(&m), where_(where) {}
  unique_lock(Lockable& m, std::try_to_lock_t, location where = location::current()) : mutex_(&m), where_(where) {
    (void)try_lock(where);
  }
  unique_lock(Lockable& m, std::adopt_lock_t, location where = location::current()) noexcept
      : mutex_(&m), where_(where), owns_(true) {}
  template <class Clock, class Duration>
  unique_lock(Lockable& m, const std::chrono::time_point<Clock, Duration>& until, location where = location::current())
      : mutex_(&m), where_(where), owns_(m.try_lock_until(until)) {}
  template <class Rep, class Period>
  unique_lock(Lockable& m, const std::chrono::duration<Rep, Period>& duration, location where = location::current())
      : mutex_(&m), where_(where), owns_(m.try_lock_for(duration)) {}
  unique_lock(unique_lock&& other) noexcept
      : mutex_(std::exchange(other.mutex_, nullptr)), where_(other.where_), owns_(std::exchange(other.owns_, false)) {}
  unique_lock& operator=(unique_lock&& other) noexcept {
    unique_lock(std::move(other)).swap(*this);
    return *this;
  }
  ~unique_lock() {
    if (owns_) detail::unlock(*mutex_, where_);
  }

  void lock(location where = location::current()) {
    require(!owns_, std::errc::resource_deadlock_would_occur);
    detail::lock(*mutex_, where);
    owns_ = true;
  }
  bool try_lock(location where = location::current()) {
    require(!owns_, std::errc::resource_deadlock_would_occur);
    return owns_ = detail::try_lock(*mutex_, where);
  }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
    require(!owns_, std::errc::resource_deadlock_would_occur);
    return owns_ = mutex_->try_lock_for(duration);
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until) {
    require(!owns_, std::errc::resource_deadlock_would_occur);
    return owns_ = mutex_->try_lock_until(until);
  }
  void unlock(location where = location::current()) {
    require(owns_, std::errc::operation_not_permitted);
    owns_ = false;
    detail::unlock(*mutex_, where);
  }

  void swap(unique_lock& other) noexcept {
    std::swap(mutex_, other.mutex_);
    std::swap(where_, other.where_);
    std::swap(owns_, other.owns_);
  }
  Lockable* release() noexcept {
    owns_ = false;
    return std::exchange(mutex_, nullptr);
  }
  bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }
  /// std::unique_lock::mutex(), whose name is renamed with that of the class.
  Lockable* modelled_mutex() const noexcept { return mutex_; }

private:
  void require(bool holds, std::errc otherwise) const {
    if (!mutex_) throw std::system_error(std::make_error_code(std::errc::operation_not_permitted));
    if (!holds) throw std::system_error(std::make_error_code(otherwise));
  }

  Lockable* mutex_ = nullptr;
  location where_{};
  bool owns_ = false;
};

/// std::shared_lock.
template <class Lockable>
class shared_lock {
public:
  using mutex_type = Lockable;

  shared_lock() noexcept = default;
  explicit shared_lock(Lockable& m, location where = location::current()) : mutex_(&m), where_(where) { lock(where); }
  shared_lock(Lockable& m, std::defer_lock_t, location where = location::current()) : mutex_(&m), where_(where) {}
  shared_lock(Lockable& m, std::try_to_lock_t, location where = location::current())
      : mutex_(&m), where_(where), owns_(m.try_lock_shared(where)) {}
  shared_lock(Lockable& m, std::adopt_lock_t, location where = location::current())
      : mutex_(&m), where_(where), owns_(true) {}
  shared_lock(shared_lock&& other) noexcept
      : mutex_(std::exchange(other.mutex_, nullptr)), where_(other.where_), owns_(std::exchange(other.owns_, false)) {}
  shared_lock& operator=(shared_lock&& other) noexcept {
    shared_lock(std::move(other)).swap(*this);
    return *this;
  }
  ~shared_lock() {
    if (owns_) mutex_->unlock_shared(where_);
  }

  void lock(location where = location::current()) {
    mutex_->lock_shared(where);
    owns_ = true;
  }
  bool try_lock(location where = location::current()) { return owns_ = mutex_->try_lock_shared(where); }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration, location where = location::current()) {
    return owns_ = mutex_->try_lock_shared_for(duration, where);
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until, location where = location::current()) {
    return owns_ = mutex_->try_lock_shared_until(until, where);
  }
  void unlock(location where = location::current()) {
    owns_ = false;
    mutex_->unlock_shared(where);
  }

  void swap(shared_lock& other) noexcept {
    std::swap(mutex_, other.mutex_);
    std::swap(where_, other.where_);
    std::swap(owns_, other.owns_);
  }
  /// std::shared_lock::mutex(), whose name is renamed with that of the class.
  Lockable* modelled_mutex() const noexcept { return mutex_; }
  bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }

private:
  Lockable* mutex_ = nullptr;
  location where_{};
  bool owns_ = false;
};

/// std::lock_guard.
template <class Lockable>
class lock_guard {
public:
  using mutex_type = Lockable;

  explicit lock_guard(Lockable& m, location where = location::current()) : mutex_(m), where_(where) {
    detail::lock(m, where);
  }
  lock_guard(Lockable& m, std::adopt_lock_t, location where = location::current()) : mutex_(m), where_(where) {}
  ~lock_guard() { detail::unlock(mutex_, where_); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;

private:
  Lockable& mutex_;
  location where_;
};

/// Locks all, in an order that cannot deadlock.
template <class First, class... Others>
void lock_all(const location& where, First& first, Others&... others) {
  for (;;) {
    detail::lock(first, where);
    if constexpr (sizeof...(Others) == 0) return;
    std::size_t locked = 0;
    if (((detail::try_lock(others, where) && (++locked, true)) && ...)) return;
    std::size_t held = 0;
    ((held++ < locked ? detail::unlock(others, where) : void()), ...);
    detail::unlock(first, where);
    platform::yield();
  }
}

/// std::scoped_lock.
template <class... Lockables>
class scoped_lock {
public:
  [[gnu::noinline]] explicit scoped_lock(Lockables&... locks) : locks_(locks...), where_(SLUICE_CALLER) {
    if constexpr (sizeof...(Lockables) != 0) lock_all(where_, locks...);
  }
  [[gnu::noinline]] explicit scoped_lock(std::adopt_lock_t, Lockables&... locks)
      : locks_(locks...), where_(SLUICE_CALLER) {}
  ~scoped_lock() {
    std::apply([&](Lockables&... locks) { (detail::unlock(locks, where_), ...); }, locks_);
  }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

private:
  std::tuple<Lockables&...> locks_;
  location where_;
};

inline objects<platform::lifetime> sleepers;

/// A thread waits at this address, or wakes those that do: a use of the object there.
inline void use_sleepers(const void* address, const location& where) {
  sleepers.at(address, [](void* at) { return ::new (at) platform::lifetime; }).used(platform::model::at(where));
}

inline void wake_one(const void* address, const location& where) {
  platform::model::schedule_before(platform::model::access::wake, address, where);
  use_sleepers(address, where);
  platform::model::wake_one(address, where);
  fair.step();
}
inline void wake_all(const void* address, const location& where) {
  platform::model::schedule_before(platform::model::access::wake, address, where);
  use_sleepers(address, where);
  platform::model::wake_all(address, where);
  fair.step();
}

/// Unlocks and falls asleep in one step, and locks again when it wakes.
///
/// \returns  whether the deadline ended the sleep.
template <class Lock>
bool sleep_unlocked(const void* address, Lock& guard, time_point until, const location& where) {
  platform::model::schedule_before(platform::model::access::sleep, address, where);
  {
    const rl::preemption_disabler together(rl::ctx());
    use_sleepers(address, where);
    detail::unlock(guard, where);
  }
  const bool expired = platform::model::asleep.sleep(address, until, where);
  detail::lock(guard, where);
  return expired;
}

/// std::condition_variable_any, and std::condition_variable.
class condition_variable_any {
public:
  constexpr condition_variable_any() noexcept = default;
  condition_variable_any(const condition_variable_any&) = delete;
  condition_variable_any& operator=(const condition_variable_any&) = delete;

  template <class Lock>
  void wait(Lock& guard, location where = location::current()) {
    (void)sleep_unlocked(this, guard, time_point::max(), where);
  }
  template <class Lock, class Predicate>
  requires std::predicate<Predicate&>
  void wait(Lock& guard, Predicate ready, location where = location::current()) {
    while (!ready()) wait(guard, where);
  }
  template <class Lock, class Clock, class Duration>
  std::cv_status wait_until(Lock& guard, const std::chrono::time_point<Clock, Duration>& until,
                            location where = location::current()) {
    return sleep_unlocked(this, guard, deadline_at(until), where) ? std::cv_status::timeout
                                                                  : std::cv_status::no_timeout;
  }
  template <class Lock, class Clock, class Duration, class Predicate>
  requires std::predicate<Predicate&>
  bool wait_until(Lock& guard, const std::chrono::time_point<Clock, Duration>& until, Predicate ready,
                  location where = location::current()) {
    while (!ready()) {
      if (wait_until(guard, until, where) == std::cv_status::timeout) return ready();
    }
    return true;
  }
  template <class Lock, class Rep, class Period>
  std::cv_status wait_for(Lock& guard, const std::chrono::duration<Rep, Period>& duration,
                          location where = location::current()) {
    return wait_until(guard, deadline_after(duration), where);
  }
  template <class Lock, class Rep, class Period, class Predicate>
  requires std::predicate<Predicate&>
  bool wait_for(Lock& guard, const std::chrono::duration<Rep, Period>& duration, Predicate ready,
                location where = location::current()) {
    return wait_until(guard, deadline_after(duration), std::move(ready), where);
  }
  void notify_one(location where = location::current()) noexcept { wake_one(this, where); }
  void notify_all(location where = location::current()) noexcept { wake_all(this, where); }

private:
  [[maybe_unused]] alignas(std::condition_variable) std::byte unused_[sizeof(std::condition_variable)]{};
};

using condition_variable = condition_variable_any;

}  // namespace sluice::models::shadow
