#pragma once

#include <harness/stall_clock.hpp>
#include <harness/worker.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::harness {

/// Ends the process with a report if a check makes no progress (see stall_clock).
class watchdog {
public:
  using on_hang = std::function<void(const std::string& text)>;

  /// \param hang_timeout  without progress for so long, a check hangs; also one that makes progress for twice as long.
  /// \param report        receives what each thread waits in; the process then ends with exit code 1.
  /// \param may_last      whether progress alone is enough, however long it takes.
  watchdog(std::chrono::seconds hang_timeout, on_hang report, bool may_last = false)
      : hang_timeout_(hang_timeout),
        may_last_(may_last),
        report_(std::move(report)),
        thread_([this](std::stop_token stop) { watch(stop); }) {}

  /// From now on, watches the thread that runs a check; nullptr: none.
  void watch_over_main(const worker* main) {
    std::scoped_lock guard(mutex_);
    main_ = main;
    begin();
  }

  /// From now on, watches the workers of a thread_group; an empty list ends that.
  void watch_over(std::vector<const worker*> workers) {
    std::scoped_lock guard(mutex_);
    workers_ = std::move(workers);
    main_waits_ = false;
    begin();
  }

  /// From now on, the thread that runs a check waits for the workers.
  void main_waits() {
    std::scoped_lock guard(mutex_);
    main_waits_ = true;
  }

private:
  void watch(std::stop_token stop) {
    std::unique_lock guard(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait_for(guard, stop, std::chrono::milliseconds(200), [] { return false; });
      if (steps_of_all() != steps_) note_progress();
      const auto now = clock_.now();
      const bool endless = !may_last_ && now - begun_ >= 2 * hang_timeout_;
      if ((now - since_ < hang_timeout_ && !endless) || (!main_ && workers_.empty())) continue;
      std::ostringstream text;
      text << (endless ? "no end within " : "no progress for ") << (endless ? 2 : 1) * hang_timeout_.count() << " s:\n";
      if (main_) text << "  " << (main_waits_ ? main_->role_ + ": waits for the others" : main_->describe()) << "\n";
      for (const worker* w : workers_) text << "  " << w->describe() << "\n";
      report_(text.str());
      std::_Exit(1);
    }
  }

  std::uint64_t steps_of_all() const {
    std::uint64_t sum = 0;
    for (const worker* w : workers_) sum += w->steps_.load(std::memory_order::relaxed);
    return sum;
  }

  void begin() {
    note_progress();
    begun_ = since_;
  }

  void note_progress() {
    steps_ = steps_of_all();
    since_ = clock_.now();
  }

  const std::chrono::seconds hang_timeout_;
  const bool may_last_;
  const on_hang report_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  const worker* main_ = nullptr;
  std::vector<const worker*> workers_;
  std::uint64_t steps_ = 0;
  bool main_waits_ = false;
  stall_clock clock_;
  std::chrono::nanoseconds since_{0};  ///< the last progress
  std::chrono::nanoseconds begun_{0};
  std::jthread thread_;
};

}  // namespace sluice::harness
