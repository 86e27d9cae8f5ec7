#pragma once

#include <sluice/conqueue.hpp>
#include <sluice/core.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/result.hpp>

#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <utility>

namespace sluice::inline SLUICE_ABI {

/// The bounded_queue of P0260R20 (https://wg21.link/P0260R20): a queue of a fixed number of messages, shared by
/// reference. It has no handles, and is closed explicitly.
///
/// After close(), pushes fail, and pops succeed until the queue is empty; threads that wait are woken.
///
/// It promises more than the paper asks for: a try_push() or try_pop() never fails spuriously, and none returns `busy`
/// or `busy_async`: where a peer is between two of its own steps, it waits those few instructions. A failed push leaves
/// its message as it was. Less than the paper: messages must be movable without an exception, as in every channel.
///
/// \par Threads  any number may use it concurrently, except for destruction.
/// \par Progress  as cores::sync, on which it stands; no operation allocates.
/// \par Ordering  global: pushes take effect in one order, and pops in the same.
template <class T>
class bounded_queue {
public:
  using value_type = T;

  /// \throws std::length_error  for 0, or more messages than memory can be addressed for.
  /// \throws std::bad_alloc     if there is no memory for them.
  explicit bounded_queue(std::size_t max_elems) : core_(max_elems) { check_core<cores::sync<T>>(); }
  bounded_queue(bounded_queue&&) = delete;

  /// Ends all waits. More calls change nothing.
  void close() noexcept { core_.close(); }
  bool is_closed() const noexcept { return core_.closed(); }

  /// Waits while the queue is full. \returns  whether it was pushed: false if the queue is closed.
  bool push(const T& value) requires std::copy_constructible<T> { return emplace(value); }
  bool push(T&& value) { return core_.send_until(value, no_deadline) == status::ok; }

  /// As push(), of a message that is constructed first, also if the queue is closed.
  template <class... Args>
  requires std::constructible_from<T, Args...>
  bool emplace(Args&&... args) { return push(T(std::forward<Args>(args)...)); }

  /// \returns  `success`, `full` or `closed`.
  conqueue_status try_push(const T& value) requires std::copy_constructible<T> { return try_emplace(value); }
  conqueue_status try_push(T&& value) {
    const status now = core_.try_send(value);
    if (now == status::ok) return conqueue_status::success;
    return now == status::full ? conqueue_status::full : conqueue_status::closed;
  }

  /// As try_push(), of a message that is constructed first, also if the queue is full or closed.
  template <class... Args>
  requires std::constructible_from<T, Args...> conqueue_status try_emplace(Args&&... args) {
    return try_push(T(std::forward<Args>(args)...));
  }

  /// Waits while the queue is empty. \returns  a message, or nothing if the queue is empty and closed.
  std::optional<T> pop() {
    std::optional<T> value;
    (void)core_.recv_until(value, no_deadline);
    return value;
  }

  /// \returns  a message, `empty`, or `closed` if it is also empty.
  std::expected<T, conqueue_status> try_pop() {
    std::optional<T> value;
    const status now = core_.try_recv(value);
    if (now == status::ok) return std::move(*value);
    return std::unexpected(now == status::empty ? conqueue_status::empty : conqueue_status::closed);
  }

private:
  cores::sync<T> core_;
};

}  // namespace sluice::inline SLUICE_ABI
