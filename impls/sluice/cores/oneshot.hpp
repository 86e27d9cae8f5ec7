#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/spin_then_lock.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::inline SLUICE_ABI::cores {

/// The shared state of a channel for exactly one message.
///
/// A word of flags and a slot. Setting `sent` is the linearization point of a send; the lock is taken only if the
/// receiver was registered by then.
///
/// \par Progress  sending and trying are wait-free unless the receiver sleeps; receiving blocks.
template <class T>
class oneshot {
public:
  using value_type = T;

  /// Called at most once.
  ///
  /// \param value    moved from.
  /// \param refused  gets the message back if the receiver has disconnected.
  void send(T& value, std::optional<T>& refused) noexcept {
    slot_.construct(std::move(value));
    // [O1] release, pairs with acquire [O2] and [O3]: a receiver that sees `sent` sees the message.
    const std::uint32_t before = flags_.fetch_or(sent, std::memory_order::release);
    if (before & receiver_left) {
      slot_.take(refused);
    } else if (before & registered) {
      wake(detail::outcome::woken);
    }
  }

  /// \returns  ok, empty or disconnected.
  status try_recv(std::optional<T>& out) noexcept {
    // [O2] acquire, pairs with release [O1] and [O4].
    const std::uint32_t now = flags_.load(std::memory_order::acquire);
    if ((now & sent) && !(now & taken)) {
      flags_.fetch_or(taken, std::memory_order::relaxed);
      slot_.take(out);
      return status::ok;
    }
    return now & (taken | sender_left) ? status::disconnected : status::empty;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    detail::adaptive_spin spin;
    return detail::wait(
        spin, status::empty, until, [&] { return try_recv(out); },
        [&](detail::wait_entry& entry) { return register_recv_waiter(entry); },
        [&](detail::wait_entry& entry) { unregister_recv_waiter(entry); });
  }

  bool register_recv_waiter(detail::wait_entry& entry) {
    {
      detail::spin_then_lock guard(mutex_);
      waiting_.push(entry);
    }
    // Relaxed: two read-modify-writes of one word are ordered, so either this one sees that an attempt can succeed, or
    // the sender sees `registered` and finds the entry under the lock.
    return flags_.fetch_or(registered, std::memory_order::relaxed) & (sent | sender_left);
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept {
    detail::spin_then_lock guard(mutex_);
    waiting_.remove(entry);
  }

  /// Whether a receive would return at once: with the message or with `disconnected`.
  bool ready() const noexcept { return flags_.load(std::memory_order::relaxed) & (sent | sender_left); }

  void close_senders() noexcept {
    // [O4] release, pairs with acquire [O2]: a receiver that returns `disconnected` sees all that the sender did.
    if (flags_.fetch_or(sender_left, std::memory_order::release) & registered) wake(detail::outcome::closed);
  }

  void close_receivers() noexcept {
    // [O3] acquire, pairs with release [O1]: a message sent before is destroyed here, one sent later goes back.
    const std::uint32_t before = flags_.fetch_or(receiver_left, std::memory_order::acquire);
    if ((before & sent) && !(before & taken)) {
      std::optional<T> unreceived;
      slot_.take(unreceived);
    }
  }

  std::size_t size() const noexcept {
    const std::uint32_t now = flags_.load(std::memory_order::relaxed);
    return (now & sent) && !(now & (taken | receiver_left)) ? 1 : 0;
  }
  std::optional<std::size_t> capacity() const noexcept { return 1; }

private:
  static constexpr std::uint32_t sent = 1;
  static constexpr std::uint32_t taken = 2;
  static constexpr std::uint32_t registered = 4;  // a receiver waits or has waited
  static constexpr std::uint32_t sender_left = 8;
  static constexpr std::uint32_t receiver_left = 16;

  void wake(detail::outcome how) noexcept {
    detail::spin_then_lock guard(mutex_);
    waiting_.end_all(how);
  }

  platform::atomic<std::uint32_t> flags_{0};
  platform::cell<T> slot_;
  platform::mutex mutex_;
  detail::wait_list waiting_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
