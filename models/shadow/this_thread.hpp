#pragma once

#include <models/shadow/clocks.hpp>

#include <chrono>
#include <thread>

/// What std::this_thread offers, modelled.
namespace sluice::models::shadow::this_thread {

using std::this_thread::get_id;  // see thread_storage.hpp

inline void yield() { platform::yield(); }

template <class Rep, class Period>
void sleep_for(const std::chrono::duration<Rep, Period>& duration, location where = location::current()) {
  shadow::sleep_until(deadline_after(duration), where);
}
template <class Clock, class Duration>
void sleep_until(const std::chrono::time_point<Clock, Duration>& until, location where = location::current()) {
  shadow::sleep_until(deadline_at(until), where);
}

}  // namespace sluice::models::shadow::this_thread

namespace sluice::models::shadow {

inline int modelled_sched_yield() {
  platform::yield();
  return 0;
}

}  // namespace sluice::models::shadow
