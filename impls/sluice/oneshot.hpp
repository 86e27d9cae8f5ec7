#pragma once

#include <sluice/cores/oneshot.hpp>
#include <sluice/detail/arm.hpp>
#include <sluice/detail/handle.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/handles.hpp>

#include <chrono>
#include <expected>
#include <optional>
#include <utility>

/// One message from one sender to one receiver: an answer, a result, a signal.
namespace sluice::oneshot {

template <class T>
class sender;
template <class T>
class receiver;

/// Makes the channel. \throws std::bad_alloc
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> channel(
    detail::origin where = SLUICE_HERE) {
  static_assert(message<T>,
                "a message's move and destructor must not throw: declare them noexcept, or wrap the "
                "message in std::unique_ptr");
  auto* shared = new detail::shared_channel<cores::oneshot<T>>(where);
  return {sender<T>(shared, where), receiver<T>(shared, where)};
}

/// The sending side: good for one message.
///
/// \par Threads  one at a time.
template <class T>
class sender : public detail::handle<cores::oneshot<T>, detail::sender_side> {
  using base = detail::handle<cores::oneshot<T>, detail::sender_side>;

public:
  sender(sender&&) noexcept = default;
  sender& operator=(sender&&) noexcept = default;
  sender(const sender&) = delete;             // a oneshot has one sender: move it, or use an mpsc channel
  sender& operator=(const sender&) = delete;  // a oneshot has one sender: move it, or use an mpsc channel

  /// Sends the message and lets go of the channel: the handle is as after reset().
  ///
  /// \returns  nothing, or the message back if the receiver is gone.
  /// \par Progress  never waits; a system call only if the receiver sleeps.
  /// \par Ordering  all sequenced before it happens before the return of the receive.
  template <class U = T>
  [[nodiscard("an unread result loses the message that could not be sent")]] std::expected<void, send_error<T>> send(
      U&& given) {
    auto&& value = detail::as_message<T>(std::forward<U>(given));
    std::optional<T> refused;
    this->core().send(value, refused);
    this->reset();
    if (!refused) return {};
    return std::unexpected(send_error<T>{std::move(*refused)});
  }

private:
  friend std::pair<sender<T>, receiver<T>> channel<T>(detail::origin);
  sender(detail::shared_channel<cores::oneshot<T>>* shared, detail::origin where) : base(shared, where) {}
};

/// The receiving side. Once the message is received, or the sender is gone without one, it is disconnected.
///
/// \par Threads  one at a time.
template <class T>
class receiver : public detail::handle<cores::oneshot<T>, detail::receiver_side> {
  using base = detail::handle<cores::oneshot<T>, detail::receiver_side>;

public:
  receiver(receiver&&) noexcept = default;
  receiver& operator=(receiver&&) noexcept = default;
  receiver(const receiver&) = delete;             // a oneshot has one receiver: move it
  receiver& operator=(const receiver&) = delete;  // a oneshot has one receiver: move it

  /// Waits for the message. \returns  it, or `disconnected`.
  [[nodiscard("an unread result hides a disconnect")]] std::expected<T, recv_error> recv() {
    std::optional<T> message;
    if (wait(message, deadline::max()) == status::ok) return std::move(*message);
    return std::unexpected(recv_error::disconnected);
  }

  /// \returns  the message, `empty` if it has not been sent yet, or `disconnected`.
  [[nodiscard("an unread result loses a message")]] std::expected<T, try_recv_error> try_recv() {
    std::optional<T> message;
    const status now = this->core().try_recv(message);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::empty ? try_recv_error::empty : try_recv_error::disconnected);
  }

  /// Waits for the message until a moment, of any clock, at the most. After a timeout the receiver is as it was.
  ///
  /// \returns  the message, `timeout` (never early) or `disconnected`.
  template <class Clock, class Duration>
  [[nodiscard("an unread result loses a message")]] std::expected<T, recv_timeout_error> recv_until(
      std::chrono::time_point<Clock, Duration> when) {
    return recv_by(detail::at(when));
  }

  /// Waits for the message for a duration at the most. \returns  as recv_until().
  template <class Rep, class Period>
  [[nodiscard("an unread result loses a message")]] std::expected<T, recv_timeout_error> recv_for(
      std::chrono::duration<Rep, Period> duration) {
    return recv_by(detail::after(duration));
  }

  /// Whether a receive would return at once: with the message, or because the sender is gone.
  bool ready() const noexcept { return this->core().ready(); }

  /// Receiving as one of the operations of a select (select.hpp).
  detail::recv_arm<cores::oneshot<T>, cardinality::one> arm() const {
    return detail::recv_arm<cores::oneshot<T>, cardinality::one>(this->core());
  }

private:
  friend std::pair<sender<T>, receiver<T>> channel<T>(detail::origin);
  receiver(detail::shared_channel<cores::oneshot<T>>* shared, detail::origin where) : base(shared, where) {}

  status wait(std::optional<T>& message, deadline until) {
    return detail::receive_watched(this->channel().living, this->core(), until,
                                   [&](deadline end) { return this->core().recv_until(message, end); });
  }

  std::expected<T, recv_timeout_error> recv_by(deadline until) {
    std::optional<T> message;
    const status now = wait(message, until);
    if (now == status::ok) return std::move(*message);
    return std::unexpected(now == status::timeout ? recv_timeout_error::timeout : recv_timeout_error::disconnected);
  }
};

}  // namespace sluice::oneshot
