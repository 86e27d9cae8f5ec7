#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/batch_backoff.hpp>
#include <sluice/detail/handoff_queue.hpp>
#include <sluice/platform.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>

namespace sluice::inline SLUICE_ABI::cores {

/// Unbounded MPMC queue: a linked list of blocks of slots, after crossbeam's list channel
/// (https://github.com/crossbeam-rs/crossbeam, crossbeam-channel/src/flavors/list.rs).
///
/// As there, the first block is allocated with the first message. A compare-and-swap on one of two counters claims a
/// position. A block has one position more than slots: the thread that claims the last slot advances the counter over
/// that gap once the next block is linked. The last reader of a block frees it: a reader that finds a slot still being
/// read leaves the rest to that slot's reader.
///
/// A single receiver needs no compare-and-swap: it finds a message by its slot, without the senders' counter, and frees
/// a block itself. Where messages come one by one, it lets a few gather (batch_backoff).
///
/// \tparam Consumers  `one`: a single thread receives at a time.
/// \par Progress  a send is lock-free except while a block is being appended; a receive may wait for the sender of its
///                position to publish. Where receivers wait, a send performs their operations, too. One allocation per
///                `platform::block_slots` messages.
/// \par Ordering  global: sends take effect in the order of their claims on the tail.
/// \par Fairness  waiting receivers are served in FIFO order, but for selects; newcomers overtake them only so often.
template <class T, cardinality Consumers = cardinality::many>
class lock_free {
  static constexpr bool one_receiver = Consumers == cardinality::one;

public:
  using value_type = T;
  static constexpr core_traits traits{.consumers = Consumers,
                                      .unbounded = true,
                                      .messages_per_allocation = platform::block_slots,
                                      .bypass = platform::most_bypasses};

  lock_free() = default;

  ~lock_free() {
    discard();
    delete head_.place.load(std::memory_order::relaxed);
  }

  /// \throws std::bad_alloc  if a block cannot be had; the channel and `value` are then as they were.
  status try_send(T& value) {
    if (!push(value)) return status::disconnected;
    if (receivers_.occupied()) (void)receivers_.serve(receives(), 1);
    return status::ok;
  }

  /// Never waits: an unbounded channel is never full.
  status send_until(T& value, deadline) { return try_send(value); }

  status try_recv(std::optional<T>& out) {
    if constexpr (one_receiver) return pop(out);
    return receivers_.attempt(receives(), std::addressof(out));
  }

  status recv_until(std::optional<T>& out, deadline until) {
    if constexpr (one_receiver) {
      const status now = pop(out);
      if (now != status::empty) [[likely]]
        return now;
      if (pace_.pause()) {
        const status later = pop(out);
        pace_.found(later == status::ok ? size() : 0);
        if (later != status::empty) return later;
      }
    }
    return receivers_.wait(receives(), std::addressof(out), until, [&] { return pop(out); });
  }

  /// Always true: a sender never waits here.
  bool register_send_waiter(detail::wait_entry&) const noexcept { return true; }
  void unregister_send_waiter(detail::wait_entry&) const noexcept {}

  bool register_recv_waiter(detail::wait_entry& entry) {
    receivers_.register_waiter(receives(), entry);
    return worth_receiving();
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { receivers_.unregister_waiter(entry); }

  void close_senders() {
    close();
    receivers_.close();
  }

  void close_receivers() { discard(); }

  std::size_t size() const {
    for (;;) {
      // [L16] acquire: orders the load of the head after it.
      std::size_t tail = tail_.index.load(std::memory_order::acquire);
      // [L17] seq_cst, pairs with [L2], [L5] and [L23]: every operation that has returned is counted. The tail was the
      // same before and after the head was read, so both are values of one instant.
      std::size_t head = head_.index.load(std::memory_order::seq_cst);
      if (tail_.index.load(std::memory_order::seq_cst) != tail) continue;
      tail >>= shift;
      head >>= shift;
      // Count from the first position of the head's block; each block passed since then left one gap.
      const std::size_t base = head / lap * lap;
      const std::size_t passed = (tail - base) & ((std::numeric_limits<std::size_t>::max)() >> shift);
      return passed - (head - base) - passed / lap;
    }
  }

  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  static constexpr std::size_t slots = platform::block_slots;
  static constexpr std::size_t lap = slots + 1;
  // The lowest bit of an index is a flag. In the tail: the channel is closed. In the head: the tail is known to be in a
  // later block, so that receivers need not read it.
  static constexpr std::size_t shift = 1;
  static constexpr std::size_t flag = 1;
  static constexpr std::size_t one = std::size_t{1} << shift;
  // Only whole laps fit before the wrap.
  static constexpr std::size_t first_index = std::has_single_bit(lap) ? 0 - platform::laps_before_wrap * lap * one : 0;

  // The state of a slot after its message was claimed, as bits.
  static constexpr std::uint8_t read = 1;
  static constexpr std::uint8_t abandoned = 2;  // the block is being freed: the reader of this slot continues

  struct none {};

  /// Messages and marks apart, so that a cache line holds more of either; the senders' marks and the receivers' far
  /// apart.
  struct block {
    std::array<platform::atomic<bool>, slots> written{};
    std::array<platform::cell<T>, slots> message;
    [[no_unique_address]] std::conditional_t<one_receiver, none, std::array<platform::atomic<std::uint8_t>, slots>>
        end{};
    platform::atomic<block*> next{nullptr};
  };

  struct alignas(platform::cache_line) position {
    platform::atomic<std::size_t> index{first_index};
    platform::atomic<block*> place{nullptr};
  };

  /// A message that a receiver has claimed.
  struct position_in_block {
    block* place = nullptr;
    std::size_t offset = 0;
  };

  /// What handoff_queue asks.
  struct receive_side {
    static constexpr status pending = status::empty;
    lock_free& list;
    using claimed = position_in_block;

    status claim(claimed& what, bool) { return list.claim(what); }
    void complete(const claimed& what, void* packet) noexcept {
      take(*what.place, what.offset, *static_cast<std::optional<T>*>(packet));
    }
    bool worth_trying() const noexcept { return list.worth_receiving(); }
    std::size_t position() const noexcept { return list.head_.index.load(std::memory_order::relaxed) & ~flag; }
    std::size_t passed(std::size_t since) const noexcept {
      const std::size_t positions = (position() - since) / one;
      return positions - positions / lap;  // there is a gap in each block
    }
  };
  receive_side receives() noexcept { return {*this}; }

  bool push(T& value) {
    detail::backoff pacing;
    std::unique_ptr<block> spare;
    // [L1] acquire, pairs with release [L6]: a sender that reads an index also sees its block, so `place` itself needs
    // no order; it is used only after a claim has shown that the index was current.
    std::size_t tail = tail_.index.load(std::memory_order::acquire);
    // [L20] acquire, pairs with release [L19]: the first block is published by its pointer, not by an index.
    block* place = tail_.place.load(std::memory_order::acquire);
    for (;;) {
      if (tail & flag) return false;
      if (!place) place = first_block();
      const std::size_t offset = (tail >> shift) % lap;
      if (offset == slots) {
        // A peer is linking the next block.
        pacing.snooze();
        // As [L1].
        tail = tail_.index.load(std::memory_order::acquire);
        place = tail_.place.load(std::memory_order::relaxed);
        continue;
      }
      // Allocated before the claim, so that a failed allocation changes nothing.
      if (offset + 1 == slots && !spare) spare = new_block();
      // [L2] seq_cst: the change to the channel that handoff_queue [D1], [D2] asks for; pairs with [L17]. On failure
      // acquire, as [L1].
      if (!tail_.index.compare_exchange_weak(tail, tail + one, std::memory_order::seq_cst,
                                             std::memory_order::acquire)) {
        place = tail_.place.load(std::memory_order::relaxed);
        pacing.spin();
        continue;
      }
      if (offset + 1 == slots) {
        block* const next = spare.release();
        tail_.place.store(next, std::memory_order::relaxed);
        // [L6] release, pairs with acquire [L1]: a sender that reads an index beyond the gap also sees its block.
        tail_.index.fetch_add(one, std::memory_order::release);
        // [L7] release, pairs with acquire [L8]: a receiver sees the block constructed.
        place->next.store(next, std::memory_order::release);
      }
      place->message[offset].construct(std::move(value));
      // [L9] release, pairs with acquire [L10]: a receiver that sees `written` sees the message.
      place->written[offset].store(true, std::memory_order::release);
      return true;
    }
  }

  /// Unlike std::make_unique(), which would zero the slots before it constructs them.
  static std::unique_ptr<block> new_block() { return std::unique_ptr<block>(new block); }

  /// Links the first block, unless another sender has.
  block* first_block() {
    auto fresh = new_block();
    block* found = nullptr;
    // [L19] release, pairs with acquire [L20]: a sender that sees the block sees it constructed. On failure acquire, as
    // [L20].
    if (!tail_.place.compare_exchange_strong(found, fresh.get(), std::memory_order::release,
                                             std::memory_order::acquire)) {
      return found;
    }
    // [L21] release, pairs with acquire [L22]: as [L19], for a single receiver.
    head_.place.store(fresh.get(), std::memory_order::release);
    return fresh.release();
  }

  status pop(std::optional<T>& out) {
    position_in_block found;
    const status now = claim(found);
    if (now == status::ok) take(*found.place, found.offset, out);
    return now;
  }

  status claim(position_in_block& found) {
    if constexpr (one_receiver) {
      return claim_alone(found);
    } else {
      return claim_among_others(found);
    }
  }

  /// For the receiver itself, or a sender that has claimed its wait: no other thread moves the head, or frees its
  /// block.
  status claim_alone(position_in_block& found) {
    const std::size_t head = head_.index.load(std::memory_order::relaxed);
    // [L22] acquire, pairs with release [L21].
    block* place = head_.place.load(std::memory_order::acquire);
    const std::size_t offset = (head >> shift) % lap;
    if (!place || !place->written[offset].load(std::memory_order::relaxed)) {
      // As [L4].
      const std::size_t tail = tail_.index.load(std::memory_order::seq_cst);
      if (head >> shift == tail >> shift) return tail & flag ? status::disconnected : status::empty;
      // A sender is between two steps.
      for (detail::backoff pacing; !place; pacing.snooze()) place = head_.place.load(std::memory_order::relaxed);
    }
    std::size_t after = head + one;
    if (offset + 1 == slots) {
      head_.place.store(wait_for_next(*place), std::memory_order::relaxed);
      after += one;
    }
    // [L23] seq_cst, pairs with [L17].
    head_.index.store(after, std::memory_order::seq_cst);
    found = {place, offset};
    return status::ok;
  }

  status claim_among_others(position_in_block& found) {
    detail::backoff pacing;
    // [L3] acquire, pairs with [L5] and release [L12]: as [L1].
    std::size_t head = head_.index.load(std::memory_order::acquire);
    block* place = head_.place.load(std::memory_order::relaxed);
    for (;;) {
      const std::size_t offset = (head >> shift) % lap;
      if (offset == slots) {
        pacing.snooze();
        // As [L3].
        head = head_.index.load(std::memory_order::acquire);
        place = head_.place.load(std::memory_order::relaxed);
        continue;
      }
      std::size_t after = head + one;
      if (!(head & flag)) {
        // [L4] seq_cst: after a send has returned, no receiver finds the channel empty while the message is in it.
        const std::size_t tail = tail_.index.load(std::memory_order::seq_cst);
        if (head >> shift == tail >> shift) return tail & flag ? status::disconnected : status::empty;
        if ((head >> shift) / lap != (tail >> shift) / lap) after |= flag;
      }
      if (!place) {
        // The first sender is linking the first block.
        pacing.snooze();
        place = head_.place.load(std::memory_order::relaxed);
        continue;
      }
      // [L5] seq_cst, pairs with [L17], and with acquire [L3]: a receiver that reads this claim also sees the tail that
      // the claim was based on. On failure acquire, as [L3].
      if (!head_.index.compare_exchange_weak(head, after, std::memory_order::seq_cst, std::memory_order::acquire)) {
        place = head_.place.load(std::memory_order::relaxed);
        pacing.spin();
        continue;
      }
      if (offset + 1 == slots) {
        block* const next = wait_for_next(*place);
        std::size_t index = (after & ~flag) + one;
        if (next->next.load(std::memory_order::relaxed)) index |= flag;
        head_.place.store(next, std::memory_order::relaxed);
        // [L12] release, pairs with acquire [L3]: a receiver that reads an index beyond the gap also sees its block.
        head_.index.store(index, std::memory_order::release);
      }
      found = {place, offset};
      return status::ok;
    }
  }

  static block* wait_for_next(block& place) noexcept {
    for (detail::backoff pacing;; pacing.snooze()) {
      // [L8] acquire, pairs with release [L7].
      if (block* next = place.next.load(std::memory_order::acquire)) return next;
    }
  }

  static void take(block& place, std::size_t offset, std::optional<T>& out) noexcept {
    // [L10] acquire, pairs with release [L9].
    for (detail::backoff pacing; !place.written[offset].load(std::memory_order::acquire); pacing.snooze()) {
    }
    place.message[offset].take(out);
    if constexpr (one_receiver) {
      if (offset + 1 == slots) delete &place;
    } else {
      // [L13] acq_rel, pairs with [L14]: one of the two sees the other, and the thread that frees the block sees all
      // reads finished.
      if (offset + 1 == slots) {
        free_from(&place, 0);
      } else if (place.end[offset].fetch_or(read, std::memory_order::acq_rel) & abandoned) {
        free_from(&place, offset + 1);
      }
    }
  }

  /// Frees a block whose slots before `offset` have been read, unless a reader is still in one of the others: then that
  /// reader continues from there. The last slot's reader starts this, so its slot is not checked.
  static void free_from(block* place, std::size_t offset) noexcept {
    for (; offset + 1 < slots; ++offset) {
      // [L14] acq_rel, pairs with [L13].
      auto& end = place->end[offset];
      if (!(end.load(std::memory_order::acquire) & read) &&
          !(end.fetch_or(abandoned, std::memory_order::acq_rel) & read)) {
        return;
      }
    }
    delete place;
  }

  void close() noexcept {
    // [L15] seq_cst: no claim on the tail succeeds after it, and a receiver about to park sees it.
    tail_.index.fetch_or(flag, std::memory_order::seq_cst);
  }

  /// The recheck of a receiver about to park. It sees a close because of the queue's lock, or the close ends the
  /// wait.
  bool worth_receiving() const noexcept {
    const std::size_t head = head_.index.load(std::memory_order::relaxed);
    // [L18] seq_cst: the recheck of handoff_queue [D1]. A stale head costs one more attempt.
    const std::size_t tail = tail_.index.load(std::memory_order::seq_cst);
    return (tail & flag) || head >> shift != tail >> shift;
  }

  /// Destroys what is buffered, waiting for senders that claimed their positions before the channel closed.
  void discard() noexcept {
    close();
    for (std::optional<T> message; pop(message) == status::ok; message.reset()) {
    }
  }

  position head_;
  [[no_unique_address]] std::conditional_t<one_receiver, detail::batch_backoff, none> pace_;
  position tail_;
  alignas(platform::cache_line) detail::handoff_queue receivers_;
};

/// The same for many producers and a single consumer.
template <class T>
using mpsc_list = lock_free<T, cardinality::one>;

}  // namespace sluice::inline SLUICE_ABI::cores
