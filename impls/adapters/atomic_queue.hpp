#pragma once

#include <atomic_queue/atomic_queue.h>
#include <adapters/envelope.hpp>
#include <sluice/cores/adapted.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::adapters {

/// Maxim Egorushkin's atomic_queue::AtomicQueueB2: a ring, rounded up to a power of two and at least 4096. It has no
/// way to sleep, so cores::adapted gives it one.
template <class T>
class atomic_ring {
public:
  static constexpr core_traits traits{.bounded = true, .greatest_capacity = 1u << 31, .exact_capacity = false};

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
  ::atomic_queue::AtomicQueueB2<envelope<T>> ring_;
};

template <class T>
using atomic_queue = cores::adapted<T, atomic_ring<T>>;

}  // namespace sluice::adapters
