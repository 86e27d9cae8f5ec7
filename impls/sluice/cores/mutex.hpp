#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

namespace sluice::cores {

/// The textbook channel: a queue, a mutex and two condition variables, bounded or unbounded.
///
/// The yardstick for every other core, and the one to start from when writing one's own.
///
/// \par Progress  blocking; every operation takes the lock.
/// \par Ordering  global: the lock orders all operations.
template <class T>
class mutex {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true};

  mutex() = default;

  /// \throws std::length_error  for a capacity of 0, at which nothing could ever be sent.
  explicit mutex(std::size_t capacity) : capacity_(capacity) {
    if (capacity == 0) throw std::length_error("sluice: a queue needs a capacity of at least 1");
  }

  status try_send(T& value) {
    platform::unique_lock guard(mutex_);
    const status now = push_if_room(value);
    if (now == status::ok) not_empty_.notify_one();
    return now;
  }

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(mutex_);
    status now = push_if_room(value);
    while (now == status::full && wait(not_full_, guard, until)) now = push_if_room(value);
    if (now == status::ok) not_empty_.notify_one();
    return now == status::full ? status::timeout : now;
  }

  status try_recv(std::optional<T>& out) {
    platform::unique_lock guard(mutex_);
    const status now = pop_if_any(out);
    if (now == status::ok) not_full_.notify_one();
    return now;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(mutex_);
    status now = pop_if_any(out);
    while (now == status::empty && wait(not_empty_, guard, until)) now = pop_if_any(out);
    if (now == status::ok) not_full_.notify_one();
    return now == status::empty ? status::timeout : now;
  }

  void close_senders() {
    platform::unique_lock guard(mutex_);
    senders_gone_ = true;
    not_empty_.notify_all();
  }

  void close_receivers() {
    std::deque<T> unreceived;
    {
      platform::unique_lock guard(mutex_);
      receivers_gone_ = true;
      unreceived.swap(queue_);
      not_full_.notify_all();
    }
  }

  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    return queue_.size();
  }

  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

protected:
  status push_if_room(T& value) {
    if (receivers_gone_) return status::disconnected;
    if (capacity_ && queue_.size() >= *capacity_) return status::full;
    queue_.push_back(std::move(value));
    return status::ok;
  }

  status pop_if_any(std::optional<T>& out) {
    if (queue_.empty()) return senders_gone_ ? status::disconnected : status::empty;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    return status::ok;
  }

  /// \returns  false once the deadline has passed.
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
  bool senders_gone_ = false;
  bool receivers_gone_ = false;
};

}  // namespace sluice::cores
