#pragma once

#include <sluice/cores/mutex.hpp>

#include <bit>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

/// Channels that hold another number of messages than they declare.
namespace sluice::faulty {

namespace detail {

constexpr std::size_t rounded_up(std::size_t capacity) noexcept { return std::bit_ceil(capacity); }
constexpr std::size_t one_more(std::size_t capacity) noexcept { return capacity + 1; }

/// Has room for `Real(capacity)` messages, yet declares its capacity exact.
template <class T, std::size_t (*Real)(std::size_t) noexcept>
class miscounted : public cores::mutex<T> {
public:
  miscounted() = default;
  explicit miscounted(std::size_t capacity) : cores::mutex<T>(Real(capacity)), asked_(capacity) {}

  std::optional<std::size_t> capacity() const noexcept { return asked_; }

private:
  std::optional<std::size_t> asked_;
};

/// Counts messages by positions that grow for ever, and compares these instead of their distance.
template <class T>
class compared_positions {
public:
  bool empty() const noexcept { return messages_.empty(); }
  std::size_t size() const noexcept { return last_ > first_ ? last_ - first_ : 0; }
  T& front() noexcept { return messages_.front(); }
  void push_back(T&& value) {
    messages_.push_back(std::move(value));
    ++last_;
  }
  void pop_front() noexcept {
    messages_.pop_front();
    ++first_;
  }

private:
  std::deque<T> messages_;
  std::size_t first_ = 0 - 2 * platform::laps_before_wrap;
  std::size_t last_ = first_;
};

}  // namespace detail

/// Once its positions wrap around, it counts no messages, and so has room for any number.
template <class T>
using compared_positions = cores::mutex<T, detail::compared_positions<T>>;

/// The capacity is rounded up to a power of two.
template <class T>
using rounded_capacity = detail::miscounted<T, detail::rounded_up>;

/// The bound is checked with <= instead of <.
template <class T>
using one_too_many = detail::miscounted<T, detail::one_more>;

/// A waiting send has reserved a slot; one that times out neither publishes it nor gives it back.
template <class T>
class unpublished : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  using base::base;

  status try_send(T& value) { return any_left() ? base::try_send(value) : status::full; }

  status send_until(T& value, deadline until) {
    if (!any_left()) return base::send_until(value, until);
    const status now = base::send_until(value, until);
    if (now == status::timeout) {
      platform::unique_lock guard(this->mutex_);
      ++reserved_;
    }
    return now;
  }

private:
  bool any_left() {
    platform::unique_lock guard(this->mutex_);
    return this->receivers_disconnected_ || !this->capacity_ || this->queue_.size() + reserved_ < *this->capacity_ ||
           this->queue_.size() >= *this->capacity_;
  }

  std::size_t reserved_ = 0;
};

}  // namespace sluice::faulty
