#pragma once

#include <sluice/core.hpp>
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

namespace sluice {

/// Whether several threads may copy from one object of this type at once. Elsewhere a broadcast lets them copy one
/// after the other. Specialise it for your own types.
template <class T>
inline constexpr bool concurrent_copy = std::is_trivially_copyable_v<T>;

}  // namespace sluice

namespace sluice::cores {

/// A ring that every receiver reads at its own pace: a send overwrites the oldest message, and whoever had not seen it
/// learns how many were missed. After tokio's broadcast channel, for threads, and with exactly the capacity asked for.
///
/// A lock guards the ring. Messages live in nodes of their own, counted by those who hold them, so that no message is
/// made, copied or destroyed under the lock, and a slow copy keeps nobody waiting but those who copy the same message.
///
/// \par Progress  sending takes the lock for a few instructions, and as many wake-ups as receivers wait; it never waits
///                for a receiver. One allocation a message.
/// \par Ordering  global: all receivers see the messages in the order of the sends.
template <class T>
class broadcast {
public:
  using value_type = T;
  using position = std::uint64_t;

  /// \throws std::length_error  for a capacity of 0, or one beyond memory.
  explicit broadcast(std::size_t capacity) : capacity_(checked(capacity)), ring_(std::make_unique<slot[]>(capacity)) {}

  ~broadcast() {
    for (std::size_t i = 0; i < capacity_; ++i) release(ring_[i].held);
  }

  /// \param value    moved from.
  /// \param refused  gets the message back if there is no receiver.
  /// \returns  to how many receivers the message went.
  /// \throws std::bad_alloc  `value` and the channel are then as they were.
  std::size_t send(T& value, std::optional<T>& refused) {
    auto fresh = std::make_unique<node>(std::move(value));
    node* overwritten = nullptr;
    std::size_t reached = 0;
    {
      platform::unique_lock guard(mutex_);
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

  /// Reads on.
  ///
  /// \param next    where this receiver is; moves past what was read or missed.
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
        patience_, status::empty, until, [&] { return try_recv(next, out, missed); },
        [&](detail::wait_entry& entry) { return watch_recv(next, entry); },
        [&](detail::wait_entry& entry) { unwatch_recv(entry); });
  }

  bool watch_recv(position next, detail::wait_entry& entry) {
    platform::unique_lock guard(mutex_);
    waiting_.push(entry);
    return next != tail_ || senders_gone_;
  }
  void unwatch_recv(detail::wait_entry& entry) noexcept {
    platform::unique_lock guard(mutex_);
    waiting_.remove(entry);
  }

  /// One more receiver. \returns  where it starts: after all that was sent.
  position subscribe() noexcept {
    platform::unique_lock guard(mutex_);
    ++receivers_;
    return tail_;
  }

  /// One more receiver, that starts where another one is.
  void subscribe_at(position next) noexcept {
    platform::unique_lock guard(mutex_);
    ++receivers_;
    for (position p = std::max(next, oldest()); p != tail_; ++p) ++slot_of(p).unseen;
  }

  /// A receiver goes; what only it had still to see is destroyed before this returns.
  void unsubscribe(position next) noexcept {
    node* unwanted = nullptr;
    {
      platform::unique_lock guard(mutex_);
      --receivers_;
      for (position p = std::max(next, oldest()); p != tail_; ++p) {
        if (node* last = seen(slot_of(p))) last->next = std::exchange(unwanted, last);
      }
    }
    while (unwanted) release(std::exchange(unwanted, unwanted->next));
  }

  void close_senders() noexcept {
    platform::unique_lock guard(mutex_);
    senders_gone_ = true;
    waiting_.end_all(detail::outcome::closed);
  }

  /// What a receiver has still to see, counting what it has missed until it is told.
  std::size_t pending(position next) const {
    platform::unique_lock guard(mutex_);
    return static_cast<std::size_t>(tail_ - next);
  }

  /// Messages that some receiver has still to see.
  std::size_t size() const {
    platform::unique_lock guard(mutex_);
    return held_;
  }
  std::size_t receivers() const {
    platform::unique_lock guard(mutex_);
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

    platform::atomic<std::uint32_t> holders{1};  // the ring, while it is in there, and whoever copies from it
    node* next = nullptr;
    [[no_unique_address]] copy_mutex copying;
    T value;
  };

  /// One hold on a node, let go of at the end.
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
    node* held = nullptr;    // null once every receiver has seen it
    std::size_t unseen = 0;  // receivers that have not
  };

  struct reading {
    status result;
    node* held;  // with a hold of the reader's own
  };

  reading begin_reading(position& next, std::uint64_t& missed) {
    platform::unique_lock guard(mutex_);
    missed = oldest() - std::min(next, oldest());
    next += missed;
    if (missed != 0) return {status::ok, nullptr};
    if (next == tail_) return {senders_gone_ ? status::disconnected : status::empty, nullptr};
    slot& place = slot_of(next++);
    node* const found = place.held;
    // The last to see it takes over the ring's hold.
    if (!seen(place)) found->holders.fetch_add(1, std::memory_order::relaxed);
    return {status::ok, found};
  }

  /// One receiver less has still to see this. \returns  the node, if that was the last one.
  node* seen(slot& place) noexcept {
    if (--place.unseen != 0) return nullptr;
    --held_;
    return std::exchange(place.held, nullptr);
  }

  static void release(node* n) noexcept {
    // [B1] acq_rel with itself: the holder that frees comes after the others' last use.
    if (n && n->holders.fetch_sub(1, std::memory_order::acq_rel) == 1) delete n;
  }

  static std::size_t checked(std::size_t capacity) {
    if (capacity == 0) throw std::length_error("sluice: a broadcast needs a capacity of at least 1");
    if (capacity > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(slot)) {
      throw std::length_error("sluice: a capacity of " + std::to_string(capacity) + " is beyond memory");
    }
    return capacity;
  }

  slot& slot_of(position p) noexcept { return ring_[p % capacity_]; }
  position oldest() const noexcept { return tail_ - std::min<position>(tail_, capacity_); }

  mutable platform::mutex mutex_;
  const std::size_t capacity_;
  const std::unique_ptr<slot[]> ring_;
  position tail_ = 0;  // where the next message goes; those before it, up to the capacity, are in the ring
  std::size_t held_ = 0;
  std::size_t receivers_ = 0;
  bool senders_gone_ = false;
  detail::wait_list waiting_;
  platform::patience patience_;
};

}  // namespace sluice::cores
