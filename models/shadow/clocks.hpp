#pragma once

#include <models/shadow/word.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <ctime>

/// The model's time, which all clocks show: it advances when a wait times out, and when a thread waits by looking at a
/// clock again and again.
namespace sluice::models::shadow {

using platform::location;
using time_point = std::chrono::steady_clock::time_point;

/// How often each thread has looked at a clock.
inline std::array<unsigned, 16> looks{};

/// A thread looks at a clock.
inline time_point now(const location& where) {
  const time_point shown = platform::now(where);
  fair.step();
  if (!platform::model::playing) return shown;
  constexpr unsigned no_wait = 16;
  const unsigned mine = ++looks[static_cast<std::size_t>(rl::thread_index())];
  if (mine > no_wait) {
    // Doubled each time, up to some hours: no wait then takes many steps.
    platform::model::time += std::chrono::microseconds(1LL << std::min(mine - no_wait, 34u));
    platform::yield();
  }
  return shown;
}

template <class Rep, class Period>
time_point deadline_after(const std::chrono::duration<Rep, Period>& wait, time_point from = platform::model::time) {
  using seconds = std::chrono::duration<double>;
  if (seconds(wait) >= seconds(time_point::max() - from)) return time_point::max();
  return from + std::chrono::ceil<time_point::duration>(wait);
}

/// The deadline on the model's clock of a point in time on any: all begin together.
template <class Clock, class Duration>
time_point deadline_at(const std::chrono::time_point<Clock, Duration>& until) {
  return deadline_after(until.time_since_epoch(), time_point());
}

/// The deadline on the model's clock of a C library's, whatever its clock.
inline time_point deadline_at(const std::timespec& until) {
  return deadline_after(std::chrono::seconds(until.tv_sec) + std::chrono::nanoseconds(until.tv_nsec), time_point());
}

/// std::this_thread::sleep_until: the thread lets others run, and time may pass.
inline void sleep_until(time_point until, const location& where) {
  if (platform::now(where) >= until) return;
  static const char never_woken = 0;
  while (!platform::model::asleep.sleep(&never_woken, until, where)) {
  }
}

}  // namespace sluice::models::shadow
