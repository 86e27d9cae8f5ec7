#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/spin_then_lock.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace sluice::inline SLUICE_ABI::cores {

/// Synchronous queue (capacity zero) with direct hand-off: a send returns only once a receiver has its message.
///
/// After Scherer, Lea and Scott, Scalable Synchronous Queues (https://doi.org/10.1145/1506309), with a lock in place of
/// their lock-free lists: the first of two peers waits in a FIFO with a packet; the second claims the longest waiter
/// and moves the message from one stack to the other, outside the lock.
///
/// \par Progress  blocking; a claimed waiter waits the few instructions of its peer's move.
/// \par Ordering  global: hand-offs take effect in the order of their claims; waiters are served in FIFO order.
template <class T>
class rendezvous {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true,
                                      .least_capacity = 0,
                                      .greatest_capacity = 0,
                                      .messages_per_allocation = core_traits::no_allocation,
                                      .bypass = 0};

  explicit rendezvous(std::size_t = 0) {}

  /// \returns  full unless a receiver is waiting.
  status try_send(T& value) {
    detail::spin_then_lock guard(mutex_);
    return hand_over(value, guard);
  }

  status send_until(T& value, deadline until) {
    detail::spin_then_lock guard(mutex_);
    const status now = hand_over(value, guard);
    if (now != status::full) return now;
    // Any other message may have a move constructor of its own, which must not run under the lock.
    if constexpr (beside_waiter && std::is_trivially_copyable_v<T>) {
      wait_with_message here;
      here.entry.packet = std::addressof(here.message.emplace(std::move(value)));
      return wait(senders_, here, guard, until);
    } else {
      detail::single_wait here(std::addressof(value));
      return wait(senders_, here, guard, until);
    }
  }

  /// \returns  empty unless a sender is waiting.
  status try_recv(std::optional<T>& out) {
    detail::spin_then_lock guard(mutex_);
    return take_over(out, guard);
  }

  status recv_until(std::optional<T>& out, deadline until) {
    detail::spin_then_lock guard(mutex_);
    const status now = take_over(out, guard);
    if (now != status::empty) return now;
    if constexpr (beside_waiter) {
      wait_with_message here;
      here.entry.packet = std::addressof(here.message);
      const status end = wait(receivers_, here, guard, until);
      if (end == status::ok) out.emplace(std::move(*here.message));
      return end;
    } else {
      detail::single_wait here(std::addressof(out));
      return wait(receivers_, here, guard, until);
    }
  }

  /// A peer may now hand over through the entry's packet: a `T*` to take from, or a `std::optional<T>*` to fill.
  bool register_send_waiter(detail::wait_entry& entry) { return register_waiter(senders_, receivers_, entry); }
  void unregister_send_waiter(detail::wait_entry& entry) noexcept { unregister_waiter(senders_, entry); }
  bool register_recv_waiter(detail::wait_entry& entry) { return register_waiter(receivers_, senders_, entry); }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { unregister_waiter(receivers_, entry); }

  void close_senders() { close(receivers_); }
  void close_receivers() { close(senders_); }

  std::size_t size() const noexcept { return 0; }
  std::optional<std::size_t> capacity() const noexcept { return 0; }

protected:
  struct side : detail::wait_list {
    detail::adaptive_spin spin;
  };

  status hand_over(T& value, detail::spin_then_lock& guard) {
    if (closed_) return status::disconnected;
    const auto peer = receivers_.select_first(detail::outcome::claimed);
    if (!peer.owner) return status::full;
    guard.unlock();
    static_cast<std::optional<T>*>(peer.packet)->emplace(std::move(value));
    peer.owner->finish(peer.arm);
    return status::ok;
  }

  status take_over(std::optional<T>& out, detail::spin_then_lock& guard) {
    const auto peer = senders_.select_first(detail::outcome::claimed);
    if (!peer.owner) return closed_ ? status::disconnected : status::empty;
    guard.unlock();
    out.emplace(std::move(*static_cast<T*>(peer.packet)));
    peer.owner->finish(peer.arm);
    return status::ok;
  }

  /// Whether a message is so small that it waits beside the thread's waiter: a hand-off then moves fewer cache lines.
  static constexpr bool beside_waiter =
      platform::modelled || (sizeof(T) <= 4 * sizeof(void*) && alignof(T) <= alignof(std::max_align_t));
  struct wait_with_message : detail::single_wait {
    std::optional<T> message;
  };

  status wait(side& line, detail::single_wait& here, detail::spin_then_lock& guard, deadline until) {
    line.push(here.entry);
    guard.unlock();
    switch (here.self.wait_until(until, line.spin).how) {
      case detail::outcome::handed_over: return status::ok;
      case detail::outcome::closed: return status::disconnected;
      default: break;
    }
    unregister_waiter(line, here.entry);
    return status::timeout;
  }

  /// \returns  whether a peer waits on the other side. Two selects that wait for each other here meet because the later
  ///           one sees the earlier one's entry, under the lock.
  bool register_waiter(detail::wait_list& line, const detail::wait_list& opposite, detail::wait_entry& entry) {
    detail::spin_then_lock guard(mutex_);
    line.push(entry);
    return closed_ || opposite.other_than(*entry.owner);
  }

  void unregister_waiter(detail::wait_list& line, detail::wait_entry& entry) noexcept {
    detail::spin_then_lock guard(mutex_);
    line.remove(entry);
  }

  void close(detail::wait_list& line) {
    detail::spin_then_lock guard(mutex_);
    closed_ = true;
    line.end_all(detail::outcome::closed);
  }

  platform::mutex mutex_;
  side senders_;
  side receivers_;
  bool closed_ = false;
};

}  // namespace sluice::inline SLUICE_ABI::cores
