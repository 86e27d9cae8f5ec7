#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice::honest {

/// A channel that uses the standard's members which <sluice/platform.hpp> offers and the library's own channels do not
/// need: it shows that they are there, and do the same, natively, under disturbances and under the model checker.
template <class T>
class by_the_book {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true};

  explicit by_the_book(std::size_t capacity) : capacity_(capacity) {}

  status try_send(T& value) {
    platform::unique_lock guard(mutex_, std::defer_lock);
    if (!guard.try_lock()) guard.lock();
    if (!disconnected(receivers) && queue_.size() == capacity_) return status::full;
    return put(value);
  }
  status send_until(T& value, deadline until) {
    platform::unique_lock guard(mutex_);
    const auto ready = [&] { return disconnected(receivers) || queue_.size() < capacity_; };
    if (until == no_deadline) {
      changed_.wait(guard, ready);
    } else if (!changed_.wait_until(guard, until, ready)) {
      return status::timeout;
    }
    return put(value);
  }
  status try_recv(std::optional<T>& out) {
    const std::scoped_lock guard(mutex_);
    if (queue_.empty() && !disconnected(senders)) return status::empty;
    return get(out);
  }
  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(mutex_);
    const auto ready = [&] { return disconnected(senders) || !queue_.empty(); };
    if (until == no_deadline) {
      changed_.wait(guard, ready);
    } else if (!changed_.wait_for(guard, until - platform::now(), ready)) {
      return status::timeout;
    }
    return get(out);
  }

  void close_senders() { disconnect(senders); }
  void close_receivers() {
    disconnect(receivers);
    for (std::optional<T> unreceived; try_recv(unreceived) == status::ok;) unreceived.reset();
  }

  std::size_t size() const {
    size_lock_.lock();
    const std::size_t found = size_;
    size_lock_.unlock();
    return found;
  }
  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  static constexpr unsigned senders = 1;
  static constexpr unsigned receivers = 2;

  /// A lock of an atomic that is waited on.
  class waiting_lock {
  public:
    void lock() {
      for (unsigned unlocked = 0; !locked_.compare_exchange_strong(unlocked, 1, std::memory_order::acquire);
           unlocked = 0) {
        locked_.wait(1, std::memory_order::relaxed);
      }
    }
    void unlock() {
      locked_.fetch_xor(1, std::memory_order::release);
      locked_.notify_one();
    }

  private:
    platform::atomic<unsigned> locked_{0};
  };

  bool disconnected(unsigned side) const { return (disconnected_.load() & side) != 0; }

  void disconnect(unsigned side) {
    const std::scoped_lock guard(mutex_);
    unsigned before = disconnected_.load();
    while (!disconnected_.compare_exchange_weak(before, before | side)) {
    }
    changed_.notify_all();
  }

  status put(T& value) {
    if (disconnected(receivers)) return status::disconnected;
    queue_.push_back(std::move(value));
    resized();
    return status::ok;
  }
  status get(std::optional<T>& out) {
    if (queue_.empty()) return status::disconnected;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    resized();
    return status::ok;
  }
  void resized() {
    size_lock_.lock();
    size_ = queue_.size();
    size_lock_.unlock();
    changed_.notify_all();
  }

  platform::mutex mutex_;
  platform::condition_variable changed_;
  std::deque<T> queue_;
  const std::size_t capacity_;
  platform::atomic<unsigned> disconnected_{0};
  mutable waiting_lock size_lock_;
  std::size_t size_ = 0;
};

}  // namespace sluice::honest
