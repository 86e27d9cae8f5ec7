#pragma once

#include <models/shadow/clocks.hpp>
#include <models/shadow/word.hpp>

#include <cerrno>
#include <cstdint>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>

/// syscall(), modelled for futexes (https://man7.org/linux/man-pages/man2/futex.2.html); other calls fail the
/// execution.
namespace sluice::models::shadow {

namespace detail {

inline long futex_wait(std::uint32_t* waited_on, std::uint32_t expected, time_point until, const location& where) {
  platform::model::schedule_before(platform::model::access::sleep, waited_on, where);
  if (access<std::uint32_t>(waited_on).newest() != expected) {
    errno = EAGAIN;
    return -1;
  }
  if (!platform::model::asleep.sleep(waited_on, until, where)) return 0;
  errno = ETIMEDOUT;
  return -1;
}

inline long futex_wake(std::uint32_t* waited_on, long most, const location& where) {
  platform::model::schedule_before(platform::model::access::wake, waited_on, where);
  if (mutation_sites.mutated(role::wake, where)) return 0;
  long woken = 0;
  while (woken < most && platform::model::asleep.wake_one(waited_on, where)) ++woken;
  return woken;
}

inline std::uint32_t last_of() noexcept { return 0; }
template <class First, class... Rest>
std::uint32_t last_of([[maybe_unused]] First first, Rest... rest) noexcept {
  if constexpr (sizeof...(Rest) != 0) return last_of(rest...);
  if constexpr (std::is_integral_v<First>) return static_cast<std::uint32_t>(first);
  return 0;
}

inline time_point deadline_of(const std::timespec* time, bool relative) {
  if (!time) return time_point::max();
  return relative ? deadline_after(deadline_at(*time).time_since_epoch()) : deadline_at(*time);
}

}  // namespace detail

/// A system call at the place where it stands in the source.
struct system_call {
  long number;
  location where;

  system_call(long n, location w = location::current()) : number(n), where(w) {}  // NOLINT(google-explicit-constructor)
};

inline long not_modelled(const location& where) {
  platform::expects(false, "a system call that is not modelled: of them, futex() may wait and wake", where);
  return -1;
}

inline long modelled_syscall(system_call call) {
  return call.number == SYS_gettid ? static_cast<long>(rl::thread_index()) + 1 : not_modelled(call.where);
}

template <class Word, class... Rest>
long modelled_syscall(system_call call, Word* waited_on, int operation, std::uint32_t value, Rest... rest) {
  if (call.number != SYS_futex) return not_modelled(call.where);
  auto* const object = const_cast<std::uint32_t*>(reinterpret_cast<const volatile std::uint32_t*>(waited_on));
  const std::timespec* time = nullptr;
  if constexpr (sizeof...(Rest) != 0) {
    const auto first = [](auto f, auto...) { return f; }(rest...);
    if constexpr (std::is_pointer_v<decltype(first)>) {
      time = static_cast<const std::timespec*>(static_cast<const void*>(first));
    }
  }
  const int what = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  if (what == FUTEX_WAIT_BITSET || what == FUTEX_WAKE_BITSET) {
    platform::expects(detail::last_of(rest...) == FUTEX_BITSET_MATCH_ANY, "a futex with a bitset is not modelled",
                      call.where);
  }
  switch (what) {
    case FUTEX_WAIT: return detail::futex_wait(object, value, detail::deadline_of(time, true), call.where);
    case FUTEX_WAIT_BITSET: return detail::futex_wait(object, value, detail::deadline_of(time, false), call.where);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET: return detail::futex_wake(object, static_cast<int>(value), call.where);
    default: return not_modelled(call.where);
  }
}

}  // namespace sluice::models::shadow
