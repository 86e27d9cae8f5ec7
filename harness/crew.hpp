#pragma once

#include <harness/kernel.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <latch>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::harness {

/// One thread of a check: what it does now, for the watchdog to tell.
class worker {
public:
  explicit worker(std::string role) : role_(std::move(role)) {}

  /// Says what the thread is about to do. The text must outlive the worker: a literal.
  void about_to(const char* what) noexcept {
    doing_.store(what, std::memory_order::relaxed);
    steps_.fetch_add(1, std::memory_order::relaxed);
  }
  template <class Name>
  void about_to(Name name) noexcept {
    about_to(std::string_view(to_string(name)).data());
  }

  /// Waits until the thread sleeps in the kernel or has finished; for tests that want their peers parked.
  ///
  /// An implementation that spins never sleeps, so this gives up after a while; nothing may rest on it then but how
  /// deep the test reaches.
  void await_asleep(std::chrono::milliseconds patience = std::chrono::milliseconds(100)) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    int looks_asleep = 0;
    while (std::chrono::steady_clock::now() < end && !finished()) {
      looks_asleep = asleep() ? looks_asleep + 1 : 0;
      if (looks_asleep == 3) return;
      std::this_thread::yield();
    }
  }

  bool finished() const noexcept { return finished_.load(std::memory_order::acquire); }

  /// Processor time that the thread has used so far.
  static std::chrono::nanoseconds cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }

private:
  friend class crew;
  friend class watchdog;

  bool asleep() const {
    return started_.load(std::memory_order::acquire) && kernel::asleep(thread_id_.load(std::memory_order::acquire));
  }

  std::string describe() const {
    if (finished()) return role_ + ": finished";
    std::string text = role_ + ": in " + doing_.load(std::memory_order::relaxed);
    if (asleep()) text += ", asleep";
    return text;
  }

  std::string role_;
  std::atomic<const char*> doing_{"start"};
  std::atomic<std::uint64_t> steps_{0};
  std::atomic<kernel::thread_id> thread_id_{0};
  std::atomic<bool> started_{false};
  std::atomic<bool> finished_{false};
};

/// Ends the process with a readable account if a check makes no progress.
class watchdog {
public:
  using on_hang = std::function<void(const std::string& account)>;

  /// \param report  gets the account of who waits on what; the process ends with exit code 1 after it.
  watchdog(std::chrono::seconds patience, on_hang report)
      : patience_(patience), report_(std::move(report)), thread_([this](std::stop_token stop) { watch(stop); }) {}

  /// Watches over the thread that runs a check, from here on; nullptr: over nobody.
  void watch_over_main(const worker* main) {
    std::scoped_lock guard(mutex_);
    main_ = main;
    seen_moving();
  }

  /// Watches over the workers of a crew, from here on; an empty list ends it.
  void watch_over(std::vector<const worker*> workers) {
    std::scoped_lock guard(mutex_);
    workers_ = std::move(workers);
    seen_moving();
  }

private:
  void watch(std::stop_token stop) {
    std::unique_lock guard(mutex_);
    while (!stop.stop_requested()) {
      changed_.wait_for(guard, stop, std::chrono::milliseconds(200), [] { return false; });
      if (steps_of_all() != steps_) seen_moving();
      if (std::chrono::steady_clock::now() - since_ < patience_ || (!main_ && workers_.empty())) continue;
      std::ostringstream account;
      account << "no progress for " << patience_.count() << " s:\n";
      if (workers_.empty()) account << "  " << main_->describe() << "\n";
      for (const worker* w : workers_) account << "  " << w->describe() << "\n";
      report_(account.str());
      std::_Exit(1);
    }
  }

  std::uint64_t steps_of_all() const {
    std::uint64_t sum = 0;
    for (const worker* w : workers_) sum += w->steps_.load(std::memory_order::relaxed);
    return sum;
  }

  void seen_moving() {
    steps_ = steps_of_all();
    since_ = std::chrono::steady_clock::now();
  }

  const std::chrono::seconds patience_;
  const on_hang report_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  const worker* main_ = nullptr;
  std::vector<const worker*> workers_;
  std::uint64_t steps_ = 0;
  std::chrono::steady_clock::time_point since_;
  std::jthread thread_;
};

/// Threads that start together and are watched over until all have finished.
class crew {
public:
  explicit crew(watchdog& dog) : dog_(dog) {}

  /// \returns  the worker, valid as long as the crew.
  worker& add(std::string role, std::move_only_function<void(worker&)> job) {
    jobs_.push_back(std::move(job));
    return workers_.emplace_back(std::move(role));
  }

  /// Starts every thread; none begins its job before all are there.
  void start() {
    std::vector<const worker*> watched;
    for (const worker& w : workers_) watched.push_back(&w);
    dog_.watch_over(std::move(watched));
    gate_.emplace(static_cast<std::ptrdiff_t>(workers_.size()));
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      threads_.emplace_back([this, i] {
        worker& self = workers_[i];
        self.thread_id_.store(kernel::this_thread(), std::memory_order::release);
        gate_->arrive_and_wait();
        self.started_.store(true, std::memory_order::release);
        // What a job holds goes with it, as a thread's own handles do.
        std::exchange(jobs_[i], nullptr)(self);
        self.finished_.store(true, std::memory_order::release);
      });
    }
  }

  void join() {
    threads_.clear();
    dog_.watch_over({});
  }

  void run() {
    start();
    join();
  }

  ~crew() { join(); }

private:
  watchdog& dog_;
  std::deque<worker> workers_;
  std::deque<std::move_only_function<void(worker&)>> jobs_;
  std::optional<std::latch> gate_;
  std::vector<std::jthread> threads_;
};

}  // namespace sluice::harness
