#pragma once

#include <adapters/envelope.hpp>
#include <sluice/core.hpp>

#include <boost/fiber/buffered_channel.hpp>

#include <bit>
#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::adapters {

/// Boost.Fiber's buffered_channel, a whole channel: it waits, keeps deadlines and closes by itself. Its ring is a power
/// of two and one slot of it stays empty.
template <class T>
class boost_fiber {
public:
  using value_type = T;
  static constexpr core_traits traits{
      .bounded = true, .greatest_capacity = 1u << 31, .exact_capacity = false, .exact_size = false};

  explicit boost_fiber(std::size_t capacity) : slots_(std::bit_ceil(capacity + 1)), channel_(slots_) {}
  ~boost_fiber() { clear(); }

  status try_send(T& value) {
    return sending(value, [&](envelope<T>&& message) { return channel_.try_push(std::move(message)); });
  }
  status send_until(T& value, deadline until) {
    return sending(value, [&](envelope<T>&& message) {
      return until == deadline::max() ? channel_.push(std::move(message))
                                      : channel_.push_wait_until(std::move(message), until);
    });
  }
  status try_recv(std::optional<T>& out) {
    return receiving(out, [&](envelope<T>& message) { return channel_.try_pop(message); });
  }
  status recv_until(std::optional<T>& out, deadline until) {
    return receiving(out, [&](envelope<T>& message) {
      return until == deadline::max() ? channel_.pop(message) : channel_.pop_wait_until(message, until);
    });
  }

  void close_senders() { channel_.close(); }
  void close_receivers() {
    channel_.close();
    clear();
  }

  /// The channel does not tell.
  std::size_t size() const { return 0; }
  std::optional<std::size_t> capacity() const { return slots_ - 1; }

private:
  using result = boost::fibers::channel_op_status;

  static status to_status(result r) {
    switch (r) {
      case result::success: return status::ok;
      case result::empty: return status::empty;
      case result::full: return status::full;
      case result::timeout: return status::timeout;
      case result::closed: break;
    }
    return status::disconnected;
  }

  template <class Push>
  static status sending(T& value, Push push) {
    envelope<T> message(std::move(value));
    const status now = to_status(push(std::move(message)));
    if (now != status::ok) message.give_back(value);
    return now;
  }

  template <class Pop>
  static status receiving(std::optional<T>& out, Pop pop) {
    envelope<T> message;
    const status now = to_status(pop(message));
    if (now == status::ok) message.open(out);
    return now;
  }

  void clear() {
    for (envelope<T> message; channel_.try_pop(message) == result::success;) message = envelope<T>();
  }

  std::size_t slots_;
  boost::fibers::buffered_channel<envelope<T>> channel_;
};

}  // namespace sluice::adapters
