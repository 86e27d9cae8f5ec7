#pragma once

#include <sluice/core.hpp>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

namespace mine {

/// The queue that many programs have: push, pop that waits, and close. It knows nothing of sluice.
template <class T>
class blocking_queue {
public:
  /// \returns  whether it took the value; not once the queue is closed to senders.
  bool push(T& value) {
    const std::scoped_lock guard(mutex_);
    if (refuses_) return false;
    messages_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }

  /// Waits for a message. \returns  nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock guard(mutex_);
    not_empty_.wait(guard, [&] { return !messages_.empty() || closed_; });
    if (messages_.empty()) return std::nullopt;
    std::optional<T> message(std::move(messages_.front()));
    messages_.pop_front();
    return message;
  }

  void close() {
    const std::scoped_lock guard(mutex_);
    closed_ = true;
    not_empty_.notify_all();
  }

  /// Destroys what is left, without the lock.
  void refuse() {
    std::list<T> left;  // destroyed after the lock is released; unlike a deque, it allocates nothing
    const std::scoped_lock guard(mutex_);
    refuses_ = true;
    left.swap(messages_);
  }

  std::size_t size() const {
    const std::scoped_lock guard(mutex_);
    return messages_.size();
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::list<T> messages_;
  bool closed_ = false;
  bool refuses_ = false;
};

/// It, as a channel: it has neither operations that do not wait nor deadlines.
template <class T>
class blocking {
public:
  using value_type = T;
  static constexpr sluice::core_traits traits{.unbounded = true, .timed = false, .tries = false};

  sluice::status send_until(T& value, sluice::deadline) {
    return queue_.push(value) ? sluice::status::ok : sluice::status::disconnected;
  }
  sluice::status recv_until(std::optional<T>& out, sluice::deadline) {
    auto message = queue_.pop();
    if (!message) return sluice::status::disconnected;
    out.emplace(std::move(*message));
    return sluice::status::ok;
  }
  void close_senders() { queue_.close(); }
  void close_receivers() { queue_.refuse(); }
  std::size_t size() const { return queue_.size(); }
  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  blocking_queue<T> queue_;
};

}  // namespace mine
