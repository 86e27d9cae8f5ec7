#pragma once

#include <atomic_queue/atomic_queue.h>
#include <adapters/envelope.hpp>
#include <sluice/cores/adapted.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace sluice::adapters {

/// AtomicQueue2 for one message or two: the algorithm of AtomicQueueB2, in sizes for models.
template <class T>
class smallest_rings {
public:
  explicit smallest_rings(unsigned capacity) : capacity_(capacity) {}

  bool try_push(T&& value) {
    return capacity_ == 1 ? one_.try_push(std::move(value)) : two_.try_push(std::move(value));
  }
  bool try_pop(T& out) { return capacity_ == 1 ? one_.try_pop(out) : two_.try_pop(out); }
  unsigned was_size() const { return capacity_ == 1 ? one_.was_size() : two_.was_size(); }
  unsigned capacity() const { return capacity_; }

private:
  const unsigned capacity_;
  ::atomic_queue::AtomicQueue2<T, 1> one_;
  ::atomic_queue::AtomicQueue2<T, 2> two_;
};

/// Maxim Egorushkin's atomic_queue::AtomicQueueB2: a ring, rounded up to a power of two and at least 4096. Its indices
/// are relaxed, so full and empty are hints. It has no way to sleep, so cores::adapted gives it one.
template <class T>
class atomic_ring {
public:
  static constexpr core_traits traits{.bounded = true,
                                      .greatest_capacity = platform::modelled ? 2 : 1u << 31,
                                      .exact_capacity = platform::modelled,
                                      .consistency = consistency::weak};

  explicit atomic_ring(std::size_t capacity) : ring_(static_cast<unsigned>(capacity)) {}

  bool try_push(T& value) {
    envelope<T> message(std::move(value));
    if (ring_.try_push(std::move(message))) return true;
    message.give_back(value);
    return false;
  }
  bool try_pop(std::optional<T>& out) {
    envelope<T> message;
    if (!ring_.try_pop(message)) return false;
    message.open(out);
    return true;
  }
  std::size_t size() const { return ring_.was_size(); }
  std::optional<std::size_t> capacity() const { return ring_.capacity(); }

private:
  std::conditional_t<platform::modelled, smallest_rings<envelope<T>>, ::atomic_queue::AtomicQueueB2<envelope<T>>> ring_;
};

template <class T>
using atomic_queue = cores::adapted<T, atomic_ring<T>>;

}  // namespace sluice::adapters
