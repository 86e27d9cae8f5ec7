#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <adapters/envelope.hpp>
#include <adapters/semaphore_queue.hpp>
#include <sluice/core.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <type_traits>

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
    if (ended_.load(std::memory_order::acquire)) return status::disconnected;
    const bool gone = senders_disconnected_.load(std::memory_order::seq_cst);
    envelope<T> message;
    if (queue_.try_dequeue(message)) return received(message, out);
    return gone ? last_look(out, false) : status::empty;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    if (ended_.load(std::memory_order::acquire)) return status::disconnected;
    envelope<T> message;
    return dequeue(queue_, message, until) ? received(message, out) : status::timeout;
  }

  void close_senders() {
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    const std::scoped_lock guard(ending_);
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
  using defaults = ::moodycamel::ConcurrentQueueDefaultTraits;
  struct small : defaults {
    static constexpr std::size_t BLOCK_SIZE = platform::block_slots;
    static constexpr std::size_t EXPLICIT_INITIAL_INDEX_SIZE = 2;
    static constexpr std::size_t IMPLICIT_INITIAL_INDEX_SIZE = 2;
    static constexpr std::size_t INITIAL_IMPLICIT_PRODUCER_HASH_SIZE = 2;
    static constexpr int MAX_SEMA_SPINS = 1;
  };
  using sizes = std::conditional_t<platform::modelled, small, defaults>;

  status received(envelope<T>& message, std::optional<T>& out) {
    if (message.empty()) return last_look(out, true);
    message.open(out);
    return status::ok;
  }

  /// The senders have disconnected. The lock makes sure that the semaphore counts each message that no other receiver
  /// is about to take: a receiver can dequeue the empty message that marks the end before it is counted.
  ///
  /// \param holds_mark  whether the caller has dequeued that message
  status last_look(std::optional<T>& out, bool holds_mark) {
    envelope<T> late;
    {
      const std::scoped_lock guard(ending_);
      const bool any = queue_.try_dequeue(late);
      if (late.empty()) ended_.store(true, std::memory_order::release);
      if (holds_mark || (any && late.empty())) queue_.enqueue(envelope<T>());
    }
    if (late.empty()) return status::disconnected;
    late.open(out);
    return status::ok;
  }

  void clear() {
    for (envelope<T> message; queue_.try_dequeue(message);) message = envelope<T>();
  }

  ::moodycamel::BlockingConcurrentQueue<envelope<T>, sizes> queue_;
  std::atomic<bool> senders_disconnected_{false};
  std::atomic<bool> receivers_disconnected_{false};
  /// A receiver has been told the end: what is left belongs to receivers that the semaphore has let in before.
  std::atomic<bool> ended_{false};
  std::mutex ending_;
};

}  // namespace sluice::adapters
