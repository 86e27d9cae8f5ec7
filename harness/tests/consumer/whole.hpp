#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace mine {

/// A whole channel: bounded, with one condition variable.
///
/// Its mutex, condition variable and clock are those of <sluice/platform.hpp>, so that the model checker can run it.
template <class T>
class whole {
public:
  using value_type = T;
  static constexpr sluice::core_traits traits{.bounded = true};

  explicit whole(std::size_t capacity) : capacity_(capacity) {}

  sluice::status try_send(T& value) {
    sluice::platform::unique_lock guard(mutex_);
    return push(value);
  }

  sluice::status send_until(T& value, sluice::deadline until) {
    sluice::platform::unique_lock guard(mutex_);
    sluice::status now = push(value);
    while (now == sluice::status::full && wait(guard, until)) now = push(value);
    return now == sluice::status::full ? sluice::status::timeout : now;
  }

  sluice::status try_recv(std::optional<T>& out) {
    sluice::platform::unique_lock guard(mutex_);
    return pop(out);
  }

  sluice::status recv_until(std::optional<T>& out, sluice::deadline until) {
    sluice::platform::unique_lock guard(mutex_);
    sluice::status now = pop(out);
    while (now == sluice::status::empty && wait(guard, until)) now = pop(out);
    return now == sluice::status::empty ? sluice::status::timeout : now;
  }

  void close_senders() {
    sluice::platform::unique_lock guard(mutex_);
    senders_disconnected_ = true;
    changed_.notify_all();
  }

  /// Messages are destroyed without the lock, since their destructors may use the channel.
  void close_receivers() {
    {
      sluice::platform::unique_lock guard(mutex_);
      receivers_disconnected_ = true;
      changed_.notify_all();
    }
    for (bool any = true; any;) {
      std::optional<T> unreceived;
      sluice::platform::unique_lock guard(mutex_);
      any = pop(unreceived) == sluice::status::ok;
    }
  }

  std::size_t size() const {
    sluice::platform::unique_lock guard(mutex_);
    return messages_.size();
  }
  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  sluice::status push(T& value) {
    if (receivers_disconnected_) return sluice::status::disconnected;
    if (messages_.size() == capacity_) return sluice::status::full;
    messages_.push_back(std::move(value));
    changed_.notify_all();
    return sluice::status::ok;
  }

  sluice::status pop(std::optional<T>& out) {
    if (messages_.empty()) return senders_disconnected_ ? sluice::status::disconnected : sluice::status::empty;
    out.emplace(std::move(messages_.front()));
    messages_.pop_front();
    changed_.notify_all();
    return sluice::status::ok;
  }

  /// Whether the deadline is still to come.
  bool wait(sluice::platform::unique_lock& guard, sluice::deadline until) {
    if (until == sluice::no_deadline) {
      changed_.wait(guard);
      return true;
    }
    if (sluice::platform::now() >= until) return false;
    changed_.wait_until(guard, until);
    return true;
  }

  const std::size_t capacity_;
  mutable sluice::platform::mutex mutex_;
  sluice::platform::condition_variable changed_;
  std::deque<T> messages_;
  bool senders_disconnected_ = false;
  bool receivers_disconnected_ = false;
};

}  // namespace mine
