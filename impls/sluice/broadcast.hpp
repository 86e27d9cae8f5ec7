#pragma once

#include <sluice/cores/broadcast.hpp>
#include <sluice/detail/arm.hpp>
#include <sluice/detail/stop.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/handles.hpp>
#include <sluice/result.hpp>

#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

/// Every receiver gets every message. Senders never wait: a receiver that reads too slowly misses the oldest messages,
/// and is told how many.
namespace sluice::inline SLUICE_ABI::broadcast {

using sluice::operator<<;

enum class recv_reason : std::uint8_t { lagged, disconnected, empty, timeout, stopped };

constexpr std::string_view to_string(recv_reason r) noexcept {
  switch (r) {
    case recv_reason::lagged: return "lagged";
    case recv_reason::disconnected: return "disconnected";
    case recv_reason::empty: return "empty";
    case recv_reason::timeout: return "timeout";
    case recv_reason::stopped: return "stopped";
  }
  return "unknown";
}

/// Why a receive returned no message. `lagged`: this receiver missed messages and continues with the oldest one kept.
/// `disconnected`: every sender has disconnected and all messages were read. `empty`: from try_recv(). `timeout`: from
/// the timed forms. `stopped`: from those with a stop token.
struct recv_error {
  recv_reason reason;
  std::uint64_t missed = 0;  ///< of lagged: how many messages

  bool lagged() const noexcept { return reason == recv_reason::lagged; }
  bool disconnected() const noexcept { return reason == recv_reason::disconnected; }
  bool stopped() const noexcept { return reason == recv_reason::stopped; }
  friend bool operator==(const recv_error&, const recv_error&) = default;
};

/// `Core` is cores::broadcast<T>, or a type with the same interface.
template <class Core>
class basic_sender;
template <class Core>
class basic_receiver;

template <class T>
using sender = basic_sender<cores::broadcast<T>>;
template <class T>
using receiver = basic_receiver<cores::broadcast<T>>;

namespace detail {

/// A core and its handle counts. Unlike in other channels, all receivers may disconnect and new ones subscribe.
template <class Core>
class shared_broadcast {
public:
  template <class... Args>
  explicit shared_broadcast(Args... args) : core(args...) {}

  Core core;

  void share() noexcept { handles_.fetch_add(1, std::memory_order::relaxed); }
  void share_sender() noexcept {
    senders_.fetch_add(1, std::memory_order::relaxed);
    share();
  }

  static void drop_sender(shared_broadcast* self) noexcept {
    // [B3] acq_rel with itself: a receiver that returns `disconnected` sees all that every sender did.
    if (self->senders_.fetch_sub(1, std::memory_order::acq_rel) == 1) self->core.close_senders();
    drop(self);
  }

  static void drop(shared_broadcast* self) noexcept {
    // [B2] acq_rel with itself: freeing happens after the other handles' last use.
    if (self->handles_.fetch_sub(1, std::memory_order::acq_rel) == 1) delete self;
  }

private:
  platform::atomic<std::size_t> handles_{2};
  platform::atomic<std::size_t> senders_{1};
};

/// Makes handles.
struct broadcast_factory {
  template <class Core, class... Args>
  static std::pair<basic_sender<Core>, basic_receiver<Core>> make(Args... args) {
    using T = typename Core::value_type;
    static_assert(std::copy_constructible<T>,
                  "every receiver gets a copy: broadcast a std::shared_ptr of what cannot be copied");
    static_assert(message<T>,
                  "a message's move and destructor must not throw: declare them noexcept, or broadcast a "
                  "std::shared_ptr");
    check_send<T>();
    auto* channel = new shared_broadcast<Core>(args...);
    return {basic_sender<Core>(channel), basic_receiver<Core>(channel, channel->core.subscribe())};
  }
};

/// Receiving as an arm of a select.
template <class Core>
class recv_arm final : public sluice::detail::arm {
public:
  using value_type = typename Core::value_type;
  using result_type = std::expected<value_type, recv_error>;

  static constexpr bool clonable = false;

  recv_arm(Core& core, typename Core::position& next) noexcept : core_(&core), next_(&next) {}

  bool attempt() override { return core_->try_recv(*next_, message_, missed_) != status::empty; }
  bool register_waiter(sluice::detail::wait_entry& entry) override {
    return core_->register_recv_waiter(*next_, entry);
  }
  void unregister_waiter(sluice::detail::wait_entry& entry) noexcept override { core_->unregister_recv_waiter(entry); }

  result_type result() {
    if (missed_ != 0) return std::unexpected(recv_error{recv_reason::lagged, missed_});
    if (!message_) return std::unexpected(recv_error{recv_reason::disconnected});
    result_type got(std::move(*message_));
    message_.reset();
    return got;
  }

private:
  Core* core_;
  typename Core::position* next_;
  std::optional<value_type> message_;
  std::uint64_t missed_ = 0;
};

}  // namespace detail

/// The sending side.
///
/// \par Threads  any number may use one handle concurrently, except for reset(), assignment and destruction.
template <class Core>
class basic_sender {
  using shared = detail::shared_broadcast<Core>;

public:
  using core_type = Core;
  using value_type = typename Core::value_type;

  basic_sender(basic_sender&& other) noexcept : channel_(std::exchange(other.channel_, nullptr)) {}
  basic_sender& operator=(basic_sender&& other) noexcept {
    basic_sender taken(std::move(other));
    std::swap(channel_, taken.channel_);
    return *this;
  }
  basic_sender(const basic_sender&) = delete;             // a handle is not copied by accident: call clone()
  basic_sender& operator=(const basic_sender&) = delete;  // a handle is not copied by accident: call clone()
  ~basic_sender() { reset(); }

  /// Sends to every current receiver, without ever waiting for one.
  /// \returns  the number of receivers, or the message back if there is none. Others may subscribe() later.
  /// \throws std::bad_alloc  if the message cannot be stored; it and the channel are then unchanged.
  /// \par Ordering  all sequenced before it happens before the return of each receive that gets the message.
  template <class U = value_type>
  [[nodiscard(
      "an unread result loses the message that could not be sent")]] std::expected<std::size_t, send_error<value_type>>
  send(U&& given) {
    auto&& value = sluice::detail::as_message<value_type>(std::forward<U>(given));
    std::optional<value_type> refused;
    const std::size_t reached = core().send(value, refused);
    if (!refused) return reached;
    return std::unexpected(send_error<value_type>{std::move(*refused)});
  }

  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_sender clone() const noexcept {
    channel().share_sender();
    return basic_sender(channel_);
  }

  /// A new receiver of the messages sent from now on.
  [[nodiscard("a receiver that is dropped at once sees nothing")]] basic_receiver<Core> subscribe() const {
    channel().share();
    return basic_receiver<Core>(channel_, core().subscribe());
  }

  /// Drops this handle's reference. After the last sender, receivers read what is left and then get `disconnected`.
  void reset() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) shared::drop_sender(channel);
  }

  /// Messages that some receiver has still to read, at most capacity().
  std::size_t size() const { return core().size(); }
  bool empty() const { return size() == 0; }
  std::size_t capacity() const noexcept { return core().capacity(); }
  std::size_t receivers() const { return core().receivers(); }
  bool same_channel(const basic_sender& other) const noexcept { return channel_ == other.channel_; }
  explicit operator bool() const noexcept { return channel_ != nullptr; }

private:
  friend detail::broadcast_factory;

  explicit basic_sender(shared* channel) noexcept : channel_(channel) {}

  shared& channel() const noexcept {
    assert(channel_ && "this handle belongs to no channel: it was moved from or reset");
    return *channel_;
  }
  Core& core() const noexcept { return channel().core; }

  shared* channel_;
};

/// The receiving side: a position in the stream of messages.
///
/// \par Threads  one at a time; different receivers do not disturb each other.
template <class Core>
class basic_receiver {
  using shared = detail::shared_broadcast<Core>;

public:
  using core_type = Core;
  using value_type = typename Core::value_type;
  using recv_result = std::expected<value_type, recv_error>;

  basic_receiver(basic_receiver&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)), next_(other.next_) {}
  basic_receiver& operator=(basic_receiver&& other) noexcept {
    basic_receiver taken(std::move(other));
    std::swap(channel_, taken.channel_);
    std::swap(next_, taken.next_);
    return *this;
  }
  basic_receiver(const basic_receiver&) = delete;             // a handle is not copied by accident: call clone()
  basic_receiver& operator=(const basic_receiver&) = delete;  // a handle is not copied by accident: call clone()
  ~basic_receiver() { reset(); }

  /// Receives a copy of the next message, waiting until there is one.
  ///
  /// \returns  the message, `lagged` with the number of messages missed, or `disconnected`.
  /// \throws  what copying a message throws. That message counts as received; the next receive gets the next one.
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv() { return recv_by(no_deadline); }

  /// The same without waiting. \returns  the message, `lagged`, `empty` or `disconnected`.
  [[nodiscard("an unread result loses a message or a lag")]] recv_result try_recv() {
    std::optional<value_type> message;
    std::uint64_t missed = 0;
    const status now = core().try_recv(next_, message, missed);
    return result(now, message, missed);
  }

  /// The same, waiting at most until a point in time of any clock. \returns  as recv(), or `timeout`, never early.
  template <class Clock, class Duration>
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv_until(
      std::chrono::time_point<Clock, Duration> when) {
    return recv_by(sluice::detail::at(when));
  }

  /// The same, waiting at most for a duration. A duration beyond the clock's range means no deadline.
  template <class Rep, class Period>
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv_for(
      std::chrono::duration<Rep, Period> duration) {
    return recv_by(sluice::detail::after(duration));
  }

  /// As recv(), but a requested stop ends the wait; one that was requested before the call comes first.
  ///
  /// \param token  a std::stop_token, or another type that models sluice::any_stop_token.
  /// \returns  as recv(), or `stopped`.
  template <any_stop_token Token>
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv(const Token& token) {
    return recv_stoppably(token, no_deadline);
  }

  /// As recv_until(), but a requested stop ends the wait.
  template <class Clock, class Duration, any_stop_token Token>
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv_until(
      std::chrono::time_point<Clock, Duration> when, const Token& token) {
    return recv_stoppably(token, sluice::detail::at(when));
  }

  /// As recv_for(), but a requested stop ends the wait.
  template <class Rep, class Period, any_stop_token Token>
  [[nodiscard("an unread result loses a message or a lag")]] recv_result recv_for(
      std::chrono::duration<Rep, Period> duration, const Token& token) {
    return recv_stoppably(token, sluice::detail::after(duration));
  }

  /// Another receiver, at the same position.
  [[nodiscard("a clone that is dropped at once changes nothing")]] basic_receiver clone() const {
    channel().share();
    core().subscribe_at(next_);
    return basic_receiver(channel_, next_);
  }

  /// Another receiver, of messages sent from now on.
  [[nodiscard("a receiver that is dropped at once sees nothing")]] basic_receiver resubscribe() const {
    channel().share();
    return basic_receiver(channel_, core().subscribe());
  }

  /// Leaves the channel: messages that only this receiver had not read are destroyed.
  void reset() noexcept {
    if (auto* channel = std::exchange(channel_, nullptr)) {
      channel->core.unsubscribe(next_);
      shared::drop(channel);
    }
  }

  /// The number of messages that this receiver has not read, with those missed that no receive has reported yet.
  std::size_t size() const { return core().pending(next_); }
  bool empty() const { return size() == 0; }
  std::size_t capacity() const noexcept { return core().capacity(); }
  bool same_channel(const basic_receiver& other) const noexcept { return channel_ == other.channel_; }
  explicit operator bool() const noexcept { return channel_ != nullptr; }

  /// Receiving as one of the operations of a select (select.hpp). This receiver must not be moved meanwhile.
  detail::recv_arm<Core> arm() { return detail::recv_arm<Core>(core(), next_); }

private:
  friend detail::broadcast_factory;
  friend basic_sender<Core>;

  basic_receiver(shared* channel, typename Core::position next) noexcept : channel_(channel), next_(next) {}

  shared& channel() const noexcept {
    assert(channel_ && "this handle belongs to no channel: it was moved from or reset");
    return *channel_;
  }
  Core& core() const noexcept { return channel().core; }

  recv_result recv_by(deadline until) {
    std::optional<value_type> message;
    std::uint64_t missed = 0;
    const status now = core().recv_until(next_, message, missed, until);
    return result(now, message, missed);
  }

  template <class Token>
  recv_result recv_stoppably(const Token& token, deadline until) {
    auto operation = arm();
    const status now = sluice::detail::perform_stoppably(operation, token, until);
    if (now == status::stopped) return std::unexpected(recv_error{recv_reason::stopped});
    if (now == status::timeout) return std::unexpected(recv_error{recv_reason::timeout});
    return operation.result();
  }

  static recv_result result(status now, std::optional<value_type>& message, std::uint64_t missed) {
    switch (now) {
      case status::ok:
        if (missed != 0) return std::unexpected(recv_error{recv_reason::lagged, missed});
        return std::move(*message);
      case status::empty: return std::unexpected(recv_error{recv_reason::empty});
      case status::timeout: return std::unexpected(recv_error{recv_reason::timeout});
      default: return std::unexpected(recv_error{recv_reason::disconnected});
    }
  }

  shared* channel_;
  typename Core::position next_;
};

/// Makes a broadcast channel on a core of the caller's choice. \throws  as channel().
template <class Core>
[[nodiscard("a channel without handles is closed at once")]] std::pair<basic_sender<Core>, basic_receiver<Core>>
make_channel(std::size_t capacity) {
  return detail::broadcast_factory::make<Core>(capacity);
}

/// Makes a channel that keeps exactly the last `capacity` messages for receivers that have not read them.
///
/// \throws std::length_error  for a capacity of 0 or one beyond memory; std::bad_alloc.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> channel(
    std::size_t capacity) {
  return make_channel<cores::broadcast<T>>(capacity);
}

}  // namespace sluice::inline SLUICE_ABI::broadcast
