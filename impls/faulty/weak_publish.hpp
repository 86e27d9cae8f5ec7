#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace sluice::faulty {

/// A mailbox for one message whose flag is published with too weak an order: the receiver may see the flag before the
/// message. x86 does not reorder the two stores, so only a model of weak memory can tell.
template <class T>
class weak_publish {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true, .least_capacity = 1, .greatest_capacity = 1};

  explicit weak_publish(std::size_t) {}
  ~weak_publish() { discard(); }

  status try_send(T& value) {
    const status now = push(value);
    if (now == status::ok) receivers_.notify_one();
    return now;
  }
  status send_until(T& value, deadline until) {
    const status now = senders_.wait(
        status::full, until, [&] { return push(value); }, [&] { return state() != full; });
    if (now == status::ok) receivers_.notify_one();
    return now;
  }
  status try_recv(std::optional<T>& out) {
    const status now = pop(out);
    if (now == status::ok) senders_.notify_one();
    return now;
  }
  status recv_until(std::optional<T>& out, deadline until) {
    const status now = receivers_.wait(
        status::empty, until, [&] { return pop(out); }, [&] { return state() != vacant; });
    if (now == status::ok) senders_.notify_one();
    return now;
  }
  void close_senders() {
    state_.fetch_or(closed, std::memory_order::seq_cst);
    receivers_.close();
  }
  void close_receivers() {
    state_.fetch_or(closed, std::memory_order::seq_cst);
    senders_.close();
    discard();
  }
  std::size_t size() const { return state_.load(std::memory_order::seq_cst) & full ? 1 : 0; }
  std::optional<std::size_t> capacity() const noexcept { return 1; }

private:
  static constexpr std::uint32_t vacant = 0;
  static constexpr std::uint32_t busy = 1;  // a thread is moving a message in or out
  static constexpr std::uint32_t full = 2;
  static constexpr std::uint32_t closed = 4;

  std::uint32_t state() const { return state_.load(std::memory_order::seq_cst); }

  status push(T& value) {
    detail::backoff pacing;
    for (;; pacing.snooze()) {
      std::uint32_t now = state();
      if (now & closed) return status::disconnected;
      if (now & full) return status::full;
      if (now != vacant) continue;
      if (!state_.compare_exchange_strong(now, busy, std::memory_order::seq_cst, std::memory_order::relaxed)) continue;
      message_.construct(std::move(value));
      // The mistake: this must be a release.
      state_.fetch_add(full - busy, std::memory_order::relaxed);
      return status::ok;
    }
  }

  status pop(std::optional<T>& out) {
    detail::backoff pacing;
    for (;; pacing.snooze()) {
      std::uint32_t now = state();
      if (now & busy) continue;
      if (!(now & full)) return now & closed ? status::disconnected : status::empty;
      const std::uint32_t taking = now - full + busy;
      if (!state_.compare_exchange_strong(now, taking, std::memory_order::seq_cst, std::memory_order::relaxed))
        continue;
      message_.take(out);
      state_.fetch_sub(busy, std::memory_order::seq_cst);
      return status::ok;
    }
  }

  void discard() {
    for (std::optional<T> message; pop(message) == status::ok; message.reset()) {
    }
  }

  platform::atomic<std::uint32_t> state_{vacant};
  platform::cell<T> message_;
  detail::wait_queue senders_;
  detail::wait_queue receivers_;
};

}  // namespace sluice::faulty
