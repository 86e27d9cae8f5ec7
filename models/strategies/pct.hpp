#pragma once

#include <models/strategies/thread_choice.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

namespace sluice::models {

/// PCT: random priorities, lowered at a few random steps, which finds bugs of small depth (Burckhardt et al., A
/// Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010).
class pct final : public thread_choice {
public:
  void begin(harness::draws& draw) override {
    step_ = 0;
    lowest_ = -static_cast<int>(changes);
    std::iota(priority_.begin(), priority_.end(), 0);
    for (unsigned i = scheduling_point::most - 1; i > 0; --i) std::swap(priority_[i], priority_[draw(i + 1)]);
    // The length of an execution is not known in advance, so a short or long horizon is drawn.
    const unsigned horizon = 8u << draw(6);
    for (auto& at : change_at_) at = draw(horizon) + 1;
    last_ = scheduling_point::most;
  }

  unsigned choose(const scheduling_point& t, harness::draws&) override {
    ++step_;
    if (t.yields) lower();
    if (std::ranges::find(change_at_, step_) != change_at_.end()) lower();
    unsigned best = 0;
    for (unsigned i = 1; i < t.runnable; ++i) {
      if (priority_[t.threads[i]] > priority_[t.threads[best]]) best = i;
    }
    last_ = t.threads[best];
    return best;
  }

private:
  static constexpr std::size_t changes = 3;

  void lower() {
    if (last_ != scheduling_point::most) priority_[last_] = --lowest_;
  }

  unsigned step_ = 0;
  int lowest_ = 0;
  std::size_t last_ = scheduling_point::most;
  std::array<int, scheduling_point::most> priority_{};
  std::array<unsigned, changes> change_at_{};
};

}  // namespace sluice::models
