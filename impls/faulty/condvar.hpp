#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <bit>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

/// Textbook channels with one mistake each: what goes wrong with a mutex and condition variables in practice.
namespace sluice::faulty {

enum class mistake {
  silent_try_send,   ///< try_send forgets to wake a waiting receiver (rust-lang/rust#15761)
  if_for_while,      ///< a woken receiver does not look again whether there is a message for it
  one_for_all,       ///< the last sender's going wakes one receiver where all are due
  rounded_capacity,  ///< the capacity is rounded up to a power of two and still called exact
};

template <class T, mistake Mistake>
class condvar {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true};

  condvar() = default;
  explicit condvar(std::size_t capacity)
      : capacity_(capacity), room_(Mistake == mistake::rounded_capacity ? std::bit_ceil(capacity) : capacity) {}

  status try_send(T& value) {
    platform::unique_lock guard(mutex_);
    return push(value, Mistake != mistake::silent_try_send);
  }

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(mutex_);
    for (;;) {
      const status now = push(value, true);
      if (now != status::full) return now;
      if (!wait(not_full_, guard, until)) return status::timeout;
    }
  }

  status try_recv(std::optional<T>& out) {
    platform::unique_lock guard(mutex_);
    return pop(out);
  }

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(mutex_);
    for (;;) {
      const status now = pop(out);
      if (now != status::empty) return now;
      if (!wait(not_empty_, guard, until)) return status::timeout;
      if (Mistake == mistake::if_for_while && until == deadline::max()) {
        return pop(out) == status::ok ? status::ok : status::disconnected;
      }
    }
  }

  void close_senders() {
    platform::unique_lock guard(mutex_);
    senders_gone_ = true;
    if (Mistake == mistake::one_for_all) {
      not_empty_.notify_one();
    } else {
      not_empty_.notify_all();
    }
  }

  void close_receivers() {
    std::deque<T> unreceived;
    platform::unique_lock guard(mutex_);
    receivers_gone_ = true;
    unreceived.swap(queue_);
    not_full_.notify_all();
    guard.unlock();
  }

  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    return queue_.size();
  }

  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  status push(T& value, bool notify) {
    if (receivers_gone_) return status::disconnected;
    if (room_ && queue_.size() >= *room_) return status::full;
    queue_.push_back(std::move(value));
    if (notify) not_empty_.notify_one();
    return status::ok;
  }

  status pop(std::optional<T>& out) {
    if (queue_.empty()) return senders_gone_ ? status::disconnected : status::empty;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    not_full_.notify_one();
    return status::ok;
  }

  static bool wait(platform::condition_variable& changed, platform::unique_lock& guard, deadline until) {
    if (until == deadline::max()) {
      changed.wait(guard);
      return true;
    }
    if (platform::now() >= until) return false;
    changed.wait_until(guard, until);
    return true;
  }

  mutable platform::mutex mutex_;
  platform::condition_variable not_empty_;
  platform::condition_variable not_full_;
  std::deque<T> queue_;
  const std::optional<std::size_t> capacity_;
  const std::optional<std::size_t> room_;
  bool senders_gone_ = false;
  bool receivers_gone_ = false;
};

template <class T>
using silent_try_send = condvar<T, mistake::silent_try_send>;
template <class T>
using if_for_while = condvar<T, mistake::if_for_while>;
template <class T>
using one_for_all = condvar<T, mistake::one_for_all>;
template <class T>
using rounded_capacity = condvar<T, mistake::rounded_capacity>;

}  // namespace sluice::faulty
