#pragma once

#include <harness/kernel.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <time.h>

namespace sluice::harness {

/// One thread of a check: records what the thread does, for the watchdog's report.
class worker {
public:
  explicit worker(std::string role) : role_(std::move(role)) {}

  /// Records what the thread is about to do. The text must outlive the worker: use a literal.
  void about_to(const char* what) noexcept {
    doing_.store(what, std::memory_order::relaxed);
    steps_.fetch_add(1, std::memory_order::relaxed);
  }
  template <class Name>
  void about_to(Name name) noexcept {
    about_to(std::string_view(to_string(name)).data());
  }

  /// Waits until the thread sleeps in the kernel or has finished; for tests that need a parked peer.
  ///
  /// A channel that spins never sleeps, so this gives up after `limit`. Only how much a test covers may depend on that,
  /// never its verdict.
  ///
  /// \returns  whether it was seen asleep.
  bool await_asleep(std::chrono::milliseconds limit = std::chrono::milliseconds(100)) const {
    const auto end = std::chrono::steady_clock::now() + limit;
    int times_asleep = 0;
    while (std::chrono::steady_clock::now() < end && !finished()) {
      times_asleep = asleep() ? times_asleep + 1 : 0;
      if (times_asleep == 3) return true;
      std::this_thread::yield();
    }
    return false;
  }

  /// The calling thread is this worker's.
  void adopt_this_thread() noexcept {
    thread_id_.store(kernel::this_thread(), std::memory_order::release);
    started_.store(true, std::memory_order::release);
  }

  /// Sends the thread a signal, if it runs.
  void interrupt([[maybe_unused]] int signal) const noexcept {
    const kernel::thread_id thread = thread_id_.load(std::memory_order::acquire);
    if (thread != 0 && !finished()) kernel::signal(thread, signal);
  }

  bool finished() const noexcept { return finished_.load(std::memory_order::acquire); }

  /// Processor time that the calling thread has used so far.
  static std::chrono::nanoseconds cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }

private:
  friend class thread_group;
  friend class watchdog;

  bool asleep() const {
    return started_.load(std::memory_order::acquire) && kernel::asleep(thread_id_.load(std::memory_order::acquire));
  }

  std::string describe() const {
    if (finished()) return role_ + ": finished";
    const char* const doing = doing_.load(std::memory_order::relaxed);
    std::string text = role_ + (doing ? std::string(": in ") + doing : ": before its first operation");
    if (asleep()) text += ", asleep";
    return text;
  }

  std::string role_;
  std::atomic<const char*> doing_{nullptr};
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<kernel::thread_id> thread_id_{0};
  std::atomic<bool> started_{false};
  std::atomic<bool> finished_{false};
};

}  // namespace sluice::harness
