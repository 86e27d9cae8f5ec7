#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace sluice::inline SLUICE_ABI::cores {

/// Makes a channel of a concurrent queue: adds waiting, deadlines and disconnection, by an event count on each side.
///
/// A queue has
/// - `static constexpr core_traits traits`: what it promises. A queue whose `try_pop` may find nothing although a push
///   has returned, or whose `try_push` may find no room although a pop has, declares `.consistency =
///   consistency::weak`.
/// - `bool try_push(T& value)`, which moves from `value` only if it returns true, and `bool
///   try_pop(std::optional<T>&)`. Neither waits, except for a peer that is between two of its own steps.
/// - `std::size_t size() const`, which is not 0 for ever while the queue holds a message, and `capacity() const`.
/// - a default constructor, or one from a capacity, or both.
///
/// \par Progress  the queue's, plus two contended read-modify-writes per operation.
/// \par Ordering  the queue's.
template <class T, class Queue>
class adapted {
public:
  using value_type = T;
  static constexpr core_traits traits = Queue::traits;

  adapted() = default;
  explicit adapted(std::size_t capacity) : queue_(capacity) {}
  ~adapted() { clear(); }

  /// \throws  what the queue's try_push throws; the channel and `value` are unchanged.
  status try_send(T& value) {
    push_scope scope(*this);
    const status now = push(value);
    scope.pushed = true;
    return now;
  }

  status send_until(T& value, deadline until) {
    return wait(senders_, pops_, status::full, until, [&] { return try_send(value); });
  }

  status try_recv(std::optional<T>& out) {
    // [A7] acquire, pairs with [A8]. Read first: the last sender's messages precede its disconnect.
    bool ended = senders_disconnected_.load(std::memory_order::acquire);
    while (!queue_.try_pop(out)) {
      if (ended) return status::disconnected;
      // [A11] seq_cst, pairs with [A8]. Read again: another receiver may have taken the last message since [A7], and
      // the senders may have disconnected before it did.
      ended = senders_disconnected_.load(std::memory_order::seq_cst);
      if (!ended) return status::empty;
    }
    tell(pops_, senders_);
    // The receiver woken for the next message may have checked while this one was still first.
    if (queue_.size() != 0) receivers_.notify_one();
    return status::ok;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    return wait(receivers_, pushes_, status::empty, until, [&] { return try_recv(out); });
  }

  void close_senders() {
    // [A8] seq_cst, pairs with [A7] and [A11]. A waiter that registers later sees the count because of the wait queue's
    // lock.
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    pushes_.fetch_add(1, std::memory_order::relaxed);
    receivers_.close();
  }

  void close_receivers() {
    // [A3] seq_cst, pairs with [A1] and [A6]. A waiter that registers later sees the count because of the wait queue's
    // lock.
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    pops_.fetch_add(1, std::memory_order::relaxed);
    senders_.close();
    // [A5] seq_cst, pairs with [A1], and with release [A4]: messages of senders that are inside are cleared with the
    // others.
    for (detail::backoff pacing; inside_.load(std::memory_order::seq_cst) != 0; pacing.snooze()) {
    }
    clear();
  }

  std::size_t size() const { return queue_.size(); }
  std::optional<std::size_t> capacity() const { return queue_.capacity(); }

private:
  using counter = platform::atomic<std::uint32_t>;

  /// Within it, a sender checks `receivers_disconnected_` and pushes. A push may end by an exception.
  struct push_scope {
    explicit push_scope(adapted& entered) : channel(entered) {
      // [A1] seq_cst, pairs with [A3] and [A5]: either this sender sees that the receivers have disconnected [A6], or
      // the last of them waits for it.
      channel.inside_.fetch_add(1, std::memory_order::seq_cst);
    }
    push_scope(const push_scope&) = delete;
    push_scope& operator=(const push_scope&) = delete;
    ~push_scope() {
      // The room for which a sender that failed was woken is still free: another may use it.
      if (!pushed) channel.senders_.notify_one();
      // [A4] release, pairs with acquire [A5]: the thread that clears the queue sees what was pushed.
      channel.inside_.fetch_sub(1, std::memory_order::release);
    }

    adapted& channel;
    bool pushed = false;
  };

  status push(T& value) {
    // [A6] seq_cst, pairs with [A3].
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    if (!queue_.try_push(value)) return status::full;
    tell(pushes_, receivers_);
    if (const auto most = queue_.capacity(); most && queue_.size() < *most) senders_.notify_one();
    return status::ok;
  }

  static void tell(counter& changes, detail::wait_queue& sleepers) {
    // [A2] seq_cst: the change that wait_queue [Q1], [Q2] asks for; pairs with acquire [A9]: a thread that sees the
    // count sees the change to the queue.
    changes.fetch_add(1, std::memory_order::seq_cst);
    sleepers.notify_one();
  }

  /// Waits on an event count: a thread does not sleep if anything changed since before its last attempt.
  template <class Attempt>
  status wait(detail::wait_queue& line, const counter& changes, status pending, deadline until, Attempt attempt) {
    std::uint32_t before = 0;
    return line.wait(
        pending, until,
        [&] {
          // [A9] acquire, pairs with [A2]: the attempt sees every change to the queue that is counted.
          before = changes.load(std::memory_order::acquire);
          return attempt();
        },
        // [A10] seq_cst: the recheck of wait_queue [Q1].
        [&] { return changes.load(std::memory_order::seq_cst) != before; });
  }

  void clear() {
    for (std::optional<T> message; queue_.try_pop(message);) message.reset();
  }

  Queue queue_;
  counter pushes_{0};
  counter pops_{0};
  platform::atomic<bool> senders_disconnected_{false};
  platform::atomic<bool> receivers_disconnected_{false};
  counter inside_{0};  ///< senders between their check of `receivers_disconnected_` and the end of their push
  alignas(platform::cache_line) detail::wait_queue senders_;
  detail::wait_queue receivers_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
