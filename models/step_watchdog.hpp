#pragma once

#include <models/platform.hpp>

#include <harness/stall_clock.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice::models {

/// Ends the process if a model takes no step for long: a thread of it loops without any operation that the checker
/// sees, so that no other can run.
///
/// Its own thread allocates nothing before it reports, since Relacy tracks the process's allocations.
class step_watchdog {
public:
  /// \param report  called once; the process then ends with exit code 1.
  step_watchdog(std::chrono::seconds hang_timeout, std::function<void()> report)
      : hang_timeout_(hang_timeout), report_(std::move(report)), thread_([this] { watch(); }) {}
  ~step_watchdog() {
    {
      std::scoped_lock guard(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  step_watchdog(const step_watchdog&) = delete;
  step_watchdog& operator=(const step_watchdog&) = delete;

private:
  void watch() {
    harness::stall_clock clock;
    std::uint64_t steps = 0;
    std::chrono::nanoseconds since = clock.now();
    std::unique_lock guard(mutex_);
    while (!changed_.wait_for(guard, std::chrono::milliseconds(200), [this] { return ended_; })) {
      const std::uint64_t now = platform::model::steps.load(std::memory_order::relaxed);
      if (std::exchange(steps, now) != now) since = clock.now();
      if (clock.now() - since < hang_timeout_) continue;
      rl::context_holder<>::instance_ = nullptr;
      report_();
      std::_Exit(1);
    }
  }

  const std::chrono::seconds hang_timeout_;
  const std::function<void()> report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sluice::models
