#pragma once

#include <sluice/detail/wait_list.hpp>
#include <sluice/result.hpp>

namespace sluice::detail {

/// Where one side of a buffered channel sleeps. Woken first come, first served; a newcomer may still be quicker to take
/// what a sleeper was woken for, which then lines up again.
///
/// The protocol that loses no wake-up: a sleeper registers [Q1], then looks again at the channel; a peer changes the
/// channel, then looks for sleepers [Q2]. All four are seq_cst, so at least one of the two sees the other.
class wait_queue {
public:
  /// Wakes the longest waiting thread, if any, to try again.
  void notify_one() noexcept {
    // [Q2] seq_cst, pairs with [Q1]; the caller's change to the channel is seq_cst and comes before.
    if (occupied_.load(std::memory_order::seq_cst)) wake_first();
  }

  /// The same after a change to the channel of any order, and a light fence; sleepers make a heavy one before they look
  /// at the channel again.
  void notify_one_lightly() noexcept {
    if (occupied_.load(std::memory_order::relaxed)) wake_first();
  }

  /// Ends every wait: the other side went. The caller has marked the channel closed.
  void close() noexcept {
    platform::brief_lock guard(mutex_);
    waiters_.end_all(outcome::closed);
    publish_occupancy();
  }

  /// Lines up with those who wait. The caller looks at the channel again after it; nothing may rest on an earlier look.
  void watch(wait_entry& entry) noexcept {
    platform::brief_lock guard(mutex_);
    waiters_.push(entry);
    publish_occupancy();
  }

  void unwatch(wait_entry& entry) noexcept {
    platform::brief_lock guard(mutex_);
    waiters_.remove(entry);
    publish_occupancy();
  }

  /// detail::wait() in this queue.
  ///
  /// \param worth_trying  whether an attempt could now give something else than `pending`; reads seq_cst.
  template <class Glance, class Attempt, class Predicate>
  status wait(status pending, platform::time_point until, Glance glance, Attempt attempt, Predicate worth_trying) {
    return detail::wait(
        patience_, pending, until, glance, attempt,
        [&](wait_entry& entry) {
          watch(entry);
          return worth_trying();
        },
        [&](wait_entry& entry) { unwatch(entry); });
  }

  /// The same, where an attempt is no more than a glance.
  template <class Attempt, class Predicate>
  status wait(status pending, platform::time_point until, Attempt attempt, Predicate worth_trying) {
    return wait(pending, until, attempt, attempt, worth_trying);
  }

  /// For those who wait in this queue in a way of their own.
  platform::patience& patience() noexcept { return patience_; }

private:
  [[gnu::noinline]] void wake_first() noexcept {
    const platform::futex_word* sleeper = nullptr;
    {
      platform::brief_lock guard(mutex_);
      sleeper = waiters_.select_first(outcome::woken).sleeps_on;
      publish_occupancy();
    }
    if (sleeper) platform::unpark(sleeper);
  }

  void publish_occupancy() noexcept {
    // [Q1] seq_cst, pairs with [Q2]: see the class comment.
    occupied_.store(!waiters_.empty(), std::memory_order::seq_cst);
  }

  platform::mutex mutex_;
  wait_list waiters_;
  platform::patience patience_;
  // Busy peers read it at every operation, so it must not share a line with what changes at each; it changes only when
  // somebody sleeps, as the lock does.
  platform::atomic<bool> occupied_{false};
};

}  // namespace sluice::detail
