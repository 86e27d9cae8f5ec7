#pragma once

#include <sluice/cores/adapted.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mine {

/// A queue that knows nothing of sluice but its traits.
template <class T>
class queue {
public:
  static constexpr sluice::core_traits traits{.unbounded = true};

  bool try_push(T& value) {
    std::scoped_lock guard(mutex_);
    messages_.push_back(std::move(value));
    return true;
  }

  bool try_pop(std::optional<T>& out) {
    std::scoped_lock guard(mutex_);
    if (messages_.empty()) return false;
    out.emplace(std::move(messages_.front()));
    messages_.pop_front();
    return true;
  }

  std::size_t size() const {
    std::scoped_lock guard(mutex_);
    return messages_.size();
  }
  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  mutable std::mutex mutex_;
  std::deque<T> messages_;
};

template <class T>
using queue_channel = sluice::cores::adapted<T, queue<T>>;

}  // namespace mine
