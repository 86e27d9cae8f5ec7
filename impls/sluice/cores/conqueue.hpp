#pragma once

#include <sluice/conqueue.hpp>
#include <sluice/core.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <type_traits>
#include <utility>

namespace sluice::inline SLUICE_ABI {

template <class T>
class bounded_queue;

namespace detail {

/// The status type of the queue's own namespace: the paper's, by whatever name.
template <class Q>
struct queue_status {
  using type = void;
};
template <basic_concurrent_queue Q>
requires requires(Q& q) { typename std::remove_cvref_t<decltype(q.try_pop())>::error_type; }
struct queue_status<Q> {
  using type = typename std::remove_cvref_t<decltype(std::declval<Q&>().try_pop())>::error_type;
};

}  // namespace detail

/// What a queue of P0260 promises, for cores::conqueue: what the paper says of every such queue, which lets attempts
/// fail spuriously. Specialise it for a queue that promises more, or whose order is that of each producer alone.
template <class Queue>
inline constexpr core_traits conqueue_traits{
    .unbounded = std::is_default_constructible_v<Queue>,
    .bounded = std::is_constructible_v<Queue, std::size_t>,
    .timed = false,
    .tries = concurrent_queue<Queue, typename detail::queue_status<Queue>::type>,
    .consistency = consistency::weak,
    .exact_size = false};

template <class T>
inline constexpr core_traits conqueue_traits<bounded_queue<T>>{.bounded = true,
                                                               .timed = false,
                                                               .exact_size = false,
                                                               .messages_per_allocation = core_traits::no_allocation,
                                                               .bypass = platform::most_bypasses};

namespace cores {

/// Makes a channel of a queue that models the concepts of P0260 (https://wg21.link/P0260R20), without deadlines and
/// select. Either side's disconnect closes the queue.
template <basic_concurrent_queue Queue>
class conqueue {
  using queue_status = typename detail::queue_status<Queue>::type;

public:
  using value_type = typename Queue::value_type;
  static constexpr core_traits traits = conqueue_traits<Queue>;

  conqueue() requires(traits.unbounded) = default;
  explicit conqueue(std::size_t capacity) requires(traits.bounded) : queue_(capacity), capacity_(capacity) {}

  status try_send(value_type& value) requires(traits.tries) {
    const auto now = queue_.try_push(std::move(value));
    if (now == queue_status::success) return status::ok;
    return now == queue_status::closed ? status::disconnected : status::full;
  }
  status send_until(value_type& value, deadline) {
    return queue_.push(std::move(value)) ? status::ok : status::disconnected;
  }
  status try_recv(std::optional<value_type>& out) requires(traits.tries) {
    auto now = queue_.try_pop();
    if (now) {
      out.emplace(std::move(*now));
      return status::ok;
    }
    return now.error() == queue_status::closed ? status::disconnected : status::empty;
  }
  status recv_until(std::optional<value_type>& out, deadline) {
    auto value = queue_.pop();
    if (!value) return status::disconnected;
    out.emplace(std::move(*value));
    return status::ok;
  }

  void close_senders() { queue_.close(); }
  void close_receivers() {
    queue_.close();
    while (queue_.pop()) {
    }
  }

  /// Not known: the paper's queues do not tell.
  std::size_t size() const noexcept { return 0; }
  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  Queue queue_;
  std::optional<std::size_t> capacity_;
};

}  // namespace cores
}  // namespace sluice::inline SLUICE_ABI
