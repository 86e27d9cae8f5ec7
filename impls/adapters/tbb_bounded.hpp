#pragma once

#include <oneapi/tbb/concurrent_queue.h>
#include <adapters/envelope.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace sluice::adapters {

/// oneTBB's concurrent_bounded_queue, which waits by itself. The last receiver aborts the senders' waits until none is
/// left. The last sender leaves an empty message that is passed from one receiver to the next: abort() beside receivers
/// that try again loses count of them, and they wait for ever.
template <class T>
class tbb_bounded {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .timed = false};

  tbb_bounded() = default;
  explicit tbb_bounded(std::size_t capacity) : capacity_(capacity) {
    constexpr std::size_t greatest = std::numeric_limits<std::ptrdiff_t>::max();
    queue_.set_capacity(static_cast<std::ptrdiff_t>(std::min(capacity, greatest)));
  }
  ~tbb_bounded() { clear(); }

  status try_send(T& value) {
    const visit here(senders_inside_);
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    envelope<T> message(std::move(value));
    if (queue_.try_push(std::move(message))) return status::ok;
    message.give_back(value);
    return status::full;
  }

  status send_until(T& value, deadline) {
    const visit here(senders_inside_);
    envelope<T> message(std::move(value));
    while (!receivers_disconnected_.load(std::memory_order::seq_cst)) {
      try {
        queue_.push(std::move(message));
        return status::ok;
      } catch (const tbb::user_abort&) {
      }
    }
    message.give_back(value);
    return status::disconnected;
  }

  status try_recv(std::optional<T>& out) {
    bool ended = senders_disconnected_.load(std::memory_order::seq_cst);
    envelope<T> message;
    while (!queue_.try_pop(message)) {
      if (ended) return status::disconnected;
      ended = senders_disconnected_.load(std::memory_order::seq_cst);
      if (!ended) return status::empty;
    }
    return received(message, out);
  }

  status recv_until(std::optional<T>& out, deadline) {
    const status now = try_recv(out);
    if (now != status::empty) return now;
    envelope<T> message;
    queue_.pop(message);
    return received(message, out);
  }

  void close_senders() {
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    pass_end_on();
  }
  void close_receivers() {
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    // Senders that are inside may still send; their messages are cleared with the rest.
    while (senders_inside_.load() != 0) {
      queue_.abort();
      std::this_thread::yield();
    }
    clear();
  }

  std::size_t size() const {
    const std::scoped_lock guard(ending_);
    const auto now = queue_.size() - end_inside_;
    return now < 0 ? 0 : static_cast<std::size_t>(now);
  }
  std::optional<std::size_t> capacity() const { return capacity_; }

private:
  class visit {
  public:
    explicit visit(std::atomic<int>& count) : count_(count) { count_.fetch_add(1); }
    ~visit() { count_.fetch_sub(1); }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

  private:
    std::atomic<int>& count_;
  };

  status received(envelope<T>& message, std::optional<T>& out) {
    const bool end = message.empty();
    if (end) {
      const std::scoped_lock guard(ending_);
      end_inside_ = false;
    }
    if (senders_disconnected_.load(std::memory_order::seq_cst)) pass_end_on();
    if (end) return status::disconnected;
    message.open(out);
    return status::ok;
  }

  /// Where there is no room for it, the thread that makes room calls this again.
  void pass_end_on() {
    const std::scoped_lock guard(ending_);
    if (!end_inside_) end_inside_ = queue_.try_push(envelope<T>());
  }

  void clear() {
    for (envelope<T> message; queue_.try_pop(message);) message = envelope<T>();
  }

  tbb::concurrent_bounded_queue<envelope<T>> queue_;
  std::optional<std::size_t> capacity_;
  std::atomic<bool> senders_disconnected_{false};
  std::atomic<bool> receivers_disconnected_{false};
  std::atomic<int> senders_inside_{0};
  mutable std::mutex ending_;
  bool end_inside_ = false;
};

}  // namespace sluice::adapters
