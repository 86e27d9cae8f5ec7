#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::cores {

/// The shared state of one message on its way from one sender to one receiver.
///
/// A word of flags and a slot. The sender's one step that counts sets `sent`; the lock is taken only if the receiver
/// was asleep by then. Whichever side leaves last frees it.
///
/// \par Progress  sending and trying are wait-free unless the receiver sleeps; receiving blocks.
template <class T>
class oneshot {
public:
  using value_type = T;

  /// Called once at most. \returns  ok, or disconnected: `value` is then as it was.
  status send(T& value) noexcept {
    slot_.construct(std::move(value));
    // [O1] acq_rel, pairs with acquire [O2]: who sees `sent` sees the message. With [O3]: one of a sender and a
    // receiver that leave at once sees the other.
    const std::uint32_t before = flags_.fetch_or(sent, std::memory_order::acq_rel);
    if (before & receiver_left) {
      take_back(value);
      return status::disconnected;
    }
    if (before & watched) wake(detail::outcome::woken);
    return status::ok;
  }

  /// \returns  ok, empty or disconnected.
  status try_recv(std::optional<T>& out) noexcept {
    // [O2] acquire, pairs with release [O1].
    const std::uint32_t now = flags_.load(std::memory_order::acquire);
    if ((now & sent) && !(now & taken)) {
      slot_.take(out);
      flags_.fetch_or(taken, std::memory_order::relaxed);
      return status::ok;
    }
    return now & (taken | sender_left) ? status::disconnected : status::empty;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    return detail::wait(
        status::empty, until, [&] { return try_recv(out); },
        [&](detail::wait_entry& entry) { return watch_recv(entry); },
        [&](detail::wait_entry& entry) { unwatch_recv(entry); });
  }

  bool watch_recv(detail::wait_entry& entry) {
    {
      platform::unique_lock guard(mutex_);
      waiting_.push(entry);
    }
    // [O4] acq_rel, as [O2]: either this sees what the sender did, or the sender sees that it has to wake somebody.
    return flags_.fetch_or(watched, std::memory_order::acq_rel) & (sent | sender_left);
  }
  void unwatch_recv(detail::wait_entry& entry) noexcept {
    platform::unique_lock guard(mutex_);
    waiting_.remove(entry);
  }

  /// A receiver gets what was sent, or `disconnected`, without waiting.
  bool ready() const noexcept { return flags_.load(std::memory_order::acquire) & (sent | sender_left); }

  void close_senders() noexcept {
    if (flags_.fetch_or(sender_left, std::memory_order::acq_rel) & watched) wake(detail::outcome::closed);
  }

  void close_receivers() noexcept {
    // [O3] acq_rel, with [O1]: a message sent before is destroyed here, one sent later goes back to its sender.
    const std::uint32_t before = flags_.fetch_or(receiver_left, std::memory_order::acq_rel);
    if ((before & sent) && !(before & taken)) {
      std::optional<T> unreceived;
      slot_.take(unreceived);
    }
  }

  std::size_t size() const noexcept {
    const std::uint32_t now = flags_.load(std::memory_order::acquire);
    return (now & sent) && !(now & (taken | receiver_left)) ? 1 : 0;
  }
  std::optional<std::size_t> capacity() const noexcept { return 1; }

private:
  static constexpr std::uint32_t sent = 1;
  static constexpr std::uint32_t taken = 2;
  static constexpr std::uint32_t watched = 4;  // a receiver has waited, or waits
  static constexpr std::uint32_t sender_left = 8;
  static constexpr std::uint32_t receiver_left = 16;

  /// For slot_.take(): the caller's value, moved back where it came from.
  struct returned {
    T& value;
    void emplace(T&& back) noexcept {
      std::destroy_at(&value);
      std::construct_at(&value, std::move(back));
    }
  };

  void take_back(T& value) noexcept {
    returned to{value};
    slot_.take(to);
  }

  void wake(detail::outcome how) noexcept {
    platform::unique_lock guard(mutex_);
    waiting_.end_all(how);
  }

  platform::atomic<std::uint32_t> flags_{0};
  platform::cell<T> slot_;
  platform::mutex mutex_;
  detail::wait_list waiting_;
};

}  // namespace sluice::cores
