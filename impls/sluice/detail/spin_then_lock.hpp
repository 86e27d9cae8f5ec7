#pragma once

#include <sluice/detail/backoff.hpp>
#include <sluice/platform.hpp>

#include <mutex>
#include <type_traits>

namespace sluice::inline SLUICE_ABI::detail {

/// A lock guard for critical sections of a few instructions: spins for a while before it sleeps on the mutex.
template <class Lock>
class spinning_lock : public Lock {
public:
  explicit spinning_lock(platform::mutex& m) : Lock(m, std::defer_lock) { lock(); }

  void lock() {
    for (backoff pacing; !pacing.spent(); pacing.snooze()) {
      if (this->try_lock()) return;
    }
    Lock::lock();
  }
};

using spin_then_lock =
    std::conditional_t<platform::spinning_helps, spinning_lock<platform::unique_lock>, platform::unique_lock>;

}  // namespace sluice::inline SLUICE_ABI::detail
