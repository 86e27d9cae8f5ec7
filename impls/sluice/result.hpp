#pragma once

#include <sluice/detail/abi.hpp>

#include <concepts>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <type_traits>
#include <utility>

/// The error vocabulary of every channel.
///
/// A failed send returns the message inside its error, so that trying loses nothing.
namespace sluice::inline SLUICE_ABI {

/// The result of one operation on a core; handles translate it into the errors below.
enum class status : std::uint8_t { ok, full, empty, timeout, disconnected, stopped };

constexpr std::string_view to_string(status s) noexcept {
  switch (s) {
    case status::ok: return "ok";
    case status::full: return "full";
    case status::empty: return "empty";
    case status::timeout: return "timeout";
    case status::disconnected: return "disconnected";
    case status::stopped: return "stopped";
  }
  return "unknown";
}

/// Why a blocking receive returned no message: the channel is empty and disconnected.
enum class recv_error : std::uint8_t { disconnected };

/// Why try_recv() returned no message.
enum class try_recv_error : std::uint8_t { empty, disconnected };

/// Why a timed receive returned no message.
enum class recv_timeout_error : std::uint8_t { timeout, disconnected };

/// Why a receive with a stop token returned no message; `timeout` only of those with a deadline.
enum class stoppable_recv_error : std::uint8_t { stopped, timeout, disconnected };

/// Why try_send() did not send.
enum class try_send_reason : std::uint8_t { full, disconnected };

/// Why a timed send did not send.
enum class send_timeout_reason : std::uint8_t { timeout, disconnected };

/// Why a send with a stop token did not send; `timeout` only of those with a deadline.
enum class stoppable_send_reason : std::uint8_t { stopped, timeout, disconnected };

constexpr std::string_view to_string(recv_error) noexcept { return to_string(status::disconnected); }
constexpr std::string_view to_string(try_recv_error e) noexcept {
  return to_string(e == try_recv_error::empty ? status::empty : status::disconnected);
}
constexpr std::string_view to_string(recv_timeout_error e) noexcept {
  return to_string(e == recv_timeout_error::timeout ? status::timeout : status::disconnected);
}
constexpr std::string_view to_string(stoppable_recv_error e) noexcept {
  return to_string(e == stoppable_recv_error::stopped   ? status::stopped
                   : e == stoppable_recv_error::timeout ? status::timeout
                                                        : status::disconnected);
}
constexpr std::string_view to_string(try_send_reason r) noexcept {
  return to_string(r == try_send_reason::full ? status::full : status::disconnected);
}
constexpr std::string_view to_string(send_timeout_reason r) noexcept {
  return to_string(r == send_timeout_reason::timeout ? status::timeout : status::disconnected);
}

constexpr std::string_view to_string(stoppable_send_reason r) noexcept {
  return to_string(r == stoppable_send_reason::stopped   ? status::stopped
                   : r == stoppable_send_reason::timeout ? status::timeout
                                                         : status::disconnected);
}

/// The error of a send on a channel without receivers; holds the unsent message.
template <class T>
struct send_error {
  T value;
};

/// The error of try_send(); holds the unsent message.
template <class T>
struct try_send_error {
  try_send_reason reason;
  T value;

  bool full() const noexcept { return reason == try_send_reason::full; }
  bool disconnected() const noexcept { return reason == try_send_reason::disconnected; }
};

/// The error of a timed send; holds the unsent message.
template <class T>
struct send_timeout_error {
  send_timeout_reason reason;
  T value;

  bool timeout() const noexcept { return reason == send_timeout_reason::timeout; }
  bool disconnected() const noexcept { return reason == send_timeout_reason::disconnected; }
};

/// The error of a send with a stop token; holds the unsent message.
template <class T>
struct stoppable_send_error {
  stoppable_send_reason reason;
  T value;

  bool stopped() const noexcept { return reason == stoppable_send_reason::stopped; }
  bool timeout() const noexcept { return reason == stoppable_send_reason::timeout; }
  bool disconnected() const noexcept { return reason == stoppable_send_reason::disconnected; }
};

/// The error of send_all(): what was not sent is still in the range.
template <class Rest>
struct send_all_error {
  Rest rest;  ///< a subrange of the one that was given
};

/// Prints an error or status by name.
template <class E>
requires std::is_enum_v<E> && requires(E e) {
  { to_string(e) } -> std::same_as<std::string_view>;
}
std::ostream& operator<<(std::ostream& out, E e) { return out << to_string(e); }

}  // namespace sluice::inline SLUICE_ABI
