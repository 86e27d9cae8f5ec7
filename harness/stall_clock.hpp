#pragma once

#include <harness/kernel.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::harness {

/// Measures how long a process has made no progress, for timeouts that must not accuse a sound channel on a busy
/// machine.
///
/// Time in which its threads wait for a processor, or for memory from a disk, counts a tenth: not less, since a thread
/// that spins for ever waits for a processor, too.
class stall_clock {
public:
  using clock = std::chrono::steady_clock;

  /// Progress has been made.
  void restart() noexcept {
    last_ = clock::now();
    sum_ = {};
  }

  /// The time since the last restart, in steps of a tenth of a second or of the time between two calls.
  std::chrono::nanoseconds elapsed() {
    const auto now = clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return sum_;
    const auto step = now - std::exchange(last_, now);
    const auto stalls = kernel::stalls_of_process();
    const auto waited = std::max(stalls.waited - std::exchange(waited_, stalls.waited), std::chrono::nanoseconds(0));
    sum_ += std::max(step / 10, stalls.on_disk ? clock::duration(0) : step - waited);
    return sum_;
  }

private:
  clock::time_point last_ = clock::now();
  std::chrono::nanoseconds waited_ = kernel::stalls_of_process().waited;
  std::chrono::nanoseconds sum_{};
};

}  // namespace sluice::harness
