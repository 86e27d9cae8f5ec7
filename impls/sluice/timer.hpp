#pragma once

#include <sluice/cores/timer.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/handles.hpp>

#include <chrono>

/// Receivers whose messages are moments of std::chrono::steady_clock: for deadlines and periods beside other channels.
///
/// Timers cost no thread. They are never disconnected: receiving from one that is spent waits for ever, or until the
/// timeout of the receive.
namespace sluice::timer {

/// Clones share the moments: each goes to one of them.
using receiver = basic_receiver<cores::timer>;

namespace detail {

inline receiver make(deadline due, deadline::duration period) {
  return sluice::detail::factory::make_receiver<cores::timer>(SLUICE_HERE, due, period);
}

}  // namespace detail

/// One message, once a duration has passed from now. A duration beyond the clock means never.
template <class Rep, class Period>
[[nodiscard("a timer does nothing but be received from")]] receiver after(std::chrono::duration<Rep, Period> duration) {
  return detail::make(sluice::detail::after(duration), deadline::duration::max());
}

/// One message, at a moment of any clock.
template <class Clock, class Duration>
[[nodiscard("a timer does nothing but be received from")]] receiver at(std::chrono::time_point<Clock, Duration> when) {
  return detail::make(sluice::detail::at(when), deadline::duration::max());
}

/// A message each `period`, first one period from now. Those that nobody was there to receive are skipped.
template <class Rep, class Period>
[[nodiscard("a timer does nothing but be received from")]] receiver tick(std::chrono::duration<Rep, Period> period) {
  // As far as the clock reaches: a longer one never comes.
  const sluice::detail::seconds most = deadline::duration::max();
  const bool representable = sluice::detail::seconds(period) < most;
  return detail::make(sluice::detail::after(period),
                      representable ? std::chrono::ceil<deadline::duration>(period) : deadline::duration::max());
}

/// No message, ever: an arm of a select that is switched off. All of them are the same channel.
[[nodiscard("a timer does nothing but be received from")]] inline receiver never() {
  // Never destroyed, so that it is there for other static and thread-local objects' destructors.
  static const receiver& the_only = *new receiver(detail::make(deadline::max(), deadline::duration::max()));
  return the_only.clone();
}

}  // namespace sluice::timer
