#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/expired.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace sluice::inline SLUICE_ABI::cores {

/// The core of a timer channel, whose messages are time points: one at `due`, then one each `period`.
///
/// There is no thread behind it. The channel is a deadline that receivers race to advance; a receiver that waits sleeps
/// until that deadline by itself. Ticks that no receiver took are skipped: at most one message is ever ready, and ticks
/// stay on the grid of the first one.
///
/// \par Progress  blocking; a receiver that loses the race for one tick waits for the next.
class timer {
public:
  using value_type = platform::time_point;

  /// \param due     no_deadline for never.
  /// \param period  deadline::duration::max() for once.
  timer(deadline due, deadline::duration period) noexcept
      : due_(due.time_since_epoch().count()),
        period_((std::max)(period, deadline::duration{1})),
        never_(due == no_deadline) {}

  status try_recv(std::optional<value_type>& out) noexcept {
    for (;;) {
      deadline::rep due = due_.load(std::memory_order::relaxed);
      const deadline at = time_of(due);
      const deadline now = platform::now();
      if (at == no_deadline || now < at) return status::empty;
      // Relaxed throughout: a time point publishes nothing but itself.
      if (due_.compare_exchange_strong(due, after(at, now).time_since_epoch().count(), std::memory_order::relaxed,
                                       std::memory_order::relaxed)) {
        out.emplace(at);
        return status::ok;
      }
    }
  }

  status recv_until(std::optional<value_type>& out, deadline until) noexcept {
    for (;;) {
      const status now = try_recv(out);
      if (now == status::ok) return now;
      if (detail::expired(until)) return status::timeout;
      detail::waiter self;
      (void)self.wait_until((std::min)(until, due()));
    }
  }

  /// The next time point, or no_deadline for none.
  deadline due() const noexcept { return time_of(due_.load(std::memory_order::relaxed)); }

  /// No peer wakes a waiter here: a select sleeps until due() by itself.
  bool register_recv_waiter(detail::wait_entry&) const noexcept { return due() <= platform::now(); }
  void unregister_recv_waiter(detail::wait_entry&) const noexcept {}

  void close_senders() const noexcept {}
  void close_receivers() const noexcept {}

  std::size_t size() const noexcept { return due() <= platform::now() ? 1 : 0; }
  std::optional<std::size_t> capacity() const noexcept { return never_ ? 0 : 1; }

private:
  static deadline time_of(deadline::rep since_epoch) noexcept { return deadline(deadline::duration(since_epoch)); }

  /// The first tick of the grid after `now`; no_deadline where that lies beyond the clock's range.
  deadline after(deadline at, deadline now) const noexcept {
    const deadline::duration missed = (now - at) / period_ * period_;
    return period_ >= no_deadline - at - missed ? no_deadline : at + missed + period_;
  }

  platform::atomic<deadline::rep> due_;
  const deadline::duration period_;
  const bool never_;
};

}  // namespace sluice::inline SLUICE_ABI::cores
