#pragma once

#include <atomic>
#include <thread>
#include <utility>

namespace sluice::harness {

/// The number of messages that live.
class live_count {
public:
  void add() noexcept { count_.fetch_add(1, std::memory_order::relaxed); }
  void remove() noexcept { count_.fetch_sub(1, std::memory_order::relaxed); }
  int get() const noexcept { return count_.load(std::memory_order::relaxed); }

  /// A message was copied by two threads concurrently.
  void copied_concurrently() noexcept { copied_concurrently_.store(true, std::memory_order::relaxed); }
  bool any_copied_concurrently() const noexcept { return copied_concurrently_.load(std::memory_order::relaxed); }

private:
  std::atomic<bool> copied_concurrently_{false};
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

protected:
  tracked_message(const tracked_message& other) noexcept : value_(other.value_), live_(other.live_) {
    if (live_) live_->add();
  }
  live_count* live() const noexcept { return live_; }

private:
  static constexpr int moved_from = -1;
  int value_;
  live_count* live_;
};

/// A tracked message that a broadcast can copy, one thread at a time.
class copied_message : public tracked_message {
public:
  using tracked_message::tracked_message;
  copied_message(copied_message&& other) noexcept : tracked_message(std::move(other)) {}
  copied_message(const copied_message& other) noexcept : tracked_message(other) {
    if (other.copying_.exchange(true, std::memory_order::relaxed) && live()) live()->copied_concurrently();
    std::this_thread::yield();
    other.copying_.store(false, std::memory_order::relaxed);
  }

private:
  mutable std::atomic<bool> copying_{false};
};

}  // namespace sluice::harness
