#pragma once

/// sluice/platform.hpp under Relacy: the same names, with every access seen by the model checker.
///
/// Standard headers come first because relacy.hpp defines macros with common names; they are undefined again after it.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cmath>
#include <compare>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <expected>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <ostream>
#include <queue>
#include <random>
#include <regex>
#include <set>
#include <source_location>
#include <span>
#include <sstream>
#include <stack>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#ifndef RL_DO_ASSERT
#error "models need RL_DO_ASSERT=1: without it Relacy lets impossible memory orders pass"
#endif

// relacy.hpp gives them other values.
#pragma push_macro("EAGAIN")
#pragma push_macro("EBUSY")
#pragma push_macro("EINTR")
#pragma push_macro("EINVAL")
#pragma push_macro("ETIMEDOUT")
#pragma push_macro("EWOULDBLOCK")

#include <relacy/relacy.hpp>

#include <models/mutants.hpp>
#include <models/relacy_macros.hpp>
#include <models/step_log.hpp>

#include <sluice/detail/abi.hpp>

namespace sluice::inline SLUICE_ABI::platform {

using location = std::source_location;

namespace model {

inline rl::debug_info at(const location& where) {
  return {where.function_name(), where.file_name(), static_cast<unsigned>(where.line())};
}

inline rl::memory_order order(std::memory_order o) {
  switch (o) {
    case std::memory_order::relaxed: return rl::mo_relaxed;
    case std::memory_order::consume:
    case std::memory_order::acquire: return rl::mo_acquire;
    case std::memory_order::release: return rl::mo_release;
    case std::memory_order::acq_rel: return rl::mo_acq_rel;
    default: return rl::mo_seq_cst;
  }
}

/// The kind of a step.
enum class access : std::uint8_t { read, write, sleep, wake, woken, fence, update };

constexpr bool loads(access a) noexcept { return a == access::read || a == access::update; }
constexpr bool stores(access a) noexcept { return a == access::write || a == access::update; }

/// Observes every step of the running execution.
class step_observer {
public:
  virtual ~step_observer() = default;
  /// \param older  how many stores a load went back.
  virtual void did(access what, const void* object, unsigned older, const location& where) = 0;
  /// The strategy chose one of several alternatives for the running thread.
  virtual void chose(unsigned taken) = 0;
  virtual void began(std::size_t thread) = 0;
  virtual void ended(std::size_t thread) = 0;
};

inline step_observer* observing = nullptr;

/// How many stores behind the newest the running load's value is.
inline unsigned stores_back = 0;

/// Counts what shows that the process advances, for the watchdog.
inline std::atomic<std::uint64_t> steps{0};
inline void advance() noexcept { steps.store(steps.load(std::memory_order::relaxed) + 1, std::memory_order::relaxed); }

/// Whether the threads of the model run, rather than its set-up or tear-down.
inline bool playing = false;

/// Whether the running thread has made a visible step since it was last scheduled.
inline bool stepped = false;

/// Whether it has changed anything since.
inline bool changed = false;

/// Whether its last load returned a stale value.
inline bool read_old = false;

inline void did(access what, const void* object, const location& where) {
  const unsigned older = std::exchange(stores_back, 0);
  advance();
  if (!playing) return;
  stepped = true;
  changed |= stores(what) || what == access::wake || what == access::fence;
  if (what == access::read) read_old = older != 0;
  if (observing) observing->did(what, object, older, where);
}

/// The running thread is about to make a step.
inline void about_to(access what, const void* object, const location& where) {
  if (!playing) return;
  models::steps_of_threads.about_to(
      static_cast<std::size_t>(rl::ctx().threadx_->index_), object, what != access::read,
      reinterpret_cast<std::uintptr_t>(where.file_name()) * 31 + where.line() * 1024 + where.column());
}

/// The running thread is about to make a step that Relacy does not begin with a scheduling point.
inline void schedule_before(access what, const void* object, const location& where) {
  about_to(what, object, where);
  rl::ctx().sched();
}

/// A thread of a scenario has begun or ended an operation.
inline void began(std::size_t thread) {
  if (observing) observing->began(thread);
}
inline void ended(std::size_t thread) {
  if (observing) observing->ended(thread);
}

/// Whether the running thread yields.
inline bool yields = false;

/// The model's clock: it advances only when a wait times out, to the wait's deadline.
inline std::chrono::steady_clock::time_point time{};

/// Whether what rarely happens does: a weak compare-and-swap fails although the value is the expected one, or a thread
/// that is woken runs only after its deadline.
inline bool misfortune() { return rl::ctx().rand(4, rl::sched_type_cas_fail) == 0; }

/// The threads that have started, and whether any has executed a fence on behalf of all.
inline std::array<rl::thread_info_base*, 16> fibers{};
inline bool fenced = false;

/// A full fence on behalf of a thread, which need not be the running one.
inline void fence_of(rl::thread_info_base& thread) {
  rl::context& c = rl::ctx();
  rl::preemption_disabler together(c);
  rl::thread_info_base* const self = std::exchange(c.threadx_, &thread);
  c.atomic_thread_fence_seq_cst();
  c.threadx_ = self;
}

/// The running thread starts: earlier fences on behalf of all threads apply to it.
inline void started() {
  rl::thread_info_base& self = *rl::ctx().threadx_;
  fibers[static_cast<std::size_t>(self.index_)] = &self;
  if (fenced) fence_of(self);
}

/// Threads that sleep on an address. A wake-up itself orders no memory: a thread that relies on the waker's writes
/// needs its own acquire, and Relacy reports the race if it is missing.
class sleepers {
public:
  void clear() noexcept { count_ = 0; }

  /// \returns  whether the wait ended by its deadline.
  bool sleep(const void* address, std::chrono::steady_clock::time_point until, const location& where) {
    rl::context& c = rl::ctx();
    const auto self = c.current_thread();
    did(access::sleep, address, where);
    at_[count_++] = {address, self};
    const bool timed = until != std::chrono::steady_clock::time_point::max();
    const auto seen = c.threadx_->last_yield_;
    const rl::unpark_reason reason = c.park_current_thread(timed, true, false, at(where));
    // In Relacy a thread that has slept no longer reads stale values; C++ has no such rule.
    c.threadx_->last_yield_ = seen;
    did(access::woken, address, where);
    if (observing && playing) observing->chose(static_cast<unsigned>(reason));
    if (reason != rl::unpark_reason_normal) remove(self);
    const bool expired = reason == rl::unpark_reason_timeout;
    // A thread that is woken may be late: when it runs again, its deadline has passed.
    if (expired || (timed && reason == rl::unpark_reason_normal && time < until && misfortune())) {
      time = std::max(time, until);
      did(access::write, &time, where);
    }
    return expired;
  }

  /// Whether this thread sleeps.
  bool has(rl::thread_id_t thread) const noexcept {
    return std::any_of(at_.begin(), at_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [&](const sleeper& s) { return s.thread == thread; });
  }

  /// Wakes one of the threads that sleep there, as the strategy chooses. \returns  whether there was one.
  bool wake_one(const void* address, const location& where) {
    std::array<rl::thread_id_t, most> there{};
    unsigned number = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (at_[i].address == address) there[number++] = at_[i].thread;
    }
    did(access::wake, address, where);
    if (number == 0) return false;
    const auto thread = there[number == 1 ? 0 : rl::ctx().rand(number, rl::sched_type_user)];
    remove(thread);
    rl::ctx().unpark_thread(thread, false, at(where));
    return true;
  }

private:
  struct sleeper {
    const void* address;
    rl::thread_id_t thread;
  };

  void remove(rl::thread_id_t thread) noexcept {
    const auto end = at_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto found = std::find_if(at_.begin(), end, [&](const sleeper& s) { return s.thread == thread; });
    std::move(found + 1, end, found);
    --count_;
  }

  static constexpr std::size_t most = 16;
  std::array<sleeper, most> at_{};
  std::size_t count_ = 0;
};

inline sleepers asleep;

/// Wakes a thread that sleeps there, unless the running mutant forgets it.
inline void wake_one(const void* address, const location& where) {
  if (!models::mutation_sites.mutated(models::role::wake, where)) asleep.wake_one(address, where);
}

/// Wakes all threads that sleep there, unless the running mutant forgets some.
inline void wake_all(const void* address, const location& where) {
  if (models::mutation_sites.mutated(models::role::wake_all, where, models::mutation::dropped)) return;
  while (asleep.wake_one(address, where)) {
    if (models::mutation_sites.mutated(models::role::wake_all, where, models::mutation::one_for_all)) return;
  }
}

/// Resets the state at the start of an execution.
inline void begin() {
  time = {};
  fibers.fill(nullptr);
  fenced = false;
  asleep.clear();
}

}  // namespace model

/// Tracks an object's lifetime: Relacy reports an access that is not ordered after its construction and before its
/// destruction as a race.
class lifetime {
public:
  lifetime() {
    alive_(RL_INFO).store(1);
    model::did(model::access::write, this, location::current());
  }
  ~lifetime() {
    alive_(RL_INFO).store(0);
    model::did(model::access::write, this, location::current());
  }
  void used(const rl::debug_info& where) const { (void)alive_(where).load(); }

private:
  rl::var<int> alive_;
};

/// An atomic whose accesses carry their source locations. So it has the standard's named operations, and no operators.
///
/// \tparam Impl  Relacy's atomic.
template <class T, class Impl = rl::atomic<T>>
class atomic {
public:
  explicit(false) atomic(T value = T()) : impl_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order o = std::memory_order::seq_cst, location where = location::current()) const {
    const T value = impl_.load(order(o, models::role::load, where), used(model::access::read, where));
    model::did(model::access::read, this, where);
    return value;
  }
  void store(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    impl_.store(value, order(o, models::role::store, where), used(model::access::write, where));
    model::did(model::access::write, this, where);
  }
  T exchange(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.exchange(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               location where = location::current()) {
    const bool weak = models::mutation_sites.mutated(models::role::strong, where);
    return compare_exchange(weak, expected, desired, success, failure, where);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order o = std::memory_order::seq_cst,
                               location where = location::current()) {
    return compare_exchange_strong(expected, desired, o, of_failure(o), where);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure,
                             location where = location::current()) {
    return compare_exchange(true, expected, desired, success, failure, where);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order o = std::memory_order::seq_cst,
                             location where = location::current()) {
    return compare_exchange(true, expected, desired, o, of_failure(o), where);
  }
  T fetch_add(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.fetch_add(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }
  T fetch_sub(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.fetch_sub(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }
  T fetch_or(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.fetch_or(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }
  T fetch_and(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.fetch_and(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }
  T fetch_xor(T value, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) {
    return updated(impl_.fetch_xor(value, order(o, models::role::rmw, where), used(model::access::update, where)),
                   where);
  }

  void wait(T old, std::memory_order o = std::memory_order::seq_cst, location where = location::current()) const {
    while (load(o, where) == old) {
      model::schedule_before(model::access::sleep, this, where);
      if (newest() == old) model::asleep.sleep(this, std::chrono::steady_clock::time_point::max(), where);
    }
  }
  void notify_one(location where = location::current()) {
    model::schedule_before(model::access::wake, this, where);
    model::wake_one(this, where);
  }
  void notify_all(location where = location::current()) {
    model::schedule_before(model::access::wake, this, where);
    model::wake_all(this, where);
  }

  /// The newest value, as the kernel reads it under its own lock.
  T newest() const { return impl_.debug_value(); }

private:
  static constexpr std::memory_order of_failure(std::memory_order success) noexcept {
    if (success == std::memory_order::acq_rel) return std::memory_order::acquire;
    return success == std::memory_order::release ? std::memory_order::relaxed : success;
  }

  static rl::memory_order order(std::memory_order o, models::role r, const location& where) {
    return model::order(models::mutation_sites.order(o, r, where));
  }

  T updated(T before, const location& where) {
    model::did(model::access::update, this, where);
    return before;
  }

  /// Relacy rejects or strengthens some pairs of orders that C++ allows, so success and failure are requested
  /// separately.
  bool compare_exchange(bool weak, T& expected, T desired, std::memory_order success, std::memory_order failure,
                        const location& where) {
    const rl::memory_order succeeds = order(success, models::role::rmw, where);
    const rl::memory_order fails = order(failure, models::role::failure, where);
    const rl::debug_info info = used(model::access::update, where);
    rl::ctx().sched();
    rl::preemption_disabler together(rl::ctx());
    const bool equal = impl_.debug_value() == expected;
    if (equal && !(weak && model::misfortune())) {
      impl_.compare_exchange(rl::bool_t<false>(), expected, desired, succeeds, rl::mo_relaxed, info);
      model::did(model::access::update, this, where);
      return true;
    }
    T other = equal ? different_from(expected) : expected;
    // A failure reads the newest value. The success order does not matter; it must be compatible with the failure
    // order.
    impl_.compare_exchange(rl::bool_t<false>(), other, desired,
                           fails == rl::mo_relaxed ? rl::mo_relaxed : rl::mo_seq_cst, fails, info);
    expected = other;
    model::did(model::access::read, this, where);
    return false;
  }

  static T different_from(T value) noexcept {
    if constexpr (std::is_pointer_v<T>) {
      return value ? nullptr : reinterpret_cast<T>(alignof(std::max_align_t));
    } else {
      return static_cast<T>(value == T() ? T(1) : T());
    }
  }

  rl::debug_info used(model::access what, const location& where) const {
    const rl::debug_info info = model::at(where);
    life_.used(info);
    model::about_to(what, this, where);
    return info;
  }

  lifetime life_;
  Impl impl_;
};

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

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

inline constexpr time_point no_deadline = (time_point::max)();

inline time_point now(location where = location::current()) {
  model::schedule_before(model::access::read, &model::time, where);
  model::did(model::access::read, &model::time, where);
  return model::time;
}

// Not over-aligned: Relacy does not track such allocations.
inline constexpr std::size_t cache_line = alignof(std::max_align_t);
inline constexpr std::size_t block_slots = 2;
inline constexpr std::size_t laps_before_wrap = 1;

inline void expects(bool holds, const char* otherwise, location where = location::current()) {
  if (!holds) rl::ctx().fail_test(otherwise, rl::test_result_user_assert_failed, model::at(where));
}

/// Storage for one message, with a flag that Relacy checks: two unordered accesses race on the flag, and a message
/// constructed over another, or taken twice, is reported.
template <class T>
class cell {
public:
  cell() noexcept {}
  ~cell() { live_(RL_INFO).store(0); }
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;

  void construct(T&& value, location where = location::current()) {
    expect(false, "a message is constructed over another", where);
    live_(model::at(where)).store(1);
    std::construct_at(std::addressof(value_), std::move(value));
  }

  template <class Out>
  void take(Out& out, location where = location::current()) {
    expect(true, "a message is taken from an empty cell", where);
    live_(model::at(where)).store(0);
    out.emplace(std::move(value_));
    std::destroy_at(std::addressof(value_));
  }

private:
  void expect(bool live, const char* otherwise, const location& where) {
    expects((live_(model::at(where)).load() != 0) == live, otherwise, where);
  }

  rl::var<int> live_{0};
  union {
    T value_;
  };
};

/// The plain fields of an object: two unordered accesses of which one writes are a data race.
class plain_fields {
public:
  void read(location where = location::current()) const { (void)flag_(model::at(where)).load(); }
  void write(location where = location::current()) { flag_(model::at(where)).store(1); }

private:
  rl::var<int> flag_{0};
};

inline constexpr std::size_t most_bypasses = 1;
inline constexpr bool spinning_helps = false;
inline constexpr bool modelled = true;

inline void pause() noexcept {}
inline unsigned pauses_per_microsecond() noexcept { return 1; }

struct wake_up_time {
  static constexpr std::chrono::nanoseconds get() noexcept { return std::chrono::nanoseconds(1); }
};

/// Lets another thread run. Relacy's own yield would keep later loads from returning what this thread has seen before.
inline void yield() {
  model::yields = true;
  model::schedule_before(model::access::read, nullptr, location::current());
  model::yields = false;
}

inline void nap() { yield(); }

/// Only spinning reads it, and models do not spin.
class shared_hint {
public:
  std::uint8_t get() const noexcept { return 0; }
  void set(unsigned) noexcept {}
};

inline void full_fence(location where = location::current()) {
  if (models::mutation_sites.mutated(models::role::fence, where)) return;
  model::fence_of(*rl::ctx().threadx_);
  model::did(model::access::write, &model::fenced, where);
}

/// As on a system whose kernel fences on behalf of all threads.
class asymmetric_fence {
public:
  void light(location = location::current()) const noexcept {}

  void heavy(location where = location::current()) const {
    model::schedule_before(model::access::fence, &model::fenced, where);
    if (models::mutation_sites.mutated(models::role::fence, where)) return;
    model::fenced = true;
    model::fence_of(*rl::ctx().threadx_);
    for (rl::thread_info_base* other : model::fibers) {
      if (other && other != rl::ctx().threadx_) model::fence_of(*other);
    }
    model::fence_of(*rl::ctx().threadx_);
    model::did(model::access::fence, &model::fenced, where);
  }
};

inline void prefetch_for_write(const void*) noexcept {}
inline void prefault(const void*, std::size_t) noexcept {}

inline std::uint32_t random(std::uint32_t limit) { return limit < 2 ? 0 : rl::ctx().rand(limit, rl::sched_type_user); }

using futex_word = atomic<std::uint32_t>;

inline void park(const futex_word& word, std::uint32_t expected, time_point until,
                 location where = location::current()) {
  model::schedule_before(model::access::sleep, &word, where);
  const bool blind = models::mutation_sites.mutated(models::role::sleep, where);
  if (blind || word.newest() == expected) model::asleep.sleep(&word, until, where);
}

inline void unpark(const futex_word* word, location where = location::current()) {
  model::schedule_before(model::access::wake, word, where);
  model::wake_one(word, where);
}

inline bool recheck(bool found, location where = location::current()) {
  return found && !models::mutation_sites.mutated(models::role::recheck, where);
}

}  // namespace sluice::inline SLUICE_ABI::platform
