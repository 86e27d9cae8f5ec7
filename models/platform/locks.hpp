#pragma once

#include <models/platform/lifetime.hpp>
#include <models/platform/observed_steps.hpp>
#include <models/platform/sleepers.hpp>

namespace sluice::inline SLUICE_ABI::platform {

class mutex {
public:
  void lock(location where = location::current()) {
    const auto seen = rl::ctx().threadx_->last_yield_;
    model::about_to(model::access::write, this, where);
    impl_.lock(model::at(where));
    rl::ctx().threadx_->last_yield_ = seen;
    life_.used(model::at(where));
    model::did(model::access::write, this, where);
  }
  bool try_lock(location where = location::current()) {
    model::about_to(model::access::write, this, where);
    const bool locked = impl_.try_lock(model::at(where));
    life_.used(model::at(where));
    model::did(locked ? model::access::write : model::access::read, this, where);
    return locked;
  }
  void unlock(location where = location::current()) {
    life_.used(model::at(where));
    model::about_to(model::access::write, this, where);
    impl_.unlock(model::at(where));
    model::did(model::access::write, this, where);
  }

private:
  lifetime life_;
  rl::mutex impl_;
};

class unique_lock {
public:
  explicit unique_lock(mutex& m, location where = location::current()) : mutex_(m), where_(where) { lock(); }
  unique_lock(mutex& m, std::defer_lock_t, location where = location::current()) : mutex_(m), where_(where) {}
  ~unique_lock() {
    if (owns_) unlock(where_);
  }
  unique_lock(const unique_lock&) = delete;
  unique_lock& operator=(const unique_lock&) = delete;

  void lock() {
    mutex_.lock(where_);
    owns_ = true;
  }
  bool try_lock() { return owns_ = mutex_.try_lock(where_); }
  void unlock(location where = location::current()) {
    owns_ = false;
    mutex_.unlock(where);
  }
  bool owns_lock() const noexcept { return owns_; }

private:
  mutex& mutex_;
  location where_;
  bool owns_ = false;
};

class condition_variable {
public:
  void wait(unique_lock& guard, location where = location::current()) { (void)sleep(guard, deadline_never, where); }
  template <class Predicate>
  requires std::predicate<Predicate&>
  void wait(unique_lock& guard, Predicate ready, location where = location::current()) {
    while (!ready()) wait(guard, where);
  }
  std::cv_status wait_until(unique_lock& guard, std::chrono::steady_clock::time_point until,
                            location where = location::current()) {
    return sleep(guard, until, where) ? std::cv_status::timeout : std::cv_status::no_timeout;
  }
  template <class Predicate>
  requires std::predicate<Predicate&>
  bool wait_until(unique_lock& guard, std::chrono::steady_clock::time_point until, Predicate ready,
                  location where = location::current()) {
    while (!ready()) {
      if (wait_until(guard, until, where) == std::cv_status::timeout) return ready();
    }
    return true;
  }
  template <class Rep, class Period>
  std::cv_status wait_for(unique_lock& guard, std::chrono::duration<Rep, Period> duration,
                          location where = location::current()) {
    return wait_until(guard, model::time + duration, where);
  }
  template <class Rep, class Period, class Predicate>
  requires std::predicate<Predicate&>
  bool wait_for(unique_lock& guard, std::chrono::duration<Rep, Period> duration, Predicate ready,
                location where = location::current()) {
    return wait_until(guard, model::time + duration, ready, where);
  }
  void notify_one(location where = location::current()) {
    model::schedule_before(model::access::wake, this, where);
    life_.used(model::at(where));
    model::wake_one(this, where);
  }
  void notify_all(location where = location::current()) {
    model::schedule_before(model::access::wake, this, where);
    life_.used(model::at(where));
    model::wake_all(this, where);
  }

private:
  static constexpr auto deadline_never = std::chrono::steady_clock::time_point::max();

  /// Unlocking and falling asleep are one step, as in a real condition variable.
  ///
  /// \returns  whether the deadline ended it.
  bool sleep(unique_lock& guard, std::chrono::steady_clock::time_point until, const location& where) {
    model::schedule_before(model::access::sleep, this, where);
    {
      rl::preemption_disabler together(rl::ctx());
      life_.used(model::at(where));
      guard.unlock(where);
    }
    const bool expired = model::asleep.sleep(this, until, where);
    guard.lock();
    return expired;
  }

  lifetime life_;
};

}  // namespace sluice::inline SLUICE_ABI::platform
