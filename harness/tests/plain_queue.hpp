#pragma once

#include <sluice/cores/adapted.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

/// cores::adapted over a correct queue.
namespace sluice::honest {

/// A deque with a lock.
template <class T>
class plain_queue {
public:
  static constexpr core_traits traits{.unbounded = true, .bounded = true};

  plain_queue() = default;
  explicit plain_queue(std::size_t capacity) : capacity_(capacity) {}

  bool try_push(T& value) {
    platform::unique_lock guard(mutex_);
    if (capacity_ && queue_.size() >= *capacity_) return false;
    queue_.push_back(std::move(value));
    return true;
  }
  bool try_pop(std::optional<T>& out) {
    platform::unique_lock guard(mutex_);
    if (queue_.empty()) return false;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    return true;
  }
  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    return queue_.size();
  }
  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  mutable platform::mutex mutex_;
  std::deque<T> queue_;
  std::optional<std::size_t> capacity_;
};

template <class T>
using adapted_queue = cores::adapted<T, plain_queue<T>>;

}  // namespace sluice::honest
