#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <expected>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

/// Senders and receivers: one text for every core.
namespace sluice {

template <class Core, cardinality Consumers = cardinality::many>
class basic_sender;
template <class Core, cardinality Consumers = cardinality::many>
class basic_receiver;

namespace detail {

// Durations of any kind are compared as seconds in floating point, which none of them overflows.
using seconds = std::chrono::duration<long double>;

/// Now + a duration, or never where that lies beyond the clock.
template <class Rep, class Period>
deadline after(std::chrono::duration<Rep, Period> duration) {
  const deadline now = platform::now();
  if (duration <= duration.zero()) return now;
  if (seconds(duration) >= seconds(deadline::max() - now)) return deadline::max();
  return now + std::chrono::ceil<deadline::duration>(duration);
}

/// A time point of any clock, as a deadline: never where it lies beyond the steady clock.
template <class Clock, class Duration>
deadline at(std::chrono::time_point<Clock, Duration> when) {
  const seconds left = seconds(when.time_since_epoch()) - seconds(Clock::now().time_since_epoch());
  if (left <= seconds::zero()) return platform::now();
  if (left >= seconds(deadline::max() - platform::now())) return deadline::max();
  if constexpr (std::same_as<Clock, deadline::clock>) {
    return std::chrono::ceil<deadline::duration>(when);
  } else {
    return after(when - Clock::now());
  }
}

/// A core and the counts of its handles. Whichever side goes last frees it.
template <class Core>
class shared_channel {
public:
  template <class... Args>
  explicit shared_channel(Args&&... args) : core(std::forward<Args>(args)...) {}

  Core core;

  void add_sender() noexcept { senders_.fetch_add(1, std::memory_order::relaxed); }
  void add_receiver() noexcept { receivers_.fetch_add(1, std::memory_order::relaxed); }

  static void drop_sender(shared_channel* self) noexcept {
    // [H1] acq_rel with itself: who closes the side comes after all that its other handles did.
    if (self->senders_.fetch_sub(1, std::memory_order::acq_rel) != 1) return;
    self->core.close_senders();
    leave(self);
  }

  static void drop_receiver(shared_channel* self) noexcept {
    // [H2] acq_rel with itself: as [H1].
    if (self->receivers_.fetch_sub(1, std::memory_order::acq_rel) != 1) return;
    self->core.close_receivers();
    leave(self);
  }

private:
  static void leave(shared_channel* self) noexcept {
    // [H3] acq_rel with itself: the side that frees comes after the other side's last use.
    if (self->one_side_left_.exchange(true, std::memory_order::acq_rel)) delete self;
  }

  alignas(platform::cache_line) platform::atomic<std::size_t> senders_{1};
  platform::atomic<std::size_t> receivers_{1};
  platform::atomic<bool> one_side_left_{false};
};

/// What senders and receivers have in common: one share of a channel, let go of by `Drop`.
template <class Core, void (*Drop)(shared_channel<Core>*) noexcept>
class handle {
public:
  using core_type = Core;
  using value_type = typename Core::value_type;

  handle(handle&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
  handle& operator=(handle&& other) noexcept {
    handle(std::move(other)).swap(*this);
    return *this;
  }
  ~handle() { reset(); }

  /// Lets go of the channel. After the last sender, receivers get what is buffered and then `disconnected`; after the
  /// last receiver, buffered messages are destroyed and every send fails.
  void reset() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) Drop(channel);
  }

  /// Messages buffered now; exact while nobody else uses the channel.
  std::size_t size() const { return core().size(); }
  bool empty() const { return size() == 0; }
  bool full() const {
    const auto most = capacity();
    return most && size() >= *most;
  }
  /// nullopt: unbounded.
  std::optional<std::size_t> capacity() const { return core().capacity(); }

  /// Whether the other handle, of the same side, belongs to the same channel.
  bool same_channel(const handle& other) const noexcept { return channel_ == other.channel_; }
  explicit operator bool() const noexcept { return channel_ != nullptr; }
  void swap(handle& other) noexcept { std::swap(channel_, other.channel_); }

protected:
  explicit handle(shared_channel<Core>* channel) noexcept : channel_(channel) {}

  shared_channel<Core>& channel() const noexcept {
    assert(channel_ && "this handle belongs to no channel: it was moved from or reset");
    return *channel_;
  }
  Core& core() const noexcept { return channel().core; }

private:
  shared_channel<Core>* channel_;
};

}  // namespace detail

/// Makes a channel on a core of the caller's choice.
///
/// \param args  what the core's constructor takes: a capacity for bounded cores, nothing for unbounded ones.
/// \throws  what the core's constructor throws; std::bad_alloc.
template <class Core, cardinality Consumers = cardinality::many, class... Args>
[[nodiscard("a channel without handles is closed at once")]] std::pair<basic_sender<Core, Consumers>,
                                                                       basic_receiver<Core, Consumers>>
make_channel(Args&&... args) {
  check_core<Core>();
  auto* channel = new detail::shared_channel<Core>(std::forward<Args>(args)...);
  return {basic_sender<Core, Consumers>(channel), basic_receiver<Core, Consumers>(channel)};
}

/// The sending side of a channel.
///
/// Move-only: a copy made by accident would keep the channel open. A moved-from or reset() handle belongs to no
/// channel; using it is undefined, but for destroying it, assigning to it and asking it for its truth.
///
/// \par Threads  any number may use one handle at once, but for reset(), assignment and destruction.
template <class Core, cardinality Consumers>
class basic_sender : public detail::handle<Core, &detail::shared_channel<Core>::drop_sender> {
  using base = detail::handle<Core, &detail::shared_channel<Core>::drop_sender>;
  using base::core;

public:
  using typename base::value_type;
  using send_result = std::expected<void, send_error<value_type>>;
  using try_send_result = std::expected<void, try_send_error<value_type>>;
  using send_timeout_result = std::expected<void, send_timeout_error<value_type>>;

  /// Another sender to the same channel.
  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_sender clone() const noexcept {
    this->channel().add_sender();
    return basic_sender(&this->channel());
  }

  /// Sends, waiting while the channel is full.
  ///
  /// \returns  nothing, or the message back if every receiver is gone.
  /// \par Progress  blocking if the channel is bounded; no system call unless this one or a receiver waits.
  /// \par Ordering  all sequenced before it happens before the return of the receive that gets the message.
  [[nodiscard("an unread result loses the message that could not be sent")]] send_result send(value_type&& value) {
    if (core().send_until(value, deadline::max()) == status::ok) return {};
    return std::unexpected(send_error<value_type>{std::move(value)});
  }

  /// Sends if that needs no waiting for a receiver.
  ///
  /// \returns  nothing, or the message back with `full` (for a rendezvous: nobody is waiting for it) or `disconnected`.
  [[nodiscard("an unread result loses the message that could not be sent")]] try_send_result try_send(
      value_type&& value) {
    const status now = core().try_send(value);
    if (now == status::ok) return {};
    return std::unexpected(try_send_error<value_type>{
        now == status::full ? try_send_reason::full : try_send_reason::disconnected, std::move(value)});
  }

  /// Sends, waiting while the channel is full, until a moment at the most.
  ///
  /// \param when  a time point of any clock; compared on the steady clock.
  /// \returns  nothing, or the message back with `timeout` (never early) or `disconnected`.
  template <class Clock, class Duration>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_until(
      value_type&& value, std::chrono::time_point<Clock, Duration> when) {
    return send_by(value, detail::at(when));
  }

  /// Sends, waiting while the channel is full, for a duration at the most. A duration beyond the clock means for ever.
  ///
  /// \returns  as send_until().
  template <class Rep, class Period>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_for(
      value_type&& value, std::chrono::duration<Rep, Period> duration) {
    return send_by(value, detail::after(duration));
  }

  /// The same for a message that is to be copied.
  [[nodiscard("an unread result loses the message that could not be sent")]] send_result send(const value_type& value)
    requires std::copy_constructible<value_type>
  {
    return send(value_type(value));
  }
  [[nodiscard("an unread result loses the message that could not be sent")]] try_send_result try_send(
      const value_type& value)
    requires std::copy_constructible<value_type>
  {
    return try_send(value_type(value));
  }
  template <class Clock, class Duration>
    requires std::copy_constructible<value_type>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_until(
      const value_type& value, std::chrono::time_point<Clock, Duration> when) {
    return send_until(value_type(value), when);
  }
  template <class Rep, class Period>
    requires std::copy_constructible<value_type>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_for(
      const value_type& value, std::chrono::duration<Rep, Period> duration) {
    return send_for(value_type(value), duration);
  }

private:
  template <class C, cardinality K, class... Args>
  friend std::pair<basic_sender<C, K>, basic_receiver<C, K>> make_channel(Args&&...);

  explicit basic_sender(detail::shared_channel<Core>* channel) noexcept : base(channel) {}

  send_timeout_result send_by(value_type& value, deadline until) {
    const status now = core().send_until(value, until);
    if (now == status::ok) return {};
    return std::unexpected(send_timeout_error<value_type>{
        now == status::timeout ? send_timeout_reason::timeout : send_timeout_reason::disconnected, std::move(value)});
  }
};

/// The receiving side of a channel; also an input range of its messages.
///
/// Move-only, as basic_sender is.
///
/// \par Threads  one at a time where `Consumers` is one; otherwise any number may use one handle at once, but for
///               reset(), assignment and destruction.
template <class Core, cardinality Consumers>
class basic_receiver : public detail::handle<Core, &detail::shared_channel<Core>::drop_receiver> {
  using base = detail::handle<Core, &detail::shared_channel<Core>::drop_receiver>;
  using base::core;

public:
  using typename base::value_type;

  /// Messages one by one. Each is taken from the channel when the iterator reaches it; comparing with the end takes
  /// nothing. Dereferencing gives the message to be moved from.
  template <bool Blocking>
  class basic_iterator {
  public:
    using value_type = typename Core::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    value_type&& operator*() const noexcept { return std::move(*message_); }
    basic_iterator& operator++() {
      fetch();
      return *this;
    }
    void operator++(int) { fetch(); }
    friend bool operator==(const basic_iterator& it, std::default_sentinel_t) noexcept {
      return !it.message_.has_value();
    }

  private:
    friend basic_receiver;
    explicit basic_iterator(basic_receiver& from) : from_(&from) { fetch(); }

    void fetch() {
      message_.reset();
      if constexpr (Blocking) {
        from_->core().recv_until(message_, deadline::max());
      } else {
        from_->core().try_recv(message_);
      }
    }

    basic_receiver* from_;
    mutable std::optional<value_type> message_;
  };

  using iterator = basic_iterator<true>;

  /// The messages that are there now.
  class try_range {
  public:
    basic_iterator<false> begin() const { return basic_iterator<false>(*from_); }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    friend basic_receiver;
    explicit try_range(basic_receiver& from) noexcept : from_(&from) {}
    basic_receiver* from_;
  };

  /// Another receiver of the same channel: each message goes to one of them.
  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_receiver clone() const noexcept
    requires(Consumers == cardinality::many)
  {
    this->channel().add_receiver();
    return basic_receiver(&this->channel());
  }

  /// Receives the next message, waiting until one arrives or every sender is gone.
  ///
  /// Messages sent before the last sender went are still delivered, so `disconnected` means "empty, for good".
  ///
  /// \par Progress  blocking; with a message buffered, no system call unless a sender waits.
  /// \par Ordering  all that was sequenced before the matching send() happens before this returns.
  [[nodiscard("an unread result hides a disconnect")]] std::expected<value_type, recv_error> recv() {
    std::optional<value_type> message;
    if (core().recv_until(message, deadline::max()) == status::ok) return std::move(*message);
    return std::unexpected(recv_error::disconnected);
  }

  /// Receives a message if one is there.
  ///
  /// \returns  the message, `empty` (for a rendezvous: nobody is waiting to send), or `disconnected`.
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, try_recv_error> try_recv() {
    std::optional<value_type> message;
    const status now = core().try_recv(message);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::empty ? try_recv_error::empty : try_recv_error::disconnected);
  }

  /// Receives the next message, waiting until a moment at the most.
  ///
  /// \param when  a time point of any clock; compared on the steady clock.
  /// \returns  the message, `timeout` (never early) or `disconnected`.
  template <class Clock, class Duration>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, recv_timeout_error> recv_until(
      std::chrono::time_point<Clock, Duration> when) {
    return recv_by(detail::at(when));
  }

  /// Receives the next message, waiting for a duration at the most. A duration beyond the clock means for ever.
  ///
  /// \returns  as recv_until().
  template <class Rep, class Period>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, recv_timeout_error> recv_for(
      std::chrono::duration<Rep, Period> duration) {
    return recv_by(detail::after(duration));
  }

  /// Ranges over messages until the channel is empty for good, waiting for each.
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Ranges over messages until none is there, never waiting.
  try_range try_iter() noexcept { return try_range(*this); }

private:
  template <class C, cardinality K, class... Args>
  friend std::pair<basic_sender<C, K>, basic_receiver<C, K>> make_channel(Args&&...);

  explicit basic_receiver(detail::shared_channel<Core>* channel) noexcept : base(channel) {}

  std::expected<value_type, recv_timeout_error> recv_by(deadline until) {
    std::optional<value_type> message;
    const status now = core().recv_until(message, until);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::timeout ? recv_timeout_error::timeout : recv_timeout_error::disconnected);
  }
};

}  // namespace sluice
