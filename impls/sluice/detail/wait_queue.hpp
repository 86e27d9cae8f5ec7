#pragma once

#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/spin_then_lock.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

namespace sluice::inline SLUICE_ABI::detail {

/// The queue in which one side of a buffered channel sleeps. Waiters are woken in FIFO order; a newcomer may still take
/// what a sleeper was woken for, which then registers again.
///
/// No wake-up is lost: a sleeper registers [Q1], then checks the channel again; a peer changes the channel, then checks
/// for sleepers [Q2]. All four accesses are seq_cst, so at least one of the two sees the other.
class wait_queue {
public:
  /// Wakes the thread that has waited longest, if any, to try again.
  void notify_one() noexcept {
    // [Q2] seq_cst, pairs with [Q1]; the caller's change to the channel is seq_cst and comes before.
    if (occupied_.load(std::memory_order::seq_cst)) wake_first();
  }

  /// The same after a change to the channel of any order and a light fence; sleepers execute a heavy fence before they
  /// check the channel again.
  void notify_one_lightly() noexcept {
    if (occupied_.load(std::memory_order::relaxed)) wake_first();
  }

  /// Ends every wait, after a change that is final.
  void notify_all() noexcept {
    // [Q3] seq_cst, pairs with [Q1]: as [Q2].
    if (occupied_.load(std::memory_order::seq_cst)) close();
  }

  /// Ends every wait: the other side has disconnected. The caller has marked the channel closed.
  void close() noexcept {
    spin_then_lock guard(mutex_);
    waiters_.end_all(outcome::closed);
    publish_occupancy();
  }

  /// Appends a waiter. The caller checks the channel again afterwards; an earlier check proves nothing.
  void register_waiter(wait_entry& entry) noexcept {
    spin_then_lock guard(mutex_);
    waiters_.push(entry);
    publish_occupancy();
  }

  void unregister_waiter(wait_entry& entry) noexcept {
    spin_then_lock guard(mutex_);
    waiters_.remove(entry);
    publish_occupancy();
  }

  /// detail::wait() in this queue.
  /// \param worth_trying  whether an attempt may now give another result than `pending`; reads seq_cst.
  template <class Glance, class Attempt, class Predicate>
  status wait(status pending, platform::time_point until, Glance glance, Attempt attempt, Predicate worth_trying) {
    return detail::wait(
        spin_, pending, until, glance, attempt,
        [&](wait_entry& entry) {
          register_waiter(entry);
          return worth_trying();
        },
        [&](wait_entry& entry) { unregister_waiter(entry); });
  }

  /// The same, where the exact attempt is cheap enough to be the first.
  template <class Attempt, class Predicate>
  status wait(status pending, platform::time_point until, Attempt attempt, Predicate worth_trying) {
    return wait(pending, until, attempt, attempt, worth_trying);
  }

  /// For cores that wait in this queue by other means than wait().
  adaptive_spin& spin() noexcept { return spin_; }

private:
  [[gnu::noinline]] void wake_first() noexcept {
    const platform::futex_word* sleeper = nullptr;
    {
      spin_then_lock guard(mutex_);
      sleeper = waiters_.select_first(outcome::woken).sleeps_on;
      publish_occupancy();
    }
    if (sleeper) platform::unpark(sleeper);
  }

  void publish_occupancy() noexcept {
    // [Q1] seq_cst, pairs with [Q2] and [Q3]: see the class comment.
    occupied_.store(!waiters_.empty(), std::memory_order::seq_cst);
  }

  platform::mutex mutex_;
  wait_list waiters_;
  adaptive_spin spin_;
  // Peers read it at every operation, so it must not share a cache line with what changes at each; like the lock, it
  // changes only when a thread sleeps.
  platform::atomic<bool> occupied_{false};
};

}  // namespace sluice::inline SLUICE_ABI::detail
