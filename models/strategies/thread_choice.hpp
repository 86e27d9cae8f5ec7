#pragma once

#include <models/strategy.hpp>

#include <harness/draws.hpp>

namespace sluice::models {

/// How a random search chooses among the threads that can run. It may learn from one execution for the next.
class thread_choice {
public:
  thread_choice() = default;
  thread_choice(const thread_choice&) = delete;
  thread_choice& operator=(const thread_choice&) = delete;
  virtual ~thread_choice() = default;

  /// Before an execution.
  virtual void begin(harness::draws&) {}
  /// \returns  less than `t.runnable`, which is not 0.
  virtual unsigned choose(const scheduling_point& t, harness::draws& draw) = 0;
  /// After an execution that passed: each thread has made its next step.
  virtual void end() {}
};

/// Each thread with the same probability.
class uniform_choice final : public thread_choice {
public:
  unsigned choose(const scheduling_point& t, harness::draws& draw) override { return draw(t.runnable); }
};

}  // namespace sluice::models
