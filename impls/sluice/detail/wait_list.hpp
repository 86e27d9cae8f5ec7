#pragma once

#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/expired.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::inline SLUICE_ABI::detail {

/// A waiter's node in one channel's list. A select has one for each of its arms.
struct wait_entry {
  waiter* owner = nullptr;
  std::uint32_t arm = 0;
  void* packet = nullptr;  ///< where the message is, or goes to, in a direct hand-off
  wait_entry* previous = nullptr;
  wait_entry* next = nullptr;
  bool linked = false;
  // Only in a handoff_queue: the position of its side when it was registered, and how many had been served.
  bool waits_here_only = false;  ///< whether its owner has no other entry
  std::size_t since = 0;
  std::size_t served_before = 0;

  ~wait_entry() { platform::expects(!linked, "a waiter is destroyed while it is registered with a channel"); }
};

/// A wait in one list. Its cache line has no other variable of the thread that waits: a peer that ends the wait takes
/// the line away.
struct alignas(platform::cache_line) single_wait {
  explicit single_wait(void* packet = nullptr, bool waits_here_only = false) noexcept
      : entry{.owner = &self, .packet = packet, .waits_here_only = waits_here_only} {}

  waiter self;
  wait_entry entry;
};

/// An intrusive FIFO of waiters. Not synchronised: the owner's lock guards it.
///
/// An entry is unlinked before its waiter is selected, because a selected waiter may return at once, and the entry is
/// on its stack.
class wait_list {
public:
  bool empty() const noexcept { return first() == nullptr; }
  wait_entry* first() const noexcept {
    links_.read();
    return head_;
  }

  /// Appends an entry, unless it is linked already.
  void push(wait_entry& entry) noexcept {
    links_.write();
    if (entry.linked) return;
    entry.previous = tail_;
    entry.next = nullptr;
    entry.linked = true;
    (tail_ ? tail_->next : head_) = &entry;
    tail_ = &entry;
  }

  void remove(wait_entry& entry) noexcept {
    links_.write();
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

  /// Removes the first entry and ends its wait with `how`; `owner` is null if that wait is over already.
  /// \pre  !empty()
  selected end_first(outcome how) noexcept {
    wait_entry& entry = *first();
    selected found{entry.owner, entry.arm, entry.packet, entry.owner->address()};
    remove(entry);
    const waiter::selection won = found.owner->select(how, found.arm);
    if (won == waiter::selection::lost) return {nullptr, 0, nullptr, nullptr};
    if (won == waiter::selection::awake || how == outcome::claimed) found.sleeps_on = nullptr;
    return found;
  }

  /// The same for the first waiter that still waits; `owner` is null if there is none.
  selected select_first(outcome how) noexcept {
    selected found{nullptr, 0, nullptr, nullptr};
    while (first() && !found.owner) found = end_first(how);
    return found;
  }

  /// Ends the first wait that is not over yet, if any; its owner tries again.
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

  /// Whether a waiter other than `self` is registered here.
  bool other_than(const waiter& self) const noexcept {
    for (const wait_entry* entry = first(); entry; entry = entry->next) {
      if (entry->owner != &self && entry->owner->open()) return true;
    }
    return false;
  }

private:
  [[no_unique_address]] platform::plain_fields links_;  // of the list and of its entries
  wait_entry* head_ = nullptr;
  wait_entry* tail_ = nullptr;
};

/// Spins, attempts, then sleeps, until an attempt succeeds or the deadline passes. The slow path of wait(), not inlined
/// into it.
template <class Glance, class Attempt, class Register, class Unregister>
[[gnu::noinline]] status wait_longer(adaptive_spin& spin, status pending, platform::time_point until, Glance glance,
                                     Attempt attempt, Register register_waiter, Unregister unregister_waiter) {
  for (;;) {
    status now = pending;
    const auto comes_to = [&](auto& operation) { return [&] { return (now = operation()) != pending; }; };
    if (spin.spin_until(until, comes_to(glance), comes_to(attempt))) return now;
    if (expired(until)) return status::timeout;

    single_wait here;
    const bool worth_trying = spin.register_by([&] { return register_waiter(here.entry); });
    if (platform::recheck(worth_trying)) here.self.select(outcome::aborted);
    // A peer that ended the wait has removed the entry.
    if (here.self.wait_until(until).how == outcome::aborted) unregister_waiter(here.entry);
    now = attempt();
    if (now != pending) return now;
  }
}

/// Waits until an attempt succeeds or the deadline passes.
/// \param glance   a first attempt, which may miss what is there but disturbs peers less.
/// \param attempt  one exact, non-blocking attempt; its result `pending` means "not now".
/// \param register_waiter    registers an entry, then checks again whether an attempt may now succeed.
/// \param unregister_waiter  removes the entry.
/// \returns  the attempt's result, or `status::timeout`.
template <class Glance, class Attempt, class Register, class Unregister>
status wait(adaptive_spin& spin, status pending, platform::time_point until, Glance glance, Attempt attempt,
            Register register_waiter, Unregister unregister_waiter) {
  const status now = glance();
  if (now != pending) [[likely]]
    return now;
  return wait_longer(spin, pending, until, glance, attempt, register_waiter, unregister_waiter);
}

/// The same, where the exact attempt is cheap enough to be the first.
template <class Attempt, class Register, class Unregister>
status wait(adaptive_spin& spin, status pending, platform::time_point until, Attempt attempt, Register register_waiter,
            Unregister unregister_waiter) {
  return wait(spin, pending, until, attempt, attempt, register_waiter, unregister_waiter);
}

}  // namespace sluice::inline SLUICE_ABI::detail
