#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/raise.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace sluice::inline SLUICE_ABI::cores {

/// Queue with one mutex and two condition variables, bounded or unbounded (the monitor of Hoare, 1974).
///
/// A select registers beside the condition variables, in a list of its own.
///
/// The baseline for the other cores, and the one to start from when writing your own.
///
/// \tparam Queue  the container of the messages; it determines their order and cost.
/// \par Progress  blocking; every operation takes the lock.
/// \par Ordering  global: the lock orders all operations.
template <class T, class Queue = std::deque<T>>
class mutex {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true};

  mutex() = default;

  /// \throws std::length_error  for a capacity of 0, at which no send could ever succeed.
  explicit mutex(std::size_t capacity) : capacity_(capacity) {
    if (capacity == 0) detail::raise<std::length_error>("sluice: a queue needs a capacity of at least 1");
  }

  status try_send(T& value) {
    platform::unique_lock guard(mutex_);
    const status now = push_if_room(value);
    if (now == status::ok) tell_one(not_empty_, selecting_receivers_);
    return now;
  }

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(mutex_);
    status now = push_if_room(value);
    while (now == status::full && wait(not_full_, guard, until)) now = push_if_room(value);
    if (now == status::ok) tell_one(not_empty_, selecting_receivers_);
    return now == status::full ? status::timeout : now;
  }

  status try_recv(std::optional<T>& out) {
    platform::unique_lock guard(mutex_);
    const status now = pop_if_any(out);
    if (now == status::ok) tell_one(not_full_, selecting_senders_);
    return now;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(mutex_);
    status now = pop_if_any(out);
    while (now == status::empty && wait(not_empty_, guard, until)) now = pop_if_any(out);
    if (now == status::ok) tell_one(not_full_, selecting_senders_);
    return now == status::empty ? status::timeout : now;
  }

  std::size_t try_send_many(std::span<T> messages) {
    platform::unique_lock guard(mutex_);
    // Also where a push throws: what was sent before it stays sent.
    wake_up_for wakened{not_empty_, selecting_receivers_};
    for (T& message : messages) {
      if (push_if_room(message) != status::ok) break;
      ++wakened.count;
    }
    return wakened.count;
  }

  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    platform::unique_lock guard(mutex_);
    wake_up_for wakened{not_full_, selecting_senders_};
    contents_.write();
    for (; wakened.count < most && !queue_.empty(); ++wakened.count) pop(out);
    return wakened.count;
  }

  bool register_send_waiter(detail::wait_entry& entry) {
    platform::unique_lock guard(mutex_);
    selecting_senders_.push(entry);
    contents_.read();
    return receivers_disconnected_ || has_room();
  }
  void unregister_send_waiter(detail::wait_entry& entry) noexcept { unregister_waiter(selecting_senders_, entry); }

  bool register_recv_waiter(detail::wait_entry& entry) {
    platform::unique_lock guard(mutex_);
    selecting_receivers_.push(entry);
    contents_.read();
    return senders_disconnected_ || !queue_.empty();
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { unregister_waiter(selecting_receivers_, entry); }

  void close_senders() {
    platform::unique_lock guard(mutex_);
    contents_.write();
    senders_disconnected_ = true;
    not_empty_.notify_all();
    selecting_receivers_.end_all(detail::outcome::closed);
  }

  void close_receivers() {
    {
      platform::unique_lock guard(mutex_);
      contents_.write();
      receivers_disconnected_ = true;
      not_full_.notify_all();
      selecting_senders_.end_all(detail::outcome::closed);
    }
    // One by one, since an empty queue to swap with may have to be allocated; each is destroyed without the lock, since
    // its destructor may use this channel.
    for (bool any = true; any;) {
      std::optional<T> unreceived;
      platform::unique_lock guard(mutex_);
      any = pop_if_any(unreceived) == status::ok;
    }
  }

  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    contents_.read();
    return queue_.size();
  }

  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

protected:
  status push_if_room(T& value) {
    contents_.write();
    if (receivers_disconnected_) return status::disconnected;
    if (!has_room()) return status::full;
    // If the push throws, the room that this sender was woken for is still free: another may use it.
    wake_up_for on_throw{not_full_, selecting_senders_, 1};
    queue_.push_back(std::move(value));
    on_throw.count = 0;
    return status::ok;
  }

  bool has_room() const noexcept { return !capacity_ || queue_.size() < *capacity_; }

  status pop_if_any(std::optional<T>& out) {
    contents_.write();
    if (queue_.empty()) return senders_disconnected_ ? status::disconnected : status::empty;
    pop(out);
    return status::ok;
  }

  template <class Out>
  void pop(Out& out) {
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
  }

  /// \returns  false once the deadline has passed.
  static bool wait(platform::condition_variable& changed, platform::unique_lock& guard, deadline until) {
    if (until == no_deadline) {
      changed.wait(guard);
      return true;
    }
    if (platform::now() >= until) return false;
    changed.wait_until(guard, until);
    return true;
  }

  /// Wakes one plain waiter and one select, since which of them waits longer is not known.
  static void tell_one(platform::condition_variable& changed, detail::wait_list& selecting) {
    changed.notify_one();
    selecting.wake_one();
  }

  /// At its end, also by an exception, tells so many waiters.
  struct wake_up_for {
    ~wake_up_for() {
      for (std::size_t left = count; left != 0; --left) tell_one(changed, selecting);
    }
    platform::condition_variable& changed;
    detail::wait_list& selecting;
    std::size_t count = 0;
  };

  void unregister_waiter(detail::wait_list& line, detail::wait_entry& entry) noexcept {
    platform::unique_lock guard(mutex_);
    line.remove(entry);
  }

  mutable platform::mutex mutex_;
  platform::condition_variable not_empty_;
  platform::condition_variable not_full_;
  detail::wait_list selecting_senders_;
  detail::wait_list selecting_receivers_;
  [[no_unique_address]] platform::plain_fields contents_;  // the queue and whether either side has disconnected
  Queue queue_;
  const std::optional<std::size_t> capacity_;
  bool senders_disconnected_ = false;
  bool receivers_disconnected_ = false;
};

}  // namespace sluice::inline SLUICE_ABI::cores
