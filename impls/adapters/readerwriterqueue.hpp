#pragma once

#include <readerwriterqueue/readerwriterqueue.h>
#include <adapters/envelope.hpp>
#include <adapters/semaphore_queue.hpp>
#include <sluice/core.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>

namespace sluice::adapters {

/// Cameron Desrochers' moodycamel::BlockingReaderWriterQueue, for one producer and one consumer. It cannot be closed,
/// so the sender leaves an empty message at the end.
template <class T>
class readerwriterqueue {
public:
  using value_type = T;
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .unbounded = true,
                                      .consistency = consistency::sequential};

  status try_send(T& value) {
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    enqueue(queue_, value);
    if (std::atomic_thread_fence(std::memory_order::seq_cst); receivers_disconnected_.load(std::memory_order::seq_cst))
      clear();
    return status::ok;
  }
  status send_until(T& value, deadline) { return try_send(value); }

  status try_recv(std::optional<T>& out) {
    envelope<T> message;
    if (ended_) return status::disconnected;
    return queue_.try_dequeue(message) ? received(message, out) : status::empty;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    envelope<T> message;
    if (ended_) return status::disconnected;
    return dequeue(queue_, message, until) ? received(message, out) : status::timeout;
  }

  void close_senders() {
    end_sent_.store(true, std::memory_order::seq_cst);
    queue_.enqueue(envelope<T>());
  }
  void close_receivers() {
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    std::atomic_thread_fence(std::memory_order::seq_cst);
    clear();
  }

  std::size_t size() const {
    const std::size_t all = queue_.size_approx();
    return all - (all > 0 && end_sent_.load(std::memory_order::seq_cst));
  }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  status received(envelope<T>& message, std::optional<T>& out) {
    ended_ = message.empty();
    if (ended_) return status::disconnected;
    message.open(out);
    return status::ok;
  }

  /// The last receiver's, and then the sender's: one consumer at a time.
  void clear() {
    std::unique_lock guard(clearing_);
    for (envelope<T> message; queue_.try_dequeue(message);) {
      guard.unlock();
      message = envelope<T>();
      guard.lock();
    }
  }

  static constexpr std::size_t block = platform::modelled ? 2 : 512;
  ::moodycamel::BlockingReaderWriterQueue<envelope<T>, block> queue_{platform::modelled ? 1 : 15};
  std::atomic<bool> end_sent_{false};
  std::atomic<bool> receivers_disconnected_{false};
  std::mutex clearing_;
  bool ended_ = false;  ///< the receiver's own
};

}  // namespace sluice::adapters
