#pragma once

#include <sluice/cores/oneshot.hpp>
#include <sluice/detail/handle.hpp>
#include <sluice/handles.hpp>

#include <expected>
#include <optional>
#include <utility>

/// One message from one sender to one receiver: an answer, a result, a signal.
namespace sluice::inline SLUICE_ABI::oneshot {

template <class T>
class sender;
template <class T>
class receiver;

/// Makes the channel. \throws std::bad_alloc
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> channel(
    detail::origin where = detail::origin::current()) {
  static_assert(message<T>,
                "a message's move and destructor must not throw: declare them noexcept, or wrap the "
                "message in std::unique_ptr");
  check_send<T>();
  auto* shared = new detail::shared_channel<cores::oneshot<T>>(where);
  return {sender<T>(shared, where), receiver<T>(detail::factory::receiver_of<cardinality::one>(*shared))};
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

  /// Sends the message and drops the handle's reference: the handle is as after reset().
  ///
  /// \returns  nothing, or the message back if the receiver has disconnected.
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

/// The receiving side, as of any channel. Once the message is received, or the sender has disconnected without one, it
/// is disconnected; a timeout changes nothing.
///
/// \par Threads  one at a time.
template <class T>
class receiver : public basic_receiver<cores::oneshot<T>, cardinality::one> {
  using base = basic_receiver<cores::oneshot<T>, cardinality::one>;

public:
  /// Whether a receive would return at once: with the message, or because the sender has disconnected.
  bool ready() const noexcept { return this->core().ready(); }

private:
  friend std::pair<sender<T>, receiver<T>> channel<T>(detail::origin);
  explicit receiver(base&& any) noexcept : base(std::move(any)) {}
};

}  // namespace sluice::inline SLUICE_ABI::oneshot
