#pragma once

#include <atomic>
#include <utility>

namespace sluice::harness {

/// The number of messages that live.
class live_count {
public:
  void add() noexcept { count_.fetch_add(1, std::memory_order::relaxed); }
  void remove() noexcept { count_.fetch_sub(1, std::memory_order::relaxed); }
  int get() const noexcept { return count_.load(std::memory_order::relaxed); }

private:
  std::atomic<int> count_{0};
};

/// A message that is counted while it lives, and that shows whether it was moved from.
class tracked_message {
public:
  tracked_message(int value, live_count& live) noexcept : value_(value), live_(&live) { live.add(); }
  tracked_message(tracked_message&& other) noexcept
      : value_(std::exchange(other.value_, moved_from)), live_(std::exchange(other.live_, nullptr)) {}
  tracked_message& operator=(tracked_message&&) = delete;
  ~tracked_message() {
    if (live_) live_->remove();
  }
  explicit operator int() const noexcept { return value_; }

private:
  static constexpr int moved_from = -1;
  int value_;
  live_count* live_;
};

}  // namespace sluice::harness
