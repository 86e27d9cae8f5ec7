#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace sluice::cores {

/// A channel out of any concurrent queue: adds waiting, deadlines and disconnection.
///
/// \tparam Queue  has `static constexpr core_traits traits`, what it promises; `bool try_push(T& value)`, which moves
/// from
///                `value` only if it returns true; `bool try_pop(std::optional<T>& out)`; `std::size_t size() const`;
///                `std::optional<std::size_t> capacity() const`; and a constructor without arguments, or from a
///                capacity, or both. Its operations need not be sequentially consistent.
/// \par Progress  the queue's, and one contended read-modify-write an operation for those who may be asleep.
/// \par Ordering  the queue's.
template <class T, class Queue>
class adapted {
public:
  using value_type = T;
  static constexpr core_traits traits = Queue::traits;

  adapted() = default;
  explicit adapted(std::size_t capacity) : queue_(capacity) {}
  ~adapted() { clear(); }

  status try_send(T& value) {
    // [A1] seq_cst, pairs with [A3].
    if (receivers_gone_.load(std::memory_order::seq_cst)) return status::disconnected;
    if (!queue_.try_push(value)) return status::full;
    tell(pushes_, receivers_);
    // The last receiver may have cleared the queue just before: what came too late for that goes now. The send counts
    // as one that was made before.
    if (receivers_gone_.load(std::memory_order::seq_cst)) clear();
    return status::ok;
  }

  status send_until(T& value, deadline until) {
    return wait(senders_, pops_, status::full, until, [&] { return try_send(value); });
  }

  status try_recv(std::optional<T>& out) {
    // Read first: what the last sender sent came before its going.
    const bool gone = senders_gone_.load(std::memory_order::seq_cst);
    if (!queue_.try_pop(out)) return gone ? status::disconnected : status::empty;
    tell(pops_, senders_);
    return status::ok;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    return wait(receivers_, pushes_, status::empty, until, [&] { return try_recv(out); });
  }

  void close_senders() {
    senders_gone_.store(true, std::memory_order::seq_cst);
    pushes_.fetch_add(1, std::memory_order::seq_cst);
    receivers_.close();
  }

  void close_receivers() {
    // [A3] seq_cst: a sender that does not see it has its message seen by the clearing that follows, or clears itself.
    receivers_gone_.store(true, std::memory_order::seq_cst);
    pops_.fetch_add(1, std::memory_order::seq_cst);
    senders_.close();
    clear();
  }

  std::size_t size() const { return queue_.size(); }
  std::optional<std::size_t> capacity() const { return queue_.capacity(); }

private:
  using counter = platform::atomic<std::uint32_t>;

  static void tell(counter& changes, detail::wait_queue& sleepers) {
    // [A2] seq_cst: the change that wait_queue [Q1], [Q2] asks for. It also publishes what the queue did before it, so
    // that who sees the count sees the queue changed.
    changes.fetch_add(1, std::memory_order::seq_cst);
    sleepers.notify_one();
  }

  /// An event count: a sleeper stays up if anything changed since before its last attempt.
  template <class Attempt>
  status wait(detail::wait_queue& line, const counter& changes, status pending, deadline until, Attempt attempt) {
    std::uint32_t before = 0;
    return line.wait(
        pending, until,
        [&] {
          before = changes.load(std::memory_order::seq_cst);
          return attempt();
        },
        [&] { return changes.load(std::memory_order::seq_cst) != before; });
  }

  /// One at a time, since a queue may have one consumer only.
  void clear() {
    platform::unique_lock guard(clearing_);
    for (std::optional<T> message; queue_.try_pop(message);) {
      // Not under the lock: a message may use its channel.
      guard.unlock();
      message.reset();
      guard.lock();
    }
  }

  Queue queue_;
  counter pushes_{0};
  counter pops_{0};
  platform::atomic<bool> senders_gone_{false};
  platform::atomic<bool> receivers_gone_{false};
  platform::mutex clearing_;
  detail::wait_queue senders_;
  detail::wait_queue receivers_;
};

}  // namespace sluice::cores
