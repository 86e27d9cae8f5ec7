#pragma once

#include <models/step_log.hpp>
#include <models/strategies/thread_choice.hpp>

#include <array>
#include <cstdint>

namespace sluice::models {

/// POS: each next step has a random priority, and the highest is made; steps that conflict with it get new ones (Yuan,
/// Yang, Gu, Partial Order Aware Concurrency Sampling, CAV 2018). So the order of steps that do not conflict, which
/// matters to no outcome, does not use up the randomness.
class pos final : public thread_choice {
public:
  void begin(harness::draws&) override { drawn_for_.fill(none); }

  unsigned choose(const scheduling_point& t, harness::draws& draw) override {
    unsigned best = 0;
    for (unsigned i = 0; i < t.runnable; ++i) {
      const std::size_t thread = t.threads[i];
      const std::uint64_t number = steps_of_threads.next_of(thread).number;
      // Others may spin until this thread goes on, so no step is passed over for ever.
      if (drawn_for_[thread] != number || ++passed_over_[thread] == patience) {
        drawn_for_[thread] = number;
        priority_[thread] = draw.next();
        passed_over_[thread] = 0;
      }
      if (priority_[thread] > priority_[t.threads[best]]) best = i;
    }
    const step& made = steps_of_threads.next_of(t.threads[best]);
    drawn_for_[t.threads[best]] = none;
    for (unsigned i = 0; i < t.runnable; ++i) {
      if (conflict(steps_of_threads.next_of(t.threads[i]), made)) drawn_for_[t.threads[i]] = none;
    }
    return best;
  }

private:
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  static constexpr unsigned patience = 64;

  std::array<std::uint64_t, most_threads> drawn_for_{};  ///< the number of the step that the priority was drawn for
  std::array<std::uint64_t, most_threads> priority_{};
  std::array<unsigned, most_threads> passed_over_{};
};

}  // namespace sluice::models
