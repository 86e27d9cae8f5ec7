#pragma once

#include <sluice/detail/waiter.hpp>
#include <sluice/result.hpp>

#include <cstdint>

namespace sluice::detail {

/// A waiter's place in one channel's list. A select has one for each of its arms.
struct wait_entry {
  waiter* owner = nullptr;
  std::uint32_t arm = 0;
  void* packet = nullptr;  ///< where the message is, or is to go, in a direct hand-off
  wait_entry* previous = nullptr;
  wait_entry* next = nullptr;
  bool linked = false;

  ~wait_entry() { platform::expects(!linked, "a waiter has gone that still stands in a channel's line"); }
};

/// Waiters in order of arrival. Not synchronised: the owner's lock guards it.
///
/// An entry is unlinked before its waiter is selected, because a selected waiter may leave at once and take the entry
/// with it.
class wait_list {
public:
  bool empty() const noexcept { return head_ == nullptr; }

  /// Lines an entry up, unless it stands in line already.
  void push(wait_entry& entry) noexcept {
    if (entry.linked) return;
    entry.previous = tail_;
    entry.next = nullptr;
    entry.linked = true;
    (tail_ ? tail_->next : head_) = &entry;
    tail_ = &entry;
  }

  void remove(wait_entry& entry) noexcept {
    if (!entry.linked) return;
    (entry.previous ? entry.previous->next : head_) = entry.next;
    (entry.next ? entry.next->previous : tail_) = entry.previous;
    entry.linked = false;
  }

  struct selected {
    waiter* owner;
    std::uint32_t arm;
    void* packet;
    const platform::futex_word* sleeps_on;  ///< where to wake the owner; null if it is awake, or only claimed
  };

  /// Takes the first waiter whose wait is not over yet and ends it with `how`; `owner` is null if there is none.
  selected select_first(outcome how) noexcept {
    while (head_) {
      wait_entry& entry = *head_;
      selected found{entry.owner, entry.arm, entry.packet, entry.owner->address()};
      remove(entry);
      const waiter::selection won = found.owner->select(how, found.arm);
      if (won == waiter::selection::awake || how == outcome::claimed) found.sleeps_on = nullptr;
      if (won != waiter::selection::lost) return found;
    }
    return {nullptr, 0, nullptr, nullptr};
  }

  /// Ends the first wait that is not over yet, if any, so that its owner tries again.
  void wake_one() noexcept {
    const selected found = select_first(outcome::woken);
    if (found.sleeps_on) platform::unpark(found.sleeps_on);
  }

  /// Ends every wait.
  void end_all(outcome how) noexcept {
    for (;;) {
      const selected found = select_first(how);
      if (!found.owner) return;
      if (found.sleeps_on) platform::unpark(found.sleeps_on);
    }
  }

  /// Whether somebody other than `self` waits here.
  bool other_than(const waiter& self) const noexcept {
    for (const wait_entry* entry = head_; entry; entry = entry->next) {
      if (entry->owner != &self && entry->owner->open()) return true;
    }
    return false;
  }

private:
  wait_entry* head_ = nullptr;
  wait_entry* tail_ = nullptr;
};

/// Looks on, tries, then sleeps, until an attempt comes to something or the deadline passes. Called after a first
/// glance was in vain, and kept out of its code.
template <class Glance, class Attempt, class Watch, class Unwatch>
[[gnu::noinline]] status wait_longer(platform::patience& patience, status pending, platform::time_point until,
                                     Glance glance, Attempt attempt, Watch watch, Unwatch unwatch) {
  for (;;) {
    status now = pending;
    const auto comes_to = [&](auto& operation) { return [&] { return (now = operation()) != pending; }; };
    if (patience.looks_on(until, comes_to(glance), comes_to(attempt))) return now;
    if (until != platform::time_point::max() && platform::now() >= until) return status::timeout;

    waiter self;
    wait_entry entry{.owner = &self};
    if (platform::second_look(watch(entry))) self.select(outcome::aborted);
    // Whoever ended the wait otherwise has taken the entry out.
    if (self.wait_until(until).how == outcome::aborted) unwatch(entry);
    now = attempt();
    if (now != pending) return now;
  }
}

/// Glances, then waits until an attempt comes to something or the deadline passes.
///
/// \param glance   an attempt that may overlook something, and disturbs peers less.
/// \param attempt  one non-blocking attempt; its result `pending` means "not now".
/// \param watch    lines an entry up, then looks again: whether an attempt could now give something else.
/// \param unwatch  takes the entry out again.
/// \returns  the attempt's result, or `status::timeout`.
template <class Glance, class Attempt, class Watch, class Unwatch>
status wait(platform::patience& patience, status pending, platform::time_point until, Glance glance, Attempt attempt,
            Watch watch, Unwatch unwatch) {
  const status now = glance();
  if (now != pending) [[likely]]
    return now;
  return wait_longer(patience, pending, until, glance, attempt, watch, unwatch);
}

/// The same, where an attempt is no more than a glance.
template <class Attempt, class Watch, class Unwatch>
status wait(platform::patience& patience, status pending, platform::time_point until, Attempt attempt, Watch watch,
            Unwatch unwatch) {
  return wait(patience, pending, until, attempt, attempt, watch, unwatch);
}

}  // namespace sluice::detail
