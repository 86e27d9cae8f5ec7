#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/arm.hpp>
#include <sluice/detail/batch.hpp>
#include <sluice/detail/disconnect.hpp>
#include <sluice/detail/handle.hpp>
#include <sluice/detail/stop.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/result.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <expected>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// Senders and receivers, written once over every core.
namespace sluice::inline SLUICE_ABI {

template <class Core, cardinality Consumers = cardinality::many, cardinality Producers = cardinality::many>
class basic_sender;
template <class Core, cardinality Consumers = cardinality::many>
class basic_receiver;
template <class Core, cardinality Consumers = cardinality::many>
class basic_weak_sender;

namespace detail {

/// The message to send: the caller's rvalue itself, or a new message constructed from anything else.
template <class T, class U>
decltype(auto) as_message(U&& given) {
  if constexpr (std::same_as<U, T>) {
    return std::move(given);
  } else {
    static_assert(!std::same_as<std::remove_cvref_t<U>, T> || std::copy_constructible<T>,
                  "this message can only be moved: send(std::move(message))");
    static_assert(std::convertible_to<U, T> || std::same_as<std::remove_cvref_t<U>, T>,
                  "what is sent must be a message of the channel's type, or convert to one");
    return T(std::forward<U>(given));
  }
}

/// The only maker of handles.
struct factory {
  template <class Core, cardinality Consumers, cardinality Producers, class... Args>
  static std::pair<basic_sender<Core, Consumers, Producers>, basic_receiver<Core, Consumers>> make(origin where,
                                                                                                   Args... args) {
    check_core<Core>();
    auto* channel = new shared_channel<Core>(where, args...);
    return {basic_sender<Core, Consumers, Producers>(channel, where), basic_receiver<Core, Consumers>(channel, where)};
  }

  /// A receiver of a channel without senders.
  template <class Core, class... Args>
  static basic_receiver<Core> make_receiver(origin where, Args... args) {
    auto* channel = new shared_channel<Core>(where, args...);
    shared_channel<Core>::drop_sender(channel);
    return receiver_of<cardinality::many>(*channel);
  }

  /// A receiver that takes over one of the channel's counts.
  template <cardinality Consumers, class Core>
  static basic_receiver<Core, Consumers> receiver_of(shared_channel<Core>& channel) {
    return basic_receiver<Core, Consumers>(&channel, detail::origin::current());
  }
};

}  // namespace detail

/// Makes an unbounded channel on a core of the caller's choice, with handles that allow as many threads as the core
/// does.
///
/// \throws  what the core's constructor throws; std::bad_alloc.
template <class Core, cardinality Consumers = Core::traits.consumers, cardinality Producers = Core::traits.producers>
[[nodiscard("a channel without handles is closed at once")]] auto make_channel(
    detail::origin where = detail::origin::current()) {
  return detail::factory::make<Core, Consumers, Producers>(where);
}

/// Makes a bounded channel on a core of the caller's choice, with handles that allow as many threads as the core does.
///
/// \throws  what the core's constructor throws; std::bad_alloc.
template <class Core, cardinality Consumers = Core::traits.consumers, cardinality Producers = Core::traits.producers>
[[nodiscard("a channel without handles is closed at once")]] auto make_channel(
    std::size_t capacity, detail::origin where = detail::origin::current()) {
  return detail::factory::make<Core, Consumers, Producers>(where, capacity);
}

/// The sending side of a channel.
///
/// Move-only: a copy made by accident would keep the channel open. A moved-from or reset() handle belongs to no
/// channel; using it is undefined, except for destroying it, assigning to it and converting it to bool.
/// \par Threads  one at a time where `Producers` is one; otherwise any number may use one handle concurrently, except
///               for reset(), assignment and destruction.
/// \par Lifetime  a message may be received before the send() that sent it has returned. So its arrival does not show
///                that the sending thread has left this handle: destroy a shared handle only after the threads that use
///                it, or give each thread a clone().
template <class Core, cardinality Consumers, cardinality Producers>
class basic_sender : public detail::handle<Core, detail::sender_side> {
  using base = detail::handle<Core, detail::sender_side>;
  using base::core;

public:
  using typename base::value_type;
  using send_result = std::expected<void, send_error<value_type>>;
  using try_send_result = std::expected<void, try_send_error<value_type>>;
  using send_timeout_result = std::expected<void, send_timeout_error<value_type>>;
  using stoppable_send_result = std::expected<void, stoppable_send_error<value_type>>;
  template <class Range>
  using rest_of = std::ranges::subrange<std::ranges::iterator_t<Range>, std::ranges::sentinel_t<Range>>;
  template <class Range>
  using send_all_result = std::expected<void, send_all_error<rest_of<Range>>>;

  basic_sender(basic_sender&&) noexcept = default;
  basic_sender& operator=(basic_sender&&) noexcept = default;
  basic_sender(const basic_sender&) = delete;             // a handle is not copied by accident: call clone()
  basic_sender& operator=(const basic_sender&) = delete;  // a handle is not copied by accident: call clone()

  /// Another sender to the same channel.
  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_sender clone(
      detail::origin where = detail::origin::current()) const noexcept requires(Producers == cardinality::many) {
    this->channel().add_sender();
    return basic_sender(&this->channel(), where);
  }
  // Compilers show the line of a deleted function, and with it the remedy.
  // clang-format off
  void clone() const requires(Producers == cardinality::one) = delete;  // a single sender has no clones: use sluice::mpsc
  // clang-format on

  /// A handle that does not keep the channel open.
  [[nodiscard("a weak sender that is dropped at once changes nothing")]] basic_weak_sender<Core, Consumers> downgrade()
      const noexcept requires(Producers == cardinality::many) {
    return basic_weak_sender<Core, Consumers>(this->channel());
  }

  // clang-format off
  void downgrade() const requires(Producers == cardinality::one) = delete;  // a single sender has no weak handles: use sluice::mpsc
  // clang-format on

  /// Whether every receiver has disconnected, for good: no message that is sent from now on is received. It orders no
  /// memory.
  bool is_disconnected() const noexcept { return this->receiver_count() == 0; }

  /// Waits until every receiver has disconnected: for a thread that can stop its work then. From then on, every send
  /// fails. Called by the destructor of one of the channel's own messages, it would wait for itself.
  ///
  /// \par Threads  any number, also beside a send of a single sender.
  /// \par Progress  blocking; sleeps, without polling.
  /// \par Ordering  all that receivers did before they disconnected happens before this returns.
  void wait_disconnected() const { (void)watch(no_deadline); }

  /// As wait_disconnected(), but a requested stop ends the wait.
  ///
  /// \returns  whether every receiver has disconnected.
  template <any_stop_token Token>
  [[nodiscard]] bool wait_disconnected(const Token& token) const {
    detail::disconnect_arm<Core> disconnected(this->channel());
    return detail::wait_stoppably(disconnected, token, no_deadline) == status::ok;
  }

  /// As wait_disconnected(), at most until a point in time of any clock.
  ///
  /// \returns  whether every receiver has disconnected.
  template <class Clock, class Duration>
  [[nodiscard]] bool wait_disconnected_until(std::chrono::time_point<Clock, Duration> when) const {
    return watch(detail::at(when));
  }

  /// As wait_disconnected(), at most for a duration.
  ///
  /// \returns  whether every receiver has disconnected.
  template <class Rep, class Period>
  [[nodiscard]] bool wait_disconnected_for(std::chrono::duration<Rep, Period> duration) const {
    return watch(detail::after(duration));
  }

  /// Sends, waiting while the channel is full.
  ///
  /// \param given  a message, moved from if it is an rvalue; or what converts to one.
  /// \returns  nothing, or the message back if every receiver has disconnected.
  /// \par Progress  blocking if the channel is bounded; no system call unless this one or a receiver waits.
  /// \par Ordering  all sequenced before it happens before the return of the receive that gets the message.
  template <class U = value_type>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_result send(U&& given) {
    auto&& value = detail::as_message<value_type>(std::forward<U>(given));
    if (core().send_until(value, no_deadline) == status::ok) return {};
    return std::unexpected(send_error<value_type>{std::move(value)});
  }

  /// Sends if that is possible without waiting.
  ///
  /// \returns  nothing, or the message back with `full` (for a rendezvous: no receiver is waiting) or `disconnected`.
  template <class U = value_type>
  [[nodiscard("an unread result loses the message that could not be sent")]] try_send_result try_send(U&& given) {
    auto&& value = detail::as_message<value_type>(std::forward<U>(given));
    const status now = core().try_send(value);
    if (now == status::ok) return {};
    return std::unexpected(try_send_error<value_type>{
        now == status::full ? try_send_reason::full : try_send_reason::disconnected, std::move(value)});
  }

  /// Sends, waiting while the channel is full, at most until a point in time.
  ///
  /// \param given  as for send().
  /// \param when   a time point of any clock; compared on the steady clock.
  /// \returns  nothing, or the message back with `timeout` (never early) or `disconnected`.
  template <class U = value_type, class Clock, class Duration>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_until(
      U&& given, std::chrono::time_point<Clock, Duration> when) {
    return send_by(detail::as_message<value_type>(std::forward<U>(given)), detail::at(when));
  }

  /// Sends, waiting while the channel is full, at most for a duration. A duration beyond the clock's range means no
  /// deadline.
  ///
  /// \returns  as send_until().
  template <class U = value_type, class Rep, class Period>
  [[nodiscard("an unread result loses the message that could not be sent")]] send_timeout_result send_for(
      U&& given, std::chrono::duration<Rep, Period> duration) {
    return send_by(detail::as_message<value_type>(std::forward<U>(given)), detail::after(duration));
  }

  /// As send(), but a requested stop ends the wait.
  ///
  /// A stop that was requested before the call comes first: nothing is sent then. One that is requested later ends the
  /// wait, unless a receive, a disconnect or a deadline has ended it already. Nothing polls, and no thread of the
  /// library's is needed: request_stop() wakes the sender itself.
  ///
  /// \param given  as for the other send().
  /// \param token  a std::stop_token, or another type that models sluice::any_stop_token.
  /// \returns  nothing, or the message back with `stopped` or `disconnected`.
  template <class U = value_type, any_stop_token Token>
  [[nodiscard("an unread result loses the message that could not be sent")]] stoppable_send_result send(
      U&& given, const Token& token) {
    return send_stoppably(detail::as_message<value_type>(std::forward<U>(given)), token, no_deadline);
  }

  /// As send_until(), but a requested stop ends the wait.
  ///
  /// \returns  nothing, or the message back with `stopped`, `timeout` or `disconnected`.
  template <class U = value_type, class Clock, class Duration, any_stop_token Token>
  [[nodiscard("an unread result loses the message that could not be sent")]] stoppable_send_result send_until(
      U&& given, std::chrono::time_point<Clock, Duration> when, const Token& token) {
    return send_stoppably(detail::as_message<value_type>(std::forward<U>(given)), token, detail::at(when));
  }

  /// As send_for(), but a requested stop ends the wait.
  ///
  /// \returns  as send_until().
  template <class U = value_type, class Rep, class Period, any_stop_token Token>
  [[nodiscard("an unread result loses the message that could not be sent")]] stoppable_send_result send_for(
      U&& given, std::chrono::duration<Rep, Period> duration, const Token& token) {
    return send_stoppably(detail::as_message<value_type>(std::forward<U>(given)), token, detail::after(duration));
  }

  /// Sends all messages of a range, in order, waiting while the channel is full. Those of a contiguous range (a vector,
  /// an array, a span) are sent as many at a time as there is room for, where the core is a batching_core: the cores of
  /// bounded and of spsc channels are. Other senders' messages may come between.
  ///
  /// \param range  a variable, or a view of one, whose elements are messages; those that are sent are moved from.
  /// \returns  nothing; or, if every receiver has disconnected, the rest of the range, which is as it was.
  /// \throws   what send() throws; the messages before the one that failed stay sent.
  /// \par Progress, Ordering  as of as many calls of send().
  template <std::ranges::forward_range Range>
  [[nodiscard("an unread result loses the messages that could not be sent")]] send_all_result<Range> send_all(
      Range&& range) {
    static_assert(std::same_as<std::ranges::range_reference_t<Range>, value_type&>,
                  "the elements are messages of the channel's type, which are moved from: they must not be const");
    static_assert(std::ranges::borrowed_range<Range>, "what cannot be sent stays in the range: give a variable");
    rest_of<Range> rest(std::ranges::begin(range), std::ranges::end(range));
    while (!rest.empty()) {
      std::size_t sent = 0;
      if constexpr (std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> && trying_core<Core>) {
        sent = detail::try_send_many(core(), std::span<value_type>(rest.begin(), rest.size()));
      }
      if (sent == 0) {
        if (core().send_until(*rest.begin(), no_deadline) != status::ok) {
          return std::unexpected(send_all_error<rest_of<Range>>{rest});
        }
        sent = 1;
      }
      rest.advance(static_cast<std::ptrdiff_t>(sent));
    }
    return {};
  }

  /// Sending `value` as one of the operations of a select (select.hpp).
  detail::send_arm<Core> arm(value_type& value) const {
    static_assert(selectable_core<Core>,
                  "select and stop tokens need a core with register_send_waiter() and register_recv_waiter(): see "
                  "selectable_core");
    return detail::send_arm<Core>(core(), value);
  }

private:
  friend detail::factory;
  friend basic_weak_sender<Core, Consumers>;

  basic_sender(detail::shared_channel<Core>* channel, detail::origin where) : base(channel, where) {}

  bool watch(deadline until) const {
    detail::disconnect_arm<Core> disconnected(this->channel());
    const std::array<detail::arm*, 1> arms{&disconnected};
    std::array<detail::wait_entry, 1> entries{};
    std::array<std::size_t, 1> order{};
    return detail::select_one(arms, entries, order, until, detail::preference::in_order).has_value();
  }

  template <class Token>
  stoppable_send_result send_stoppably(value_type&& value, const Token& token, deadline until) {
    const auto unsent = [](stoppable_send_reason reason, value_type& message) {
      return std::unexpected(stoppable_send_error<value_type>{reason, std::move(message)});
    };
    auto operation = arm(value);
    const status now = detail::perform_stoppably(operation, token, until);
    if (now == status::stopped) return unsent(stoppable_send_reason::stopped, value);
    if (now == status::timeout) return unsent(stoppable_send_reason::timeout, value);
    auto result = operation.result();
    if (result) return {};
    return unsent(stoppable_send_reason::disconnected, result.error().value);
  }

  send_timeout_result send_by(value_type&& value, deadline until) {
    const status now = core().send_until(value, until);
    if (now == status::ok) return {};
    return std::unexpected(send_timeout_error<value_type>{
        now == status::timeout ? send_timeout_reason::timeout : send_timeout_reason::disconnected, std::move(value)});
  }
};

/// A reference to a channel that does not keep it open, for what stores a sender but does not own the right to send: a
/// sender that is forgotten in a registry or in a message keeps receivers waiting for ever. It does keep the channel's
/// memory. lock() once and keep the sender for as long as you send: other threads' operations read what it writes.
///
/// \par Threads  any number may use one concurrently, except for assignment and destruction.
/// \par Progress  lock-free.
template <class Core, cardinality Consumers>
class basic_weak_sender {
public:
  using sender_type = basic_sender<Core, Consumers, cardinality::many>;

  /// Of no channel.
  basic_weak_sender() noexcept = default;
  basic_weak_sender(const basic_weak_sender& other) noexcept : channel_(other.channel_) {
    if (channel_) channel_->add_owner();
  }
  basic_weak_sender(basic_weak_sender&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
  basic_weak_sender& operator=(basic_weak_sender other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~basic_weak_sender() { reset(); }

  void reset() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) detail::shared_channel<Core>::drop_owner(channel);
  }

  /// \returns  a sender, if another one is left; otherwise nothing, for good.
  [[nodiscard("a sender that is dropped at once changes nothing")]] std::optional<sender_type> lock(
      detail::origin where = detail::origin::current()) const noexcept {
    if (!channel_ || !channel_->add_sender_to_others()) return std::nullopt;
    return sender_type(channel_, where);
  }

private:
  friend sender_type;
  explicit basic_weak_sender(detail::shared_channel<Core>& channel) noexcept : channel_(&channel) {
    channel.add_owner();
  }

  detail::shared_channel<Core>* channel_ = nullptr;
};

/// The receiving side of a channel; also an input range of its messages.
///
/// Move-only, as basic_sender is.
/// \par Threads  one at a time where `Consumers` is one; otherwise any number may use one handle concurrently, except
///               for reset(), assignment and destruction.
template <class Core, cardinality Consumers>
class basic_receiver : public detail::handle<Core, detail::receiver_side> {
  using base = detail::handle<Core, detail::receiver_side>;

protected:
  using base::core;

public:
  using typename base::value_type;

  basic_receiver(basic_receiver&&) noexcept = default;
  basic_receiver& operator=(basic_receiver&&) noexcept = default;
  basic_receiver(const basic_receiver&) = delete;             // a handle is not copied by accident: call clone()
  basic_receiver& operator=(const basic_receiver&) = delete;  // a handle is not copied by accident: call clone()

  /// An input iterator over messages, which receives as late as it can: begin() and ++ receive nothing; the first `*`
  /// or comparison with the end receives a message and keeps it, and further ones repeat the answer. ++ at a position
  /// that was neither read nor compared receives its message and drops it. So a loop that stops early takes no message
  /// that it does not look at.
  ///
  /// `*` gives an rvalue. What takes it by value moves the message out: write the predicate of `views::filter` with a
  /// `const auto&`.
  template <bool Blocking>
  class basic_iterator {
  public:
    using value_type = typename Core::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    value_type&& operator*() const {
      fetch();
      return std::move(*message_);
    }
    basic_iterator& operator++() {
      fetch();
      // The end stays the end.
      if (message_) fetched_ = false;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const basic_iterator& it, std::default_sentinel_t) {
      it.fetch();
      return !it.message_.has_value();
    }

  private:
    friend basic_receiver;
    explicit basic_iterator(basic_receiver& from) noexcept : from_(&from) {}

    /// Receives this position's message, unless it is here already.
    void fetch() const {
      if (fetched_) return;
      message_.reset();
      if constexpr (Blocking) {
        from_->wait(message_, no_deadline);
      } else {
        from_->core().try_recv(message_);
      }
      fetched_ = true;
    }

    basic_receiver* from_;
    mutable std::optional<value_type> message_;
    mutable bool fetched_ = false;
  };

  using iterator = basic_iterator<true>;

  /// The messages that are buffered now.
  class try_range {
  public:
    basic_iterator<false> begin() const noexcept { return basic_iterator<false>(*from_); }
    std::default_sentinel_t end() const noexcept { return {}; }

  private:
    friend basic_receiver;
    explicit try_range(basic_receiver& from) noexcept : from_(&from) {}
    basic_receiver* from_;
  };

  /// Another receiver of the same channel: each message goes to one of them.
  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_receiver clone() const noexcept
      requires(Consumers == cardinality::many) {
    this->channel().add_receiver();
    return basic_receiver(&this->channel(), detail::origin::current());
  }
  // Compilers show the line of a deleted function, and with it the remedy.
  // clang-format off
  void clone() const requires(Consumers == cardinality::one) = delete;  // a single receiver has no clones: use sluice::mpmc
  // clang-format on

  /// Whether every sender has disconnected, for good; messages may still be buffered. It orders no memory, and
  /// try_recv() may return `empty` for a moment longer. A timer never disconnects.
  bool is_disconnected() const noexcept {
    if constexpr (requires(Core & c) { c.due(); }) return false;
    return this->sender_count() == 0;
  }

  /// Receives the next message, waiting until one arrives or every sender has disconnected.
  ///
  /// Messages sent before the last sender disconnected are still delivered, so `disconnected` means "empty, for good".
  ///
  /// \par Progress  blocking; with a message buffered, no system call unless a sender waits.
  /// \par Ordering  all that was sequenced before the matching send() happens before this returns.
  [[nodiscard("an unread result hides a disconnect")]] std::expected<value_type, recv_error> recv() {
    std::optional<value_type> message;
    if (wait(message, no_deadline) == status::ok) return std::move(*message);
    return std::unexpected(recv_error::disconnected);
  }

  /// As recv(), but the thread spins and does not sleep while it waits for a message. For the lowest latency, at the
  /// price of a whole processor.
  ///
  /// \par Progress  blocking; a long wait is not diagnosed. At capacity 0 it counts as a waiting receiver: a concurrent
  ///               try_send() finds it.
  [[nodiscard("an unread result hides a disconnect")]] std::expected<value_type, recv_error> recv_busy() {
    std::optional<value_type> message;
    for (;; platform::pause()) {
      status now = core().try_recv(message);
      if constexpr (selectable_core<Core>) {
        if (now == status::empty && core().capacity() == 0) now = meet(message);
      }
      if (now == status::ok) return std::move(*message);
      if (now == status::disconnected) return std::unexpected(recv_error::disconnected);
    }
  }

  /// Receives a message if one is there.
  ///
  /// \returns  the message, `empty` (for a rendezvous: no sender is waiting), or `disconnected`.
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, try_recv_error> try_recv() {
    std::optional<value_type> message;
    const status now = core().try_recv(message);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::empty ? try_recv_error::empty : try_recv_error::disconnected);
  }

  /// Receives the next message, waiting at most until a point in time.
  ///
  /// \param when  a time point of any clock; compared on the steady clock.
  /// \returns  the message, `timeout` (never early) or `disconnected`.
  template <class Clock, class Duration>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, recv_timeout_error> recv_until(
      std::chrono::time_point<Clock, Duration> when) {
    return recv_by(detail::at(when));
  }

  /// Receives the next message, waiting at most for a duration. A duration beyond the clock's range means no deadline.
  ///
  /// \returns  as recv_until().
  template <class Rep, class Period>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, recv_timeout_error> recv_for(
      std::chrono::duration<Rep, Period> duration) {
    return recv_by(detail::after(duration));
  }

  /// As recv(), but a requested stop ends the wait.
  ///
  /// A stop that was requested before the call comes first: messages that are buffered stay so. One that is requested
  /// later ends the wait, unless a message, a disconnect or a deadline has ended it already. Nothing polls, and no
  /// thread of the library's is needed: request_stop() wakes the receiver itself.
  ///
  /// \param token  a std::stop_token, or another type that models sluice::any_stop_token.
  /// \returns  the message, `stopped` or `disconnected`.
  template <any_stop_token Token>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, stoppable_recv_error> recv(
      const Token& token) {
    return recv_stoppably(token, no_deadline);
  }

  /// As recv_until(), but a requested stop ends the wait.
  ///
  /// \returns  the message, `stopped`, `timeout` or `disconnected`.
  template <class Clock, class Duration, any_stop_token Token>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, stoppable_recv_error> recv_until(
      std::chrono::time_point<Clock, Duration> when, const Token& token) {
    return recv_stoppably(token, detail::at(when));
  }

  /// As recv_for(), but a requested stop ends the wait.
  ///
  /// \returns  as recv_until().
  template <class Rep, class Period, any_stop_token Token>
  [[nodiscard("an unread result loses a message")]] std::expected<value_type, stoppable_recv_error> recv_for(
      std::chrono::duration<Rep, Period> duration, const Token& token) {
    return recv_stoppably(token, detail::after(duration));
  }

  /// Receives several messages at once: waits for one, and takes those that are there. Other receivers may take
  /// messages from between. A vector that is cleared and used again allocates no more.
  ///
  /// \param out   where they are appended, in order.
  /// \param most  at most so many.
  /// \returns  how many, at least one unless `most` is 0; or `disconnected`.
  /// \throws   what the vector throws when it grows; no message is lost, and what was received is in the vector.
  /// \par Progress, Ordering  as of as many calls of recv().
  template <class Allocator>
  [[nodiscard("an unread result hides a disconnect")]] std::expected<std::size_t, recv_error> recv_many(
      std::vector<value_type, Allocator>& out, std::size_t most) requires trying_core<Core> {
    const batch got = receive_batch(out, most, [&](auto& message) { return wait(message, no_deadline); });
    if (got.now == status::ok) return got.received;
    return std::unexpected(recv_error::disconnected);
  }

  /// As recv_many(), but never waits.
  ///
  /// \returns  how many, at least one unless `most` is 0; `empty`, or `disconnected`.
  template <class Allocator>
  [[nodiscard("an unread result hides a disconnect")]] std::expected<std::size_t, try_recv_error> try_recv_many(
      std::vector<value_type, Allocator>& out, std::size_t most) requires trying_core<Core> {
    const batch got = receive_batch(out, most, [&](auto& message) { return core().try_recv(message); });
    if (got.now == status::ok) return got.received;
    return std::unexpected(got.now == status::empty ? try_recv_error::empty : try_recv_error::disconnected);
  }

  /// Iterates over messages until the channel is empty and disconnected, waiting for each.
  iterator begin() noexcept { return iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Iterates over buffered messages until none is left, never waiting.
  try_range try_iter() noexcept { return try_range(*this); }

  /// Receiving as one of the operations of a select (select.hpp).
  detail::recv_arm<Core, Consumers> arm() const {
    static_assert(
        requires(Core & c, detail::wait_entry & e) { c.register_recv_waiter(e); },
        "select and stop tokens need a core with register_send_waiter() and register_recv_waiter(): see "
        "selectable_core");
    return detail::recv_arm<Core, Consumers>(core());
  }

private:
  friend detail::factory;

  basic_receiver(detail::shared_channel<Core>* channel, detail::origin where) : base(channel, where) {}

  status wait(std::optional<value_type>& message, deadline until) {
    return detail::receive_watched(&this->channel(), core(), until,
                                   [&](deadline end) { return core().recv_until(message, end); });
  }

  struct batch {
    status now;
    std::size_t received;
  };

  /// \param receive_one  receives the first message, if none is there
  template <class Allocator, class One>
  batch receive_batch(std::vector<value_type, Allocator>& out, std::size_t most, One receive_one) {
    constexpr bool allocates =
        std::uses_allocator_v<value_type, Allocator> && requires(Allocator & a, value_type * at, value_type && from) {
      a.construct(at, std::move(from));
    };
    static_assert(!allocates,
                  "this vector's allocator takes part in moving a message, which may then fail: use another one");
    std::size_t received = most == 0 ? 0 : take_many(out, most);
    if (most == 0 || received != 0) return {status::ok, received};
    std::optional<value_type> first;
    const status now = receive_one(first);
    if (now != status::ok) return {now, 0};
    out.push_back(std::move(*first));  // there is room
    if (most > 1) received = take_many(out, most - 1);
    return {status::ok, received + 1};
  }

  /// Takes what is there, after it has made room for it: for that a throw loses no message.
  template <class Messages>
  std::size_t take_many(Messages& out, std::size_t most) {
    constexpr std::size_t usual_batch = 32;
    std::size_t room = out.capacity() - out.size();
    if (room < most) {
      const std::size_t wanted = (std::min)(most, (std::max)(this->size(), usual_batch));
      if (room < wanted) out.reserve((std::max)(out.size() + wanted, 2 * out.size()));
      room = out.capacity() - out.size();
    }
    struct back {
      void emplace(value_type&& message) noexcept { messages.push_back(std::move(message)); }
      Messages& messages;
    } to{out};
    return detail::try_recv_many(core(), to, (std::min)(room, most));
  }

  /// Spins as a registered receiver of a rendezvous until a sender has come. \returns  `empty` to try again.
  status meet(std::optional<value_type>& message) {
    detail::single_wait here(std::addressof(message));
    if (core().register_recv_waiter(here.entry)) here.self.select(detail::outcome::aborted);
    while (here.self.open()) platform::pause();
    const auto end = here.self.wait_until(no_deadline);
    core().unregister_recv_waiter(here.entry);
    if (end.how == detail::outcome::handed_over) return status::ok;
    return end.how == detail::outcome::closed ? status::disconnected : status::empty;
  }

  template <class Token>
  std::expected<value_type, stoppable_recv_error> recv_stoppably(const Token& token, deadline until) {
    auto operation = arm();
    const status now = detail::receive_watched(&this->channel(), core(), until, [&](deadline end) {
      return detail::perform_stoppably(operation, token, end);
    });
    if (now == status::stopped) return std::unexpected(stoppable_recv_error::stopped);
    if (now == status::timeout) return std::unexpected(stoppable_recv_error::timeout);
    auto result = operation.result();
    if (result) return std::move(*result);
    return std::unexpected(stoppable_recv_error::disconnected);
  }

  std::expected<value_type, recv_timeout_error> recv_by(deadline until) {
    std::optional<value_type> message;
    const status now = wait(message, until);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::timeout ? recv_timeout_error::timeout : recv_timeout_error::disconnected);
  }
};

}  // namespace sluice::inline SLUICE_ABI
/// \cond
// size() is a hint: it is not the number of messages that an iteration yields.
template <class Core, sluice::cardinality Consumers>
inline constexpr bool std::ranges::disable_sized_range<sluice::basic_receiver<Core, Consumers>> = true;  /// \endcond
