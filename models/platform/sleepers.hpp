#pragma once

#include <models/mutants.hpp>
#include <models/platform/observed_steps.hpp>

namespace sluice::inline SLUICE_ABI::platform {

namespace model {

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

}  // namespace model

}  // namespace sluice::inline SLUICE_ABI::platform
