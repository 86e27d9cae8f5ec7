#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/diagnose.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::inline SLUICE_ABI::detail {

/// A core and its handle counts. The last of its owners frees it: each side, until it disconnects, and each weak
/// handle.
template <class Core>
class shared_channel {
public:
  template <class... Args>
  explicit shared_channel(origin where, Args&&... args) : core(std::forward<Args>(args)...) {
    sender_registry::create(this, where);
  }
  ~shared_channel() { sender_registry::destroy(this); }

  // The counts share the core's last cache line.
  [[no_unique_address]] Core core;

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order::relaxed); }
  void add_receiver() noexcept { receivers_.fetch_add(1, std::memory_order::relaxed); }
  void add_owner() noexcept { owners_.fetch_add(1, std::memory_order::relaxed); }

  /// \returns  whether there was a sender left to add one to.
  bool add_sender_to_others() noexcept {
    std::size_t others = senders_.load(std::memory_order::relaxed);
    while (others != 0) {
      if (senders_.compare_exchange_weak(others, others + 1, std::memory_order::relaxed, std::memory_order::relaxed)) {
        return true;
      }
    }
    return false;
  }

  std::size_t senders() const noexcept { return senders_.load(std::memory_order::relaxed); }
  std::size_t receivers() const noexcept { return receivers_.load(std::memory_order::relaxed); }

  /// Whether the last receiver has disconnected, and the core refuses messages.
  bool closed_to_senders() const noexcept {
    // [H5] seq_cst, pairs with [H4]: the recheck of wait_queue [Q1].
    return closed_to_senders_.load(std::memory_order::seq_cst);
  }

  /// Senders that wait for that.
  wait_queue& watchers() noexcept { return watchers_; }

  static void drop_sender(shared_channel* self) noexcept {
    // [H1] acq_rel with itself: closing a side happens after everything that its other handles did.
    if (self->senders_.fetch_sub(1, std::memory_order::acq_rel) != 1) return;
    self->core.close_senders();
    drop_owner(self);
  }

  static void drop_receiver(shared_channel* self) noexcept {
    // [H2] acq_rel with itself: as [H1].
    if (self->receivers_.fetch_sub(1, std::memory_order::acq_rel) != 1) return;
    self->core.close_receivers();
    // [H4] seq_cst, pairs with [H5]: the change that wait_queue [Q1], [Q2] asks for.
    self->closed_to_senders_.store(true, std::memory_order::seq_cst);
    self->watchers_.notify_all();
    drop_owner(self);
  }

  static void drop_owner(shared_channel* self) noexcept {
    // [H3] acq_rel with itself: freeing happens after the other owners' last use.
    if (self->owners_.fetch_sub(1, std::memory_order::acq_rel) == 1) delete self;
  }

private:
  platform::atomic<std::size_t> senders_{1};
  platform::atomic<std::size_t> receivers_{1};
  platform::atomic<std::size_t> owners_{2};
  platform::atomic<bool> closed_to_senders_{false};
  wait_queue watchers_;
};

/// The side of a channel that a handle is on: what making, moving and dropping one means.
struct sender_side {
  static void enter(const void* channel, const void* handle, origin where) {
    sender_registry::enter(channel, handle, where);
  }
  static void move(const void* channel, const void* from, const void* to) noexcept {
    sender_registry::move(channel, from, to);
  }
  template <class Core>
  static void drop(shared_channel<Core>* channel, const void* handle) noexcept {
    sender_registry::leave(channel, handle);
    shared_channel<Core>::drop_sender(channel);
  }
};

struct receiver_side {
  static void enter(const void*, const void*, origin) noexcept {}
  static void move(const void*, const void*, const void*) noexcept {}
  template <class Core>
  static void drop(shared_channel<Core>* channel, const void*) noexcept {
    shared_channel<Core>::drop_receiver(channel);
  }
};

/// What senders and receivers have in common: one counted reference to a channel.
template <class Core, class Side>
class handle {
public:
  using core_type = Core;
  using value_type = typename Core::value_type;

  handle(handle&& other) noexcept { take(other); }
  handle& operator=(handle&& other) noexcept {
    handle(std::move(other)).swap(*this);
    return *this;
  }
  ~handle() { reset(); }

  /// Drops this handle's reference. After the last sender, receivers get what is buffered and then `disconnected`;
  /// after the last receiver, buffered messages are destroyed and every send fails.
  void reset() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) Side::drop(channel, this);
  }

  /// The number of buffered messages; exact while no other thread uses the channel.
  std::size_t size() const { return core().size(); }
  bool empty() const { return size() == 0; }
  bool full() const {
    const auto most = capacity();
    return most && size() >= *most;
  }
  /// nullopt: unbounded.
  std::optional<std::size_t> capacity() const { return core().capacity(); }

  /// How many senders and receivers there are; a hint while other threads clone or drop theirs.
  std::size_t sender_count() const noexcept { return channel().senders(); }
  std::size_t receiver_count() const noexcept { return channel().receivers(); }

  /// Whether the other handle, of the same side, belongs to the same channel.
  bool same_channel(const handle& other) const noexcept { return channel_ == other.channel_; }
  explicit operator bool() const noexcept { return channel_ != nullptr; }
  void swap(handle& other) noexcept {
    handle parked(std::move(other));
    other.take(*this);
    take(parked);
  }

protected:
  handle(shared_channel<Core>* channel, origin where) : channel_(channel) { Side::enter(channel, this, where); }

  shared_channel<Core>& channel() const noexcept {
    assert(channel_ && "this handle belongs to no channel: it was moved from or reset");
    return *channel_;
  }
  Core& core() const noexcept { return channel().core; }

private:
  /// \pre  this handle belongs to no channel.
  void take(handle& other) noexcept {
    channel_ = std::exchange(other.channel_, nullptr);
    if (channel_) Side::move(channel_, &other, this);
  }

  shared_channel<Core>* channel_ = nullptr;
};

}  // namespace sluice::inline SLUICE_ABI::detail
