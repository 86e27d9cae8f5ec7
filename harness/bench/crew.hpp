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

/// Threads that start together. The n-th is kept on the n-th processor, if they are to be pinned.
class crew {
public:
  crew(std::size_t threads, bool pinned) : pinned_(pinned), ready_(static_cast<std::ptrdiff_t>(threads + 1)) {}

  /// \param job  called once all stand ready.
  template <class Job>
  void add(Job job) {
    threads_.emplace_back([this, n = threads_.size(), job = std::move(job)]() mutable {
      if (pinned_) pin(n);
      ready_.count_down();
      go_.wait();
      job();
    });
  }

  /// Lets them go, and waits for the last.
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
