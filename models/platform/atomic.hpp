#pragma once

#include <models/mutants.hpp>
#include <models/platform/lifetime.hpp>
#include <models/platform/observed_steps.hpp>
#include <models/platform/sleepers.hpp>

namespace sluice::inline SLUICE_ABI::platform {

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

}  // namespace sluice::inline SLUICE_ABI::platform
