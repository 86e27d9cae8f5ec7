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
  status send_until(T& value, deadline until) { return send(value, time_to(until), status::timeout); }
  status try_recv(std::optional<T>& out) { return recv(out, SLUICE_TRY, status::empty); }
  status recv_until(std::optional<T>& out, deadline until) { return recv(out, time_to(until), status::timeout); }
  void close_senders() { functions->close_senders(channel_); }
  void close_receivers() { functions->close_receivers(channel_); }
  std::size_t size() const { return static_cast<std::size_t>(functions->size(channel_)); }
  std::optional<std::size_t> capacity() const { return capacity_; }

private:
  static constexpr const sluice_channel_functions* functions = Library::functions;

  static std::uint64_t number_of(T* message) noexcept { return reinterpret_cast<std::uintptr_t>(message); }
  static T* message_of(std::uint64_t number) noexcept {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(number));
  }
  static void destroy(std::uint64_t number) { delete message_of(number); }

  static void* make(std::int64_t capacity) {
    void* const channel = functions->make(capacity, &destroy);
    if (!channel) throw std::bad_alloc();
    return channel;
  }
  static std::int64_t as_signed(std::size_t capacity) noexcept {
    constexpr std::uint64_t greatest = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(capacity < greatest ? capacity : greatest);
  }
  static std::int64_t time_to(deadline until) {
    if (until == no_deadline) return SLUICE_FOR_EVER;
    const auto now = platform::clock::now();
    if (until <= now) return SLUICE_TRY;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(until - now).count();
  }
  static status told(int result, status not_now) noexcept {
    return result == SLUICE_OK ? status::ok : result == SLUICE_NOT_NOW ? not_now : status::disconnected;
  }

  status send(T& value, std::int64_t wait, status not_now) {
    auto boxed = std::make_unique<T>(std::move(value));
    const status now = told(functions->send(channel_, number_of(boxed.get()), wait), not_now);
    if (now == status::ok) {
      boxed.release();
    } else {
      std::destroy_at(&value);
      std::construct_at(&value, std::move(*boxed));
    }
    return now;
  }

  status recv(std::optional<T>& out, std::int64_t wait, status not_now) {
    std::uint64_t number = 0;
    const status now = told(functions->recv(channel_, &number, wait), not_now);
    if (now == status::ok) {
      const std::unique_ptr<T> boxed(message_of(number));
      out.emplace(std::move(*boxed));
    }
    return now;
  }

  std::optional<std::size_t> capacity_;
  void* channel_;
};

}  // namespace sluice::languages
