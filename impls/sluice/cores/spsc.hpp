#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/batch_backoff.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace sluice::inline SLUICE_ABI::cores {

/// SPSC queue with cached indices: a count of messages sent and one of messages received, over a store of slots.
///
/// Lamport's ring (Proving the Correctness of Multiprocess Programs, 1977) with a cached copy of the other side's
/// count, so that its cache line is fetched only when the copy is used up (as in MCRingBuffer,
/// https://doi.org/10.1109/IPDPS.2010.5470368). Neither side executes a read-modify-write or a full fence per message:
/// the side that is about to sleep or to disconnect fences on behalf of both (platform::asymmetric_fence). Only the
/// first few sends fence for themselves.
///
/// A store has slots in the order of their use, and a `cursor` for each side, which refers to one of them:
/// - `back(cursor)`, the slot of the next message to be sent, and `front(cursor)`, of the next to be received;
///   `next(cursor)` advances a cursor;
/// - `free(front, back)`, at the end;
/// - `static constexpr core_traits traits`, `capacity()`.
///
/// A count that is read may be stale, so the channel is sequentially consistent, not linearizable.
///
/// \par Progress  wait-free except for what the store allocates, and without a system call while no thread sleeps.
/// \par Threads   one at a time on each side, also for size().
template <class T, class Store>
class spsc {
public:
  using value_type = T;
  static constexpr core_traits traits = Store::traits;

  spsc() requires(traits.unbounded) = default;

  /// \throws std::length_error, std::bad_alloc  as the store does.
  explicit spsc(std::size_t capacity) requires(traits.bounded) : capacity_(capacity * one), slots_(capacity) {}

  ~spsc() {
    discard();
    slots_.free(received_.at, sent_.at);
  }

  status try_send(T& value) {
    const status now = push(value);
    if (now == status::ok) notify(receivers_);
    return now;
  }

  status send_until(T& value, deadline until) {
    if constexpr (traits.unbounded) {
      return try_send(value);
    } else {
      const status now = wait(
          sent_, senders_, status::full, until, [&] { return push(value); }, [&] { return room(); },
          [&] { return worth_sending(); });
      if (now == status::ok) notify(receivers_);
      return now;
    }
  }

  status try_recv(std::optional<T>& out) {
    const status now = pop(out);
    if (now == status::ok) notify_sender();
    return now;
  }

  status recv_until(std::optional<T>& out, deadline until) {
    const status now = wait(
        received_, receivers_, status::empty, until, [&] { return pop(out); }, [&] { return buffered(); },
        [&] { return worth_receiving(); });
    if (now == status::ok) notify_sender();
    return now;
  }

  /// With one store of the count.
  std::size_t try_send_many(std::span<T> messages) {
    const at_work now(sent_, fence_);
    if (receiver_disconnected_.load(std::memory_order::relaxed)) return 0;
    if (!has_room()) {
      sent_.pace.skip_once();
      return 0;
    }
    if constexpr (!traits.unbounded) {
      // [R8] acquire, pairs with release [R3]: as [R2].
      if (room() < messages.size()) sent_.other = received_.count.load(std::memory_order::acquire);
      messages = messages.first((std::min)(room(), messages.size()));
    }
    // Also where an allocation throws: what was sent before it stays sent.
    struct publication {
      ~publication() {
        channel.publish_sent();
        channel.notify(channel.receivers_);
      }
      spsc& channel;
    } at_the_end{*this};
    for (T& message : messages) put(message);
    return messages.size();
  }

  /// With one store of the count.
  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    if (look() != status::ok) {
      received_.pace.skip_once();
      return 0;
    }
    // [R9] acquire, pairs with release [R1]: as [R4].
    if (buffered() < most) received_.other = sent_.count.load(std::memory_order::acquire) & ~closed;
    const std::size_t received = (std::min)(buffered(), most);
    for (std::size_t left = received; left != 0; --left) get(out);
    publish_received();
    notify_sender();
    return received;
  }

  bool register_send_waiter(detail::wait_entry& entry) {
    if constexpr (traits.unbounded) {
      return true;
    } else {
      register_waiter(senders_, entry);
      return worth_sending();
    }
  }
  void unregister_send_waiter(detail::wait_entry& entry) noexcept {
    if constexpr (!traits.unbounded) senders_.unregister_waiter(entry);
  }

  bool register_recv_waiter(detail::wait_entry& entry) {
    register_waiter(receivers_, entry);
    return worth_receiving();
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { receivers_.unregister_waiter(entry); }

  void close_senders() {
    // [R7] release, pairs with acquire [R4]: the receiver that reads this may not have read any count before.
    sent_.count.store(sent_.mine | closed, std::memory_order::release);
    receivers_.close();
  }

  void close_receivers() {
    receiver_disconnected_.store(true, std::memory_order::relaxed);
    // Either this fence comes before one of the sender's, which then sees the store above, or `unfenced` is seen here.
    platform::full_fence();
    if (sent_.unfenced.load(std::memory_order::relaxed)) fence_.heavy();
    // [R5] acquire, pairs with release [R6]: either the sender sees that the receiver has disconnected, or its message
    // is destroyed here.
    for (detail::backoff pacing; sent_.busy.load(std::memory_order::acquire); pacing.snooze()) {
    }
    if constexpr (!traits.unbounded) senders_.close();
    discard();
  }

  std::size_t size() const {
    // As fence_once().
    platform::full_fence();
    const std::size_t received = received_.count.load(std::memory_order::relaxed);
    return ((sent_.count.load(std::memory_order::relaxed) & ~closed) - received) / one;
  }

  std::optional<std::size_t> capacity() const noexcept { return slots_.capacity(); }

private:
  // Counts are even; the lowest bit of `sent_` says that a side has disconnected.
  static constexpr std::size_t closed = 1;
  static constexpr std::size_t one = 2;
  static constexpr std::size_t first = 0 - platform::laps_before_wrap * 2 * one;

  /// So many sends fence for themselves: a channel that is soon dropped then needs no heavy fence, which costs more.
  static constexpr std::size_t fenced_sends = platform::block_slots / 2;

  /// One side's count, which the other side reads while it waits, and the state that only this side needs: on a line of
  /// its own, except where an empty channel should be small.
  struct side {
    static constexpr std::size_t apart = traits.unbounded ? alignof(std::size_t) : platform::cache_line;

    alignas(platform::cache_line) platform::atomic<std::size_t> count{first};
    alignas(apart) std::size_t mine = first;  ///< the count, without the closed bit
    std::size_t other = first;                ///< the other side's count, as last read
    std::size_t fenced = first;               ///< its own count at its last full fence
    /// The sender's: it has checked `receiver_disconnected_` and not yet stored its count.
    platform::atomic<bool> busy{false};
    /// The sender's: its sends no longer fence, so that the receiver must, for both, before it disconnects.
    platform::atomic<bool> unfenced{false};
    bool fences = true;  ///< the opposite, for the sender alone
    detail::batch_backoff pace{};
    typename Store::cursor at{};
  };

  /// Waits in a queue. A side that reads the other's count after each message takes the cache line away each time, so
  /// while the other side streams, it lets a batch of messages gather first.
  /// \param left  how many further attempts are known to succeed.
  template <class Attempt, class Left, class Predicate>
  status wait(side& self, detail::wait_queue& line, status pending, deadline until, Attempt attempt, Left left,
              Predicate worth_trying) {
    const status now = attempt();
    if (now != pending) [[likely]]
      return now;
    return wait_longer(self, line, pending, until, attempt, left, worth_trying);
  }

  template <class Attempt, class Left, class Predicate>
  [[gnu::noinline]] status wait_longer(side& self, detail::wait_queue& line, status pending, deadline until,
                                       Attempt attempt, Left left, Predicate worth_trying) {
    if (self.pace.pause()) {
      const status now = attempt();
      self.pace.found(now == status::ok ? left() : 0);
      if (now != pending) return now;
    }
    return detail::wait_longer(
        line.spin(), pending, until, attempt, attempt,
        [&](detail::wait_entry& entry) {
          register_waiter(line, entry);
          return worth_trying();
        },
        [&](detail::wait_entry& entry) { line.unregister_waiter(entry); });
  }

  /// Marks the sender as busy while it sends a message.
  class at_work {
  public:
    explicit at_work(side& s, const platform::asymmetric_fence& fence) noexcept : side_(s) {
      side_.busy.store(true, std::memory_order::relaxed);
      if (!side_.fences) [[likely]] {
        fence.light();
        return;
      }
      if (side_.mine - first >= fenced_sends * one) {
        side_.fences = false;
        side_.unfenced.store(true, std::memory_order::relaxed);
      }
      platform::full_fence();
    }
    // [R6] release, pairs with acquire [R5].
    ~at_work() { side_.busy.store(false, std::memory_order::release); }
    at_work(const at_work&) = delete;
    at_work& operator=(const at_work&) = delete;

  private:
    side& side_;
  };

  status push(T& value) {
    const at_work now(sent_, fence_);
    if (receiver_disconnected_.load(std::memory_order::relaxed)) return status::disconnected;
    if (!has_room()) return status::full;
    put(value);
    publish_sent();
    return status::ok;
  }

  // How many messages are known to fit, and to be there.
  std::size_t room() const noexcept { return (capacity_ - (sent_.mine - sent_.other)) / one; }
  std::size_t buffered() const noexcept { return (received_.other - received_.mine) / one; }

  bool has_room() {
    if constexpr (!traits.unbounded) {
      if (sent_.mine - sent_.other == capacity_) {
        // [R2] acquire, pairs with release [R3]: the slot was emptied before it is filled again.
        fence_once(sent_);
        sent_.other = received_.count.load(std::memory_order::acquire);
        return sent_.mine - sent_.other != capacity_;
      }
    }
    return true;
  }

  void put(T& value) {
    slots_.back(sent_.at).construct(std::move(value));
    slots_.next(sent_.at);
    sent_.mine += one;
  }

  void publish_sent() noexcept {
    // [R1] release, pairs with acquire [R4] and [R9]: the receiver that reads this count also sees the message.
    sent_.count.store(sent_.mine, std::memory_order::release);
  }

  status pop(std::optional<T>& out) {
    const status now = look();
    if (now != status::ok) return now;
    take(out);
    return status::ok;
  }

  /// \returns  ok if a message is there.
  status look() {
    if (received_.mine != received_.other) return status::ok;
    // [R4] acquire, pairs with release [R1] and [R7].
    fence_once(received_);
    const std::size_t sent = sent_.count.load(std::memory_order::acquire);
    received_.other = sent & ~closed;
    if (received_.mine != received_.other) return status::ok;
    return sent & closed ? status::disconnected : status::empty;
  }

  /// Of two sides that each read the other's count, at least one must see the other's last step.
  static void fence_once(side& self) noexcept {
    if (self.fenced == self.mine) return;
    platform::full_fence();
    self.fenced = self.mine;
  }

  void take(std::optional<T>& out) noexcept {
    get(out);
    publish_received();
  }

  template <class Out>
  void get(Out& out) noexcept {
    slots_.front(received_.at).take(out);
    slots_.next(received_.at);
    received_.mine += one;
  }

  void publish_received() noexcept {
    // [R3] release, pairs with acquire [R2] and [R8].
    received_.count.store(received_.mine, std::memory_order::release);
  }

  void notify_sender() noexcept {
    if constexpr (!traits.unbounded) notify(senders_);
  }

  void notify(detail::wait_queue& line) noexcept {
    fence_.light();
    line.notify_one_lightly();
  }

  void register_waiter(detail::wait_queue& line, detail::wait_entry& entry) {
    line.register_waiter(entry);
    fence_.heavy();
  }

  // The rechecks of a thread about to park, after its heavy fence. It sees a close because of the wait queue's lock, or
  // the close ends the wait.

  bool worth_receiving() const noexcept { return sent_.count.load(std::memory_order::relaxed) != received_.mine; }

  bool worth_sending() const noexcept {
    return sent_.mine - received_.count.load(std::memory_order::relaxed) != capacity_ ||
           receiver_disconnected_.load(std::memory_order::relaxed);
  }

  /// Destroys what was sent. Called by the last side to disconnect.
  void discard() noexcept {
    // The sender's last step happens before this, by [R5] or because both sides have disconnected.
    const std::size_t sent = sent_.count.load(std::memory_order::relaxed) & ~closed;
    for (std::optional<T> message; received_.mine != sent; message.reset()) take(message);
  }

  struct none {};

  side sent_;
  side received_;
  alignas(platform::cache_line) std::size_t capacity_ = 0;
  platform::asymmetric_fence fence_;
  platform::atomic<bool> receiver_disconnected_{false};
  Store slots_;
  detail::wait_queue receivers_;
  [[no_unique_address]] std::conditional_t<traits.unbounded, none, detail::wait_queue> senders_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
