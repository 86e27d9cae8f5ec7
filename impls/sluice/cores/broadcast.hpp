#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/raise.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace sluice::inline SLUICE_ABI {

/// Whether several threads may copy one object of this type concurrently. If not, a broadcast serialises the copies.
/// Specialise it for your own types.
template <class T>
inline constexpr bool concurrent_copy = std::is_trivially_copyable_v<T>;

}  // namespace sluice::inline SLUICE_ABI

namespace sluice::inline SLUICE_ABI::cores {

/// Broadcast ring with one read position per receiver: a send overwrites the oldest message, and a receiver that had
/// not read it is told how many it missed. After tokio's broadcast channel
/// (https://docs.rs/tokio/latest/tokio/sync/broadcast), for threads, and with exactly the requested capacity.
///
/// A lock guards the ring. Messages live in reference-counted nodes, so that no message is constructed, copied or
/// destroyed under the lock, and a slow copy delays only receivers that copy the same message.
///
/// \par Progress  sending takes the lock for a few instructions and as many wake-ups as receivers wait; it never waits
///                for a receiver. One allocation per message.
/// \par Ordering  global: all receivers see the messages in the order of the sends.
template <class T>
class broadcast {
public:
  using value_type = T;
  using position = std::uint64_t;
  static constexpr broadcast_traits traits{};

  /// \throws std::length_error  for a capacity of 0, or one beyond memory.
  explicit broadcast(std::size_t capacity) : capacity_(checked(capacity)), ring_(std::make_unique<slot[]>(capacity)) {}

  ~broadcast() {
    for (std::size_t i = 0; i < capacity_; ++i) release(ring_[i].held);
  }

  /// \param value    moved from.
  /// \param refused  gets the message back if there is no receiver.
  /// \returns  the number of receivers that can read the message.
  /// \throws std::bad_alloc  `value` and the channel are then unchanged.
  std::size_t send(T& value, std::optional<T>& refused) {
    auto fresh = std::make_unique<node>(std::move(value));
    node* overwritten = nullptr;
    std::size_t reached = 0;
    {
      platform::unique_lock guard(mutex_);
      fields_.write();
      reached = receivers_;
      if (reached != 0) {
        slot& place = slot_of(tail_++);
        overwritten = std::exchange(place.held, fresh.release());
        place.unseen = reached;
        if (!overwritten) ++held_;
        waiting_.end_all(detail::outcome::woken);
      }
    }
    if (fresh) refused.emplace(std::move(fresh->value));
    release(overwritten);
    return reached;
  }

  /// Reads the next message.
  /// \param next    this receiver's position; advances past what was read or missed.
  /// \param out     empty; the message, if there is one.
  /// \param missed  how many messages were overwritten before they could be read; `out` is then left as it is.
  /// \returns  ok (a message, or missed ones), empty or disconnected.
  /// \throws  what copying the message throws; it counts as read.
  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) {
    const reading read = begin_reading(next, missed);
    if (!read.held) return read.result;
    const held_node held(read.held);
    held.copy_to(out);
    return status::ok;
  }

  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return detail::wait(
        spin_, status::empty, until, [&] { return try_recv(next, out, missed); },
        [&](detail::wait_entry& entry) { return register_recv_waiter(next, entry); },
        [&](detail::wait_entry& entry) { unregister_recv_waiter(entry); });
  }

  bool register_recv_waiter(position next, detail::wait_entry& entry) {
    platform::unique_lock guard(mutex_);
    waiting_.push(entry);
    fields_.read();
    return next != tail_ || senders_disconnected_;
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept {
    platform::unique_lock guard(mutex_);
    waiting_.remove(entry);
  }

  /// Adds a receiver. \returns  its position: after every message sent so far.
  position subscribe() noexcept {
    platform::unique_lock guard(mutex_);
    fields_.write();
    ++receivers_;
    return tail_;
  }

  /// Adds a receiver at the position of another one.
  void subscribe_at(position next) noexcept {
    platform::unique_lock guard(mutex_);
    fields_.write();
    ++receivers_;
    for (position p = (std::max)(next, oldest()); p != tail_; ++p) ++slot_of(p).unseen;
  }

  /// Removes a receiver; messages that only it had still to read are destroyed before this returns.
  void unsubscribe(position next) noexcept {
    node* unwanted = nullptr;
    {
      platform::unique_lock guard(mutex_);
      fields_.write();
      --receivers_;
      for (position p = (std::max)(next, oldest()); p != tail_; ++p) {
        if (node* last = seen(slot_of(p))) last->next = std::exchange(unwanted, last);
      }
    }
    while (unwanted) release(std::exchange(unwanted, unwanted->next));
  }

  void close_senders() noexcept {
    platform::unique_lock guard(mutex_);
    fields_.write();
    senders_disconnected_ = true;
    waiting_.end_all(detail::outcome::closed);
  }

  /// The number of messages that a receiver has still to read, including those missed until it is told.
  std::size_t pending(position next) const {
    platform::unique_lock guard(mutex_);
    fields_.read();
    return static_cast<std::size_t>(tail_ - next);
  }

  /// Messages that some receiver has still to read.
  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    fields_.read();
    return held_;
  }
  std::size_t receivers() const {
    platform::unique_lock guard(mutex_);
    fields_.read();
    return receivers_;
  }
  std::size_t capacity() const noexcept { return capacity_; }

protected:
  struct no_lock {};
  struct no_guard {
    explicit no_guard(no_lock&) noexcept {}
  };
  using copy_mutex = std::conditional_t<concurrent_copy<T>, no_lock, platform::mutex>;
  using copy_guard = std::conditional_t<concurrent_copy<T>, no_guard, platform::unique_lock>;

  struct node {
    explicit node(T&& message) noexcept : value(std::move(message)) {}

    platform::atomic<std::uint32_t> holders{1};  // the ring, and each receiver that copies from the node
    node* next = nullptr;
    [[no_unique_address]] copy_mutex copying;
    T value;
  };

  /// One reference to a node, released on destruction.
  class held_node {
  public:
    explicit held_node(node* n) noexcept : node_(n) {}
    held_node(const held_node&) = delete;
    held_node& operator=(const held_node&) = delete;
    ~held_node() { release(node_); }

    void copy_to(std::optional<T>& out) const {
      [[maybe_unused]] copy_guard guard(node_->copying);
      out.emplace(std::as_const(node_->value));
    }

  private:
    node* node_;
  };

  struct slot {
    node* held = nullptr;    // null once every receiver has read it
    std::size_t unseen = 0;  // receivers that have not read it
  };

  struct reading {
    status result;
    node* held;  // with a reference of the reader's own
  };

  reading begin_reading(position& next, std::uint64_t& missed) {
    platform::unique_lock guard(mutex_);
    fields_.write();
    missed = oldest() - (std::min)(next, oldest());
    next += missed;
    if (missed != 0) return {status::ok, nullptr};
    if (next == tail_) return {senders_disconnected_ ? status::disconnected : status::empty, nullptr};
    slot& place = slot_of(next++);
    node* const found = place.held;
    // The last reader takes over the ring's reference.
    if (!seen(place)) found->holders.fetch_add(1, std::memory_order::relaxed);
    return {status::ok, found};
  }

  /// Counts one reader less. \returns  the node, if that was the last one.
  node* seen(slot& place) noexcept {
    if (--place.unseen != 0) return nullptr;
    --held_;
    return std::exchange(place.held, nullptr);
  }

  static void release(node* n) noexcept {
    // [B1] acq_rel with itself: freeing happens after the other holders' last use.
    if (n && n->holders.fetch_sub(1, std::memory_order::acq_rel) == 1) delete n;
  }

  static std::size_t checked(std::size_t capacity) {
    if (capacity == 0) detail::raise<std::length_error>("sluice: a broadcast needs a capacity of at least 1");
    if (capacity > (std::numeric_limits<std::ptrdiff_t>::max)() / sizeof(slot)) {
      detail::raise<std::length_error>("sluice: a capacity of " + std::to_string(capacity) + " is beyond memory");
    }
    return capacity;
  }

  slot& slot_of(position p) noexcept { return ring_[static_cast<std::size_t>(p % capacity_)]; }
  position oldest() const noexcept { return tail_ - std::min<position>(tail_, capacity_); }

  mutable platform::mutex mutex_;
  [[no_unique_address]] platform::plain_fields fields_;  // those that the lock guards
  const std::size_t capacity_;
  const std::unique_ptr<slot[]> ring_;
  position tail_ = 0;  // the position of the next message; those before it, up to the capacity, are in the ring
  std::size_t held_ = 0;
  std::size_t receivers_ = 0;
  bool senders_disconnected_ = false;
  detail::wait_list waiting_;
  detail::adaptive_spin spin_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
