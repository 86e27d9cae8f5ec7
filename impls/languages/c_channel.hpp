#pragma once

#include <languages/channel.h>
#include <sluice/core.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

// In the program, whose operators new and delete may count.
extern "C" {
[[gnu::used]] inline void* sluice_allocate(std::size_t size, std::size_t alignment) {
  return ::operator new(size, std::align_val_t(alignment), std::nothrow);
}
[[gnu::used]] inline void sluice_release(void* memory, std::size_t alignment) {
  ::operator delete(memory, std::align_val_t(alignment));
}
}

/// Channels of other languages, as cores.
namespace sluice::languages {

namespace detail {

/// How long an operation of the C interface waits.
inline std::int64_t time_to(deadline until) {
  if (until == no_deadline) return SLUICE_FOR_EVER;
  const auto now = platform::clock::now();
  if (until <= now) return SLUICE_TRY;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(until - now).count();
}

inline status told(int result, status not_now) noexcept {
  return result == SLUICE_OK ? status::ok : result == SLUICE_NOT_NOW ? not_now : status::disconnected;
}

/// A message, as the address of one on the heap.
template <class T>
struct boxed {
  static std::uint64_t number_of(const T* message) noexcept { return reinterpret_cast<std::uintptr_t>(message); }
  static T* at(std::uint64_t number) noexcept { return reinterpret_cast<T*>(static_cast<std::uintptr_t>(number)); }
  // A foreign caller cannot be unwound through.
  static void destroy(std::uint64_t number) noexcept { delete at(number); }
  static std::uint64_t copy(std::uint64_t number) noexcept { return number_of(new T(std::as_const(*at(number)))); }
};

}  // namespace detail

/// A channel behind the C interface. Each message is a 64-bit number there: the address of a `T` on the heap.
///
/// \tparam Library  has `static constexpr core_traits traits`, what the channel promises, and `static constexpr const
///                  sluice_channel_functions* functions`, as its library exports them
/// \par Progress, ordering  the channel's.
template <class T, class Library>
class c_channel {
public:
  using value_type = T;
  static constexpr core_traits traits = Library::traits;

  c_channel() : channel_(make(-1)) {}
  explicit c_channel(std::size_t capacity) : capacity_(capacity), channel_(make(as_signed(capacity))) {}
  c_channel(const c_channel&) = delete;
  c_channel& operator=(const c_channel&) = delete;
  ~c_channel() { functions->free(channel_); }

  status try_send(T& value) { return send(value, SLUICE_TRY, status::full); }
  status send_until(T& value, deadline until) { return send(value, detail::time_to(until), status::timeout); }
  status try_recv(std::optional<T>& out) { return recv(out, SLUICE_TRY, status::empty); }
  status recv_until(std::optional<T>& out, deadline until) {
    return recv(out, detail::time_to(until), status::timeout);
  }
  void close_senders() { functions->close_senders(channel_); }
  void close_receivers() { functions->close_receivers(channel_); }
  std::size_t size() const { return static_cast<std::size_t>(functions->size(channel_)); }
  std::optional<std::size_t> capacity() const { return capacity_; }

private:
  static constexpr const sluice_channel_functions* functions = Library::functions;

  static void* make(std::int64_t capacity) {
    void* const channel = functions->make(capacity, &detail::boxed<T>::destroy);
    if (!channel) throw std::bad_alloc();
    return channel;
  }
  static std::int64_t as_signed(std::size_t capacity) noexcept {
    constexpr std::uint64_t greatest = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(capacity < greatest ? capacity : greatest);
  }

  status send(T& value, std::int64_t wait, status not_now) {
    auto message = std::make_unique<T>(std::move(value));
    const status now =
        detail::told(functions->send(channel_, detail::boxed<T>::number_of(message.get()), wait), not_now);
    if (now == status::ok) {
      message.release();
    } else {
      std::destroy_at(&value);
      std::construct_at(&value, std::move(*message));
    }
    return now;
  }

  status recv(std::optional<T>& out, std::int64_t wait, status not_now) {
    std::uint64_t number = 0;
    const status now = detail::told(functions->recv(channel_, &number, wait), not_now);
    if (now == status::ok) {
      const std::unique_ptr<T> message(detail::boxed<T>::at(number));
      out.emplace(std::move(*message));
    }
    return now;
  }

  std::optional<std::size_t> capacity_;
  void* channel_;
};

/// A broadcast behind the C interface, as a core of sluice::broadcast. It subscribes through senders alone: its
/// receivers have neither clone() nor resubscribe().
///
/// \tparam Library  has `static constexpr broadcast_traits traits`, and `functions`, a sluice_broadcast_functions
/// \par Progress, ordering  the broadcast's.
template <class T, class Library>
class c_broadcast {
public:
  using value_type = T;
  using position = std::uint64_t;  ///< a receiver
  static constexpr broadcast_traits traits = Library::traits;

  /// \throws std::length_error  for a capacity of 0 or beyond the traits'; std::bad_alloc
  explicit c_broadcast(std::size_t capacity)
      : broadcast_(functions->make(checked(capacity), &detail::boxed<T>::copy, &detail::boxed<T>::destroy)) {
    if (!broadcast_) throw std::bad_alloc();
  }
  c_broadcast(const c_broadcast&) = delete;
  c_broadcast& operator=(const c_broadcast&) = delete;
  ~c_broadcast() { functions->free(broadcast_); }

  std::size_t send(T& value, std::optional<T>& refused) {
    auto message = std::make_unique<T>(std::move(value));
    const auto reached = functions->send(broadcast_, detail::boxed<T>::number_of(message.get()));
    if (reached != 0) {
      message.release();
    } else {
      refused.emplace(std::move(*message));
    }
    return static_cast<std::size_t>(reached);
  }
  status try_recv(position& receiver, std::optional<T>& out, std::uint64_t& missed) {
    return recv(receiver, out, missed, SLUICE_TRY, status::empty);
  }
  status recv_until(position& receiver, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return recv(receiver, out, missed, detail::time_to(until), status::timeout);
  }
  position subscribe() { return reinterpret_cast<std::uintptr_t>(functions->subscribe(broadcast_)); }
  void unsubscribe(position receiver) noexcept { functions->unsubscribe(handle(receiver)); }
  void close_senders() noexcept { functions->close_senders(broadcast_); }
  std::size_t capacity() const noexcept { return static_cast<std::size_t>(functions->capacity(broadcast_)); }

private:
  static constexpr const sluice_broadcast_functions* functions = Library::functions;

  static std::size_t checked(std::size_t capacity) {
    if (traits.accepts(capacity)) return capacity;
    throw std::length_error("a broadcast of this library cannot have a capacity of " + std::to_string(capacity));
  }

  static void* handle(position receiver) noexcept {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(receiver));
  }

  status recv(position receiver, std::optional<T>& out, std::uint64_t& missed, std::int64_t wait, status not_now) {
    std::uint64_t number = 0;
    missed = 0;
    const status now = detail::told(functions->recv(handle(receiver), &number, &missed, wait), not_now);
    if (now == status::ok && missed == 0) {
      const std::unique_ptr<T> message(detail::boxed<T>::at(number));
      out.emplace(std::move(*message));
    }
    return now;
  }

  void* broadcast_;
};

}  // namespace sluice::languages
