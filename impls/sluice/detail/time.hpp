#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <chrono>
#include <concepts>

namespace sluice::inline SLUICE_ABI::detail {

// Durations of any kind are compared as seconds in floating point, which none of them overflows.
using seconds = std::chrono::duration<long double>;

/// Now + a duration; no_deadline where that lies beyond the clock's range.
template <class Rep, class Period>
deadline after(std::chrono::duration<Rep, Period> duration) {
  const deadline now = platform::now();
  if (duration <= duration.zero()) return now;
  if (seconds(duration) >= seconds(no_deadline - now)) return no_deadline;
  return now + std::chrono::ceil<deadline::duration>(duration);
}

/// A time point of any clock as a deadline; no_deadline where it lies beyond the steady clock's range.
template <class Clock, class Duration>
deadline at(std::chrono::time_point<Clock, Duration> when) {
  const seconds left = seconds(when.time_since_epoch()) - seconds(Clock::now().time_since_epoch());
  if (left <= seconds::zero()) return platform::now();
  if (left >= seconds(no_deadline - platform::now())) return no_deadline;
  if constexpr (std::same_as<Clock, deadline::clock>) {
    return std::chrono::ceil<deadline::duration>(when);
  } else {
    return after(when - Clock::now());
  }
}

}  // namespace sluice::inline SLUICE_ABI::detail
