#pragma once

#include <adapters/envelope.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

/// What moodycamel's two blocking queues have in common: they allocate, and wait on a semaphore.
namespace sluice::adapters {

/// \throws std::bad_alloc  if there is no memory for it; `value` is then as it was.
template <class Queue, class T>
void enqueue(Queue& queue, T& value) {
  envelope<T> message(std::move(value));
  if (queue.enqueue(std::move(message))) return;
  message.give_back(value);
  throw std::bad_alloc();
}

/// \returns  whether there was a message before the deadline.
template <class Queue, class T>
bool dequeue(Queue& queue, envelope<T>& message, deadline until) {
  if (until == deadline::max()) {
    queue.wait_dequeue(message);
    return true;
  }
  do {
    using std::chrono::microseconds;
    // Longer waits than a day are begun again each day: the queue's own clock is shorter.
    constexpr microseconds longest = std::chrono::hours(24);
    const auto left = std::chrono::ceil<microseconds>(until - platform::now());
    if (queue.wait_dequeue_timed(message, std::clamp(left, microseconds(0), longest))) return true;
  } while (platform::now() < until);
  return false;
}

}  // namespace sluice::adapters
