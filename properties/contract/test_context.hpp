#pragma once

#include <harness/thread_group.hpp>
#include <harness/watchdog.hpp>
#include <harness/worker.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <source_location>
#include <string>
#include <utility>

namespace sluice::contract {

using namespace std::chrono_literals;
using harness::thread_group;
using harness::worker;
using clock = std::chrono::steady_clock;

/// One line of the contract under test on one channel.
class test_context {
public:
  test_context(harness::watchdog& dog, std::size_t divisor) : dog_(dog), divisor_(divisor) {}

  /// Records a failure with its location, unless the condition holds. From any thread.
  bool expect(bool holds, std::source_location where = std::source_location::current()) {
    if (!holds) {
      std::scoped_lock guard(mutex_);
      const std::string file = where.file_name();
      if (failure_.empty()) {
        failure_ = file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line()) + " does not hold";
      }
    }
    return holds;
  }

  /// Adds to the failure. From the test's thread.
  void explain(const std::string& text) {
    std::scoped_lock guard(mutex_);
    failure_ += "\n" + text;
  }

  /// The number of repetitions: what the line promises, divided for a quick run.
  std::size_t times(std::size_t full) const noexcept { return std::max<std::size_t>(full / divisor_, 1); }

  /// Runs `job(i)` on `count` threads at once, to their end.
  template <class Job>
  void together(std::size_t count, Job job) {
    thread_group threads(dog_);
    for (std::size_t i = 0; i < count; ++i) threads.add("thread " + std::to_string(i), [&job, i](worker&) { job(i); });
    threads.run();
  }

  /// The line proves nothing about the channel, for a reason that shows only while it is tested. From the test's
  /// thread.
  void skip(std::string reason) { skipped_ = std::move(reason); }

  harness::watchdog& dog() noexcept { return dog_; }
  const std::string& skipped() const noexcept { return skipped_; }
  std::string failure() const {
    std::scoped_lock guard(mutex_);
    return failure_;
  }

private:
  harness::watchdog& dog_;
  const std::size_t divisor_;
  mutable std::mutex mutex_;
  std::string failure_;
  std::string skipped_;
};

/// A thread beside the test's own, which starts at once and is joined at the end.
class helper_thread {
public:
  template <class Job>
  helper_thread(test_context& t, Job job)
      : threads_(t.dog()), self_(&threads_.add("helper thread", [job = std::move(job)](worker&) mutable { job(); })) {
    threads_.start();
  }
  helper_thread(const helper_thread&) = delete;
  helper_thread& operator=(const helper_thread&) = delete;

  /// Waits until the thread sleeps in the kernel, or has finished. All channels of the contract do sleep.
  const helper_thread& asleep() const {
    self_->await_asleep(30s);
    return *this;
  }
  bool finished() const noexcept { return self_->finished(); }
  void join() { threads_.join(); }

private:
  thread_group threads_;
  const worker* self_;
};

}  // namespace sluice::contract
