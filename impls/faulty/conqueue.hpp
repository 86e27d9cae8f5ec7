#pragma once

#include <sluice/bounded_queue.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <expected>
#include <optional>
#include <utility>

/// A queue of P0260 with a mistake.
namespace sluice::faulty {

/// close() wakes the threads that wait in pop(), and forgets those in push().
template <class T>
class half_close {
public:
  using value_type = T;

  explicit half_close(std::size_t most) : most_(most) {}

  bool push(T&& value) {
    platform::unique_lock guard(mutex_);
    while (!closed_ && queue_.size() >= most_) not_full_.wait(guard);
    return put(value);
  }
  conqueue_status try_push(T&& value) {
    platform::unique_lock guard(mutex_);
    if (!closed_ && queue_.size() >= most_) return conqueue_status::full;
    return put(value) ? conqueue_status::success : conqueue_status::closed;
  }
  std::optional<T> pop() {
    platform::unique_lock guard(mutex_);
    while (!closed_ && queue_.empty()) not_empty_.wait(guard);
    return get();
  }
  std::expected<T, conqueue_status> try_pop() {
    platform::unique_lock guard(mutex_);
    auto value = get();
    if (value) return std::move(*value);
    return std::unexpected(closed_ ? conqueue_status::closed : conqueue_status::empty);
  }

  bool is_closed() const noexcept {
    platform::unique_lock guard(mutex_);
    return closed_;
  }
  void close() noexcept {
    platform::unique_lock guard(mutex_);
    closed_ = true;
    not_empty_.notify_all();
  }

private:
  bool put(T& value) {
    if (closed_) return false;
    queue_.push_back(std::move(value));
    not_empty_.notify_one();
    return true;
  }
  std::optional<T> get() {
    std::optional<T> value;
    if (queue_.empty()) return value;
    value.emplace(std::move(queue_.front()));
    queue_.pop_front();
    not_full_.notify_one();
    return value;
  }

  mutable platform::mutex mutex_;
  platform::condition_variable not_empty_;
  platform::condition_variable not_full_;
  std::deque<T> queue_;
  const std::size_t most_;
  bool closed_ = false;
};

}  // namespace sluice::faulty
