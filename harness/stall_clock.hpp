#pragma once

#include <harness/kernel.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::harness {

/// A clock for timeouts that must not accuse a sound channel on a busy machine.
///
/// Time in which the process's threads wait for a processor, or for memory from a disk, counts a tenth: not less, since
/// a thread that spins for ever waits for a processor, too.
class stall_clock {
public:
  /// The time that has counted so far. It asks the kernel at most ten times a second, and may go back by what it has
  /// counted since then.
  std::chrono::nanoseconds now() {
    const auto time = std::chrono::steady_clock::now();
    const auto step = time - last_;
    if (step < std::chrono::milliseconds(100)) return counted_ + step;
    last_ = time;
    const auto stalls = kernel::stalls_of_process();
    const auto waited = std::max(stalls.waited - std::exchange(waited_, stalls.waited), std::chrono::nanoseconds(0));
    counted_ += std::max(step / 10, stalls.on_disk ? std::chrono::nanoseconds(0) : step - waited);
    return counted_;
  }

private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::chrono::nanoseconds waited_ = kernel::stalls_of_process().waited;
  std::chrono::nanoseconds counted_{0};
};

}  // namespace sluice::harness
