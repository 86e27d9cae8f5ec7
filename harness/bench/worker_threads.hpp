#pragma once

#include <harness/bench/probe.hpp>
#include <harness/bench/sample.hpp>

#include <cstddef>
#include <cstdint>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::bench {

/// Threads that start together; if pinned, the n-th runs on the n-th processor.
class worker_threads {
public:
  worker_threads(std::size_t threads, bool pinned)
      : pinned_(pinned), ready_(static_cast<std::ptrdiff_t>(threads + 1)) {}

  /// \param job  called once all threads are ready.
  template <class Job>
  void add(Job job) {
    threads_.emplace_back([this, n = threads_.size(), job = std::move(job)]() mutable {
      if (pinned_) pin(n);
      ready_.count_down();
      go_.wait();
      job();
    });
  }

  /// Starts the jobs, and waits for the last to return.
  sample run(std::uint64_t messages) {
    ready_.arrive_and_wait();
    const span timed;
    go_.count_down();
    threads_.clear();
    return timed.finish(messages);
  }

private:
  bool pinned_;
  std::latch ready_;
  std::latch go_{1};
  std::vector<std::jthread> threads_;
};

}  // namespace sluice::bench
