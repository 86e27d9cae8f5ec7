#pragma once

#include <sluice/detail/waiter.hpp>

namespace sluice::detail {

/// A waiter's place in one channel's list. A select will have one for each of its arms.
struct wait_entry {
  waiter* owner = nullptr;
  void* packet = nullptr;  ///< where the message is, or is to go, in a direct hand-off
  wait_entry* previous = nullptr;
  wait_entry* next = nullptr;
  bool linked = false;
};

/// Waiters in order of arrival. Not synchronised: the owner's lock guards it.
///
/// An entry is unlinked before its waiter is selected, because a selected waiter may leave at once and take the entry
/// with it.
class wait_list {
public:
  bool empty() const noexcept { return head_ == nullptr; }

  void push(wait_entry& entry) noexcept {
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
    void* packet;
    const platform::futex_word* address;
  };

  /// Takes the first waiter whose wait is not over yet and ends it with `how`; `owner` is null if there is none.
  selected select_first(outcome how) noexcept {
    while (head_) {
      wait_entry& entry = *head_;
      const selected found{entry.owner, entry.packet, entry.owner->address()};
      remove(entry);
      if (found.owner->select(how)) return found;
    }
    return {nullptr, nullptr, nullptr};
  }

  /// Ends every wait because the other side went.
  void close() noexcept {
    for (;;) {
      const selected found = select_first(outcome::closed);
      if (!found.owner) return;
      platform::unpark(found.address);
    }
  }

private:
  wait_entry* head_ = nullptr;
  wait_entry* tail_ = nullptr;
};

}  // namespace sluice::detail
