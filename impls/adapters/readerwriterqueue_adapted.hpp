#pragma once

#include <readerwriterqueue/readerwriterqueue.h>
#include <adapters/envelope.hpp>
#include <adapters/semaphore_queue.hpp>
#include <sluice/cores/adapted.hpp>

#include <atomic>
#include <cstddef>
#include <optional>

namespace sluice::adapters {

/// Cameron Desrochers' moodycamel::ReaderWriterQueue, for one producer and one consumer, which cannot wait:
/// cores::adapted gives it a way.
///
/// \tparam Approximates  whether it asks the queue for its size. Up to version 1.0.7 that may follow a pointer to a block
///                       that is not published yet (https://github.com/cameron314/readerwriterqueue/issues/171).
template <class T, bool Approximates = false>
class reader_writer_list {
public:
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .unbounded = true,
                                      .consistency = consistency::sequential};

  bool try_push(T& value) {
    enqueue(queue_, value);
    sent_.fetch_add(1, std::memory_order::release);
    return true;
  }
  bool try_pop(std::optional<T>& out) {
    envelope<T> message;
    if (!queue_.try_dequeue(message)) return false;
    received_.fetch_add(1, std::memory_order::release);
    message.open(out);
    return true;
  }
  std::size_t size() const {
    if constexpr (Approximates) return queue_.size_approx();
    const std::size_t received = received_.load(std::memory_order::acquire);
    const std::size_t sent = sent_.load(std::memory_order::acquire);
    return sent > received ? sent - received : 0;
  }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  static constexpr std::size_t block = platform::modelled ? 2 : 512;
  ::moodycamel::ReaderWriterQueue<envelope<T>, block> queue_{platform::modelled ? 1 : 15};
  std::atomic<std::size_t> sent_{0};
  std::atomic<std::size_t> received_{0};
};

template <class T>
using readerwriterqueue_adapted = cores::adapted<T, reader_writer_list<T>>;
template <class T>
using readerwriterqueue_approximate = cores::adapted<T, reader_writer_list<T, true>>;

}  // namespace sluice::adapters
