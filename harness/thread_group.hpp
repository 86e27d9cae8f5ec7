#pragma once

#include <harness/kernel.hpp>
#include <harness/watchdog.hpp>
#include <harness/worker.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::harness {

/// Threads that start together and are watched until all have finished.
class thread_group {
public:
  explicit thread_group(watchdog& dog) : dog_(dog) {}

  /// \returns  the worker, valid as long as the thread_group.
  worker& add(std::string role, std::move_only_function<void(worker&)> job) {
    jobs_.push_back(std::move(job));
    return workers_.emplace_back(std::move(role));
  }

  /// Starts every thread; none begins its job before all are started.
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
        // What a job captures is destroyed with it, as a thread's own handles are.
        std::exchange(jobs_[i], nullptr)(self);
        self.finished_.store(true, std::memory_order::release);
      });
    }
  }

  void join() {
    dog_.main_waits();
    threads_.clear();
    dog_.watch_over({});
  }

  void run() {
    start();
    join();
  }

  ~thread_group() { join(); }

private:
  watchdog& dog_;
  std::deque<worker> workers_;
  std::deque<std::move_only_function<void(worker&)>> jobs_;
  std::optional<std::latch> gate_;
  std::vector<std::jthread> threads_;
};

}  // namespace sluice::harness
