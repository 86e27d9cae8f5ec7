#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/handoff_queue.hpp>
#include <sluice/detail/ring_size.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace sluice::inline SLUICE_ABI::cores {

/// Bounded MPMC ring with per-slot sequence numbers, for any capacity from 1.
///
/// Vyukov's bounded MPMC queue (https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue), with
/// the lap kept apart from the index so that a capacity need not be a power of two. A position is `lap | closed bit |
/// index`. A slot's stamp is the position of the send that may fill it next, or that position + 1 for the receive that
/// may empty it.
///
/// \par Progress  a send or receive that finds its slot claimed by a peer waits the few instructions until the peer has
///                published, with its whole batch if it has one; otherwise lock-free, and without a system call while
///                no thread sleeps. Where threads wait, it performs their operations, too.
/// \par Ordering  global: sends take effect in the order of their claims on the tail.
/// \par Fairness  waiting threads are served in FIFO order, but for selects; newcomers overtake them only so often.
template <class T>
class sync {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true,
                                      .least_capacity = 1,
                                      .messages_per_allocation = core_traits::no_allocation,
                                      .bypass = platform::most_bypasses};

  /// \throws std::length_error   if no such ring can be laid out.
  /// \throws std::bad_alloc      if there is no memory for it.
  explicit sync(std::size_t capacity)
      : capacity_(detail::checked_ring_size<slot>(capacity)),
        closed_bit_(std::bit_ceil(capacity + 1)),
        one_lap_(closed_bit_ * 2),
        slots_(std::make_unique<slot[]>(capacity)) {
    const std::size_t first = 0 - platform::laps_before_wrap * one_lap_;
    for (std::size_t i = 0; i < capacity; ++i) slots_[i].stamp.store(first + i, std::memory_order::relaxed);
    head_.store(first, std::memory_order::relaxed);
    tail_.store(first, std::memory_order::relaxed);
  }

  ~sync() { discard(); }

  status try_send(T& value) {
    const status now = senders_.attempt(sends(), std::addressof(value));
    if (now == status::ok) has_sent();
    return now;
  }

  status send_until(T& value, deadline until) {
    // In so small a ring, the slot was last written by a receiver.
    if (capacity_ < 8) platform::prefetch_for_write(&slots_[index_of(tail_.load(std::memory_order::relaxed))]);
    const status now = senders_.wait(sends(), std::addressof(value), until, [&] { return push<look::glance>(value); });
    if (now == status::ok) has_sent();
    return now;
  }

  status try_recv(std::optional<T>& out) {
    const status now = receivers_.attempt(receives(), std::addressof(out));
    if (now == status::ok) has_received();
    return now;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    const status now = receivers_.wait(receives(), std::addressof(out), until, [&] { return pop<look::glance>(out); });
    if (now == status::ok) has_received();
    return now;
  }

  std::size_t try_send_many(std::span<T> messages) {
    if (senders_.handing_over() && !messages.empty()) return try_send(messages.front()) == status::ok ? 1 : 0;
    const std::size_t sent = push_many(messages);
    has_sent(sent);
    return sent;
  }

  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    if (receivers_.handing_over() && most != 0) {
      std::optional<T> first;
      if (try_recv(first) != status::ok) return 0;
      out.emplace(std::move(*first));
      return 1;
    }
    const std::size_t received = pop_many(out, most);
    has_received(received);
    return received;
  }

  bool register_send_waiter(detail::wait_entry& entry) {
    senders_.register_waiter(sends(), entry);
    return worth_sending();
  }
  void unregister_send_waiter(detail::wait_entry& entry) noexcept { senders_.unregister_waiter(entry); }

  bool register_recv_waiter(detail::wait_entry& entry) {
    receivers_.register_waiter(receives(), entry);
    return worth_receiving();
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { receivers_.unregister_waiter(entry); }

  void close_senders() {
    end_sending();
    receivers_.close();
  }

  void close_receivers() {
    end_sending();
    senders_.close();
    discard();
  }

  /// Ends sending and all waits, on both sides; what is buffered may still be received.
  void close() noexcept {
    end_sending();
    senders_.close();
    receivers_.close();
  }

  bool closed() const noexcept {
    // [S20] acquire, pairs with [S9]: the thread that sees the close sees what came before it.
    return (tail_.load(std::memory_order::acquire) & closed_bit_) != 0;
  }

  std::size_t size() const {
    for (;;) {
      // [S10] acquire: orders the load of the head after it.
      const std::size_t tail = tail_.load(std::memory_order::acquire);
      // [S11] seq_cst, pairs with [S2] and [S7]: every operation that has returned is counted. The tail was the same
      // before and after the head was read, so both are values of one instant.
      const std::size_t head = head_.load(std::memory_order::seq_cst);
      if (tail_.load(std::memory_order::seq_cst) != tail) continue;
      if ((tail & ~closed_bit_) == head) return 0;
      const std::size_t from = index_of(head);
      const std::size_t to = index_of(tail);
      return to > from ? to - from : capacity_ - from + to;
    }
  }

  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  struct slot {
    platform::atomic<std::size_t> stamp{0};
    platform::cell<T> message;
  };

  std::size_t index_of(std::size_t position) const noexcept { return position & (closed_bit_ - 1); }

  /// The position after this one: the next index, or index 0 of the next lap.
  std::size_t next(std::size_t position) const noexcept {
    return index_of(position) + 1 < capacity_ ? position + 1 : (position & ~(one_lap_ - 1)) + one_lap_;
  }

  /// From one position to a later one.
  std::size_t steps(std::size_t from, std::size_t to) const noexcept {
    return (to - index_of(to) - (from - index_of(from))) / one_lap_ * capacity_ + index_of(to) - index_of(from);
  }

  /// \pre  steps < capacity
  std::size_t ahead(std::size_t position, std::size_t steps) const noexcept {
    const std::size_t left = capacity_ - index_of(position);
    return steps < left ? position + steps : (position & ~(one_lap_ - 1)) + one_lap_ + (steps - left);
  }

  /// How an attempt decides that the channel is full or empty. `glance`: by its own slot alone, which may also be the
  /// case while a peer is between two steps and after a close; it waits for no peer, so it is what a thread may do that
  /// has claimed other slots. `sure`: by the other side's index, whose cache line peers write.
  enum class look { glance, sure };

  template <look How = look::sure>
  status push(T& value) {
    std::size_t at = 0;
    const status now = claim_to_send<How>(at);
    if (now == status::ok) put(at, value);
    return now;
  }

  template <look How = look::sure>
  status pop(std::optional<T>& out) {
    std::size_t at = 0;
    const status now = claim_to_receive<How>(at);
    if (now == status::ok) take(at, out);
    return now;
  }

  void put(std::size_t at, T& value) noexcept {
    slot& place = slots_[index_of(at)];
    place.message.construct(std::move(value));
    // [S3] release, pairs with acquire [S5] and [S17]: the receiver that reads this stamp also sees the message.
    place.stamp.store(at + 1, std::memory_order::release);
  }

  void take(std::size_t at, std::optional<T>& out) noexcept {
    slot& place = slots_[index_of(at)];
    place.message.take(out);
    // [S4] release, pairs with acquire [S1] and [S14]: the message is moved out before the slot is filled in the next
    // lap.
    place.stamp.store(at + one_lap_, std::memory_order::release);
  }

  template <look How>
  status claim_to_send(std::size_t& at) {
    detail::backoff pacing;
    std::size_t tail = tail_.load(std::memory_order::relaxed);
    for (;;) {
      if (tail & closed_bit_) return status::disconnected;
      slot& place = slots_[index_of(tail)];
      // [S1] acquire, pairs with release [S4] and [S19]: the slot was emptied before it is filled again.
      const std::size_t stamp = place.stamp.load(std::memory_order::acquire);
      if (stamp == tail) {
        // [S2] seq_cst: the change to the channel that handoff_queue [D1], [D2] asks for; pairs with [S11].
        if (tail_.compare_exchange_weak(tail, next(tail), std::memory_order::seq_cst, std::memory_order::relaxed)) {
          at = tail;
          return status::ok;
        }
        pacing.spin();
      } else if (stamp + one_lap_ == tail + 1) {
        if constexpr (How == look::glance) return status::full;
        // The slot holds the last lap's message. The channel is full only if no receiver has claimed it: otherwise the
        // slot is about to be free.
        // [S6] seq_cst: after a receive has returned, no sender finds the channel full because of its slot.
        if (head_.load(std::memory_order::seq_cst) + one_lap_ == tail) {
          // [S13] seq_cst: no sender finds the channel full after another found it closed [S9].
          const std::size_t now = tail_.load(std::memory_order::seq_cst);
          if (now == tail) return status::full;
          tail = now;
          continue;
        }
        pacing.snooze();
        tail = tail_.load(std::memory_order::relaxed);
      } else {
        const std::size_t now = tail_.load(std::memory_order::relaxed);
        // The last lap's message is not there yet: perhaps this thread has claimed the slot for a waiting peer.
        if (How == look::glance && now == tail) return status::full;
        pacing.snooze();
        tail = now;
      }
    }
  }

  template <look How>
  status claim_to_receive(std::size_t& at) {
    detail::backoff pacing;
    std::size_t head = head_.load(std::memory_order::relaxed);
    for (;;) {
      slot& place = slots_[index_of(head)];
      // [S5] acquire, pairs with release [S3] and [S16].
      const std::size_t stamp = place.stamp.load(std::memory_order::acquire);
      if (stamp == head + 1) {
        // [S7] seq_cst: as [S2]; pairs with [S11].
        if (head_.compare_exchange_weak(head, next(head), std::memory_order::seq_cst, std::memory_order::relaxed)) {
          at = head;
          return status::ok;
        }
        pacing.spin();
      } else if (stamp == head) {
        if constexpr (How == look::glance) return status::empty;
        // [S8] seq_cst: after a send has returned, no receiver finds the channel empty while the message is in it.
        const std::size_t tail = tail_.load(std::memory_order::seq_cst);
        if ((tail & ~closed_bit_) == head) return tail & closed_bit_ ? status::disconnected : status::empty;
        pacing.snooze();
        head = head_.load(std::memory_order::relaxed);
      } else {
        const std::size_t now = head_.load(std::memory_order::relaxed);
        // The slot's last message is being taken: perhaps by this thread, which has claimed it for a waiting peer.
        if (How == look::glance && now == head) return status::empty;
        pacing.snooze();
        head = now;
      }
    }
  }

  /// What handoff_queue asks of each side.
  struct send_side {
    static constexpr status pending = status::full;
    sync& ring;

    using claimed = std::size_t;

    status claim(claimed& at, bool exact) {
      return exact ? ring.template claim_to_send<look::sure>(at) : ring.template claim_to_send<look::glance>(at);
    }
    void complete(claimed at, void* packet) noexcept { ring.put(at, *static_cast<T*>(packet)); }
    bool worth_trying() const noexcept { return ring.worth_sending(); }
    std::size_t position() const noexcept { return ring.tail_.load(std::memory_order::relaxed) & ~ring.closed_bit_; }
    std::size_t passed(std::size_t since) const noexcept { return ring.steps(since, position()); }
  };
  struct receive_side {
    static constexpr status pending = status::empty;
    sync& ring;

    using claimed = std::size_t;

    status claim(claimed& at, bool exact) {
      return exact ? ring.template claim_to_receive<look::sure>(at) : ring.template claim_to_receive<look::glance>(at);
    }
    void complete(claimed at, void* packet) noexcept { ring.take(at, *static_cast<std::optional<T>*>(packet)); }
    bool worth_trying() const noexcept { return ring.worth_receiving(); }
    std::size_t position() const noexcept { return ring.head_.load(std::memory_order::relaxed); }
    std::size_t passed(std::size_t since) const noexcept { return ring.steps(since, position()); }
  };
  send_side sends() noexcept { return {*this}; }
  receive_side receives() noexcept { return {*this}; }

  // A thread that is served has sent or received itself, and calls these in its turn.

  void has_sent(std::size_t messages = 1) noexcept {
    if (messages != 0 && receivers_.occupied()) (void)receivers_.serve(receives(), messages);
  }
  void has_received(std::size_t messages = 1) noexcept {
    if (messages != 0 && senders_.occupied()) (void)senders_.serve(sends(), messages);
  }

  /// Claims the free slots from the tail on, as many as there are messages, with one change of the tail. A slot that
  /// was free at its position stays so until that position is claimed.
  std::size_t push_many(std::span<T> messages) {
    detail::backoff pacing;
    std::size_t tail = tail_.load(std::memory_order::relaxed);
    prefetch(tail, messages.size());
    for (;;) {
      if (tail & closed_bit_) return 0;
      std::size_t claimed = 0;
      std::size_t end = tail;
      // [S14] acquire, pairs with release [S4] and [S19]: as [S1].
      while (claimed < messages.size() && slots_[index_of(end)].stamp.load(std::memory_order::acquire) == end) {
        ++claimed;
        end = next(end);
      }
      if (claimed == 0) return 0;
      // [S15] seq_cst: as [S2].
      if (tail_.compare_exchange_weak(tail, end, std::memory_order::seq_cst, std::memory_order::relaxed)) {
        // The last first: a receiver that sees the first sees all.
        for (std::size_t i = claimed; i-- > 0;) {
          const std::size_t at = ahead(tail, i);
          slot& place = slots_[index_of(at)];
          place.message.construct(std::move(messages[i]));
          // [S16] release, pairs with acquire [S5] and [S17]: as [S3].
          place.stamp.store(at + 1, std::memory_order::release);
        }
        return claimed;
      }
      pacing.spin();
    }
  }

  template <class Out>
  std::size_t pop_many(Out& out, std::size_t most) {
    detail::backoff pacing;
    std::size_t head = head_.load(std::memory_order::relaxed);
    prefetch(head, most);
    for (;;) {
      std::size_t claimed = 0;
      std::size_t end = head;
      // [S17] acquire, pairs with release [S3] and [S16].
      while (claimed < most && slots_[index_of(end)].stamp.load(std::memory_order::acquire) == end + 1) {
        ++claimed;
        end = next(end);
      }
      if (claimed == 0) return 0;
      // [S18] seq_cst: as [S7].
      if (head_.compare_exchange_weak(head, end, std::memory_order::seq_cst, std::memory_order::relaxed)) {
        for (std::size_t i = 0; i < claimed; ++i) slots_[index_of(ahead(head, i))].message.take(out);
        // The last first, as in push_many().
        for (std::size_t i = claimed; i-- > 0;) {
          const std::size_t at = ahead(head, i);
          // [S19] release, pairs with acquire [S1] and [S14]: as [S4].
          slots_[index_of(at)].stamp.store(at + one_lap_, std::memory_order::release);
        }
        return claimed;
      }
      pacing.spin();
    }
  }

  /// The lines of a batch then arrive together, and not one after another. Not too many: they may be a peer's still.
  void prefetch(std::size_t position, std::size_t messages) const noexcept {
    constexpr std::size_t per_line = (std::max)(64 / sizeof(slot), std::size_t{1});
    constexpr std::size_t most_lines = 8;
    const std::size_t first = index_of(position);
    const std::size_t end = first + (std::min)({messages, most_lines * per_line, capacity_ - first});
    for (std::size_t i = first; i < end; i += per_line) platform::prefetch_for_write(&slots_[i]);
  }

  void end_sending() noexcept {
    // [S9] seq_cst, pairs with [S21] and acquire [S20]: no later claim on the tail succeeds, and a thread about to park
    // sees it.
    tail_.fetch_or(closed_bit_, std::memory_order::seq_cst);
  }

  // The rechecks of a thread about to park. A stale value of its own side's index costs one more attempt. It sees a
  // close because of the queue's lock, or the close ends the wait.

  bool worth_receiving() const noexcept {
    const std::size_t head = head_.load(std::memory_order::relaxed);
    // [S12] seq_cst: the recheck of handoff_queue [D1].
    const std::size_t tail = tail_.load(std::memory_order::seq_cst);
    return (tail & closed_bit_) || tail != head;
  }

  bool worth_sending() const noexcept {
    // [S21] seq_cst, pairs with [S9]: as [S13].
    const std::size_t tail = tail_.load(std::memory_order::seq_cst);
    // As [S12].
    return (tail & closed_bit_) || head_.load(std::memory_order::seq_cst) + one_lap_ != tail;
  }

  /// Destroys what is buffered, waiting for senders that claimed their slots before the channel closed.
  void discard() noexcept {
    end_sending();
    for (std::optional<T> message; pop(message) == status::ok; message.reset()) {
    }
  }

  alignas(platform::cache_line) platform::atomic<std::size_t> head_{0};
  alignas(platform::cache_line) platform::atomic<std::size_t> tail_{0};
  alignas(platform::cache_line) const std::size_t capacity_;
  const std::size_t closed_bit_;
  const std::size_t one_lap_;
  const std::unique_ptr<slot[]> slots_;
  alignas(platform::cache_line) detail::handoff_queue senders_;
  alignas(platform::cache_line) detail::handoff_queue receivers_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
