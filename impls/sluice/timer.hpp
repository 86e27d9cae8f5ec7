#pragma once

#include <sluice/cores/timer.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/handles.hpp>

#include <chrono>

/// Receivers whose messages are time points of std::chrono::steady_clock: for deadlines and periods beside other
/// channels.
///
/// Timers need no thread. They never disconnect: a receive from one that has expired waits for ever, or until its own
/// timeout.
namespace sluice::inline SLUICE_ABI::timer {

/// Clones share the messages: each goes to one of them.
using receiver = basic_receiver<cores::timer>;

namespace detail {

inline receiver make(deadline due, deadline::duration period) {
  return sluice::detail::factory::make_receiver<cores::timer>(sluice::detail::origin::current(), due, period);
}

}  // namespace detail

/// One message, a duration from now. A duration beyond the clock's range means never.
template <class Rep, class Period>
[[nodiscard("a timer does nothing but be received from")]] receiver after(std::chrono::duration<Rep, Period> duration) {
  return detail::make(sluice::detail::after(duration), (deadline::duration::max)());
}

/// One message, at a time point of any clock.
template <class Clock, class Duration>
[[nodiscard("a timer does nothing but be received from")]] receiver at(std::chrono::time_point<Clock, Duration> when) {
  return detail::make(sluice::detail::at(when), (deadline::duration::max)());
}

/// A message each `period`, the first one period from now. Ticks that no receiver took are skipped.
template <class Rep, class Period>
[[nodiscard("a timer does nothing but be received from")]] receiver tick(std::chrono::duration<Rep, Period> period) {
  // A period beyond the clock's range never elapses.
  const sluice::detail::seconds most = (deadline::duration::max)();
  const bool representable = sluice::detail::seconds(period) < most;
  return detail::make(sluice::detail::after(period),
                      representable ? std::chrono::ceil<deadline::duration>(period) : (deadline::duration::max)());
}

/// No message, ever: a disabled arm of a select. All calls return receivers of the same channel.
[[nodiscard("a timer does nothing but be received from")]] inline receiver never() {
  // Never destroyed, so that destructors of other static and thread-local objects can use it.
  static const receiver& the_only = *new receiver(detail::make(no_deadline, (deadline::duration::max)()));
  return the_only.clone();
}

}  // namespace sluice::inline SLUICE_ABI::timer
