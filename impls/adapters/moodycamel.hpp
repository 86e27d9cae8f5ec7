#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <adapters/envelope.hpp>
#include <adapters/semaphore_queue.hpp>
#include <sluice/core.hpp>

#include <atomic>
#include <cstddef>
#include <optional>

namespace sluice::adapters {

/// Cameron Desrochers' moodycamel::BlockingConcurrentQueue, which waits by itself. It cannot be closed, so the last
/// sender leaves an empty message that is passed from one receiver to the next.
template <class T>
class moodycamel {
public:
  using value_type = T;
  static constexpr core_traits traits{
      .unbounded = true, .order = ordering::per_producer, .consistency = consistency::weak};

  status try_send(T& value) {
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    enqueue(queue_, value);
    if (std::atomic_thread_fence(std::memory_order::seq_cst); receivers_disconnected_.load(std::memory_order::seq_cst))
      clear();
    return status::ok;
  }
  status send_until(T& value, deadline) { return try_send(value); }

  status try_recv(std::optional<T>& out) {
    const bool gone = senders_disconnected_.load(std::memory_order::seq_cst);
    envelope<T> message;
    if (queue_.try_dequeue(message)) return received(message, out);
    return gone ? status::disconnected : status::empty;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    envelope<T> message;
    return dequeue(queue_, message, until) ? received(message, out) : status::timeout;
  }

  void close_senders() {
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    queue_.enqueue(envelope<T>());
  }
  void close_receivers() {
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    std::atomic_thread_fence(std::memory_order::seq_cst);
    clear();
  }

  std::size_t size() const {
    const std::size_t all = queue_.size_approx();
    return all - (all > 0 && senders_disconnected_.load(std::memory_order::seq_cst));
  }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  status received(envelope<T>& message, std::optional<T>& out) {
    if (!message.empty()) {
      message.open(out);
      return status::ok;
    }
    // The senders' last word. A message of another producer may still be there.
    envelope<T> late;
    const bool any = queue_.try_dequeue(late);
    queue_.enqueue(envelope<T>());
    if (!any) return status::disconnected;
    late.open(out);
    return status::ok;
  }

  void clear() {
    for (envelope<T> message; queue_.try_dequeue(message);) message = envelope<T>();
  }

  ::moodycamel::BlockingConcurrentQueue<envelope<T>> queue_;
  std::atomic<bool> senders_disconnected_{false};
  std::atomic<bool> receivers_disconnected_{false};
};

}  // namespace sluice::adapters
