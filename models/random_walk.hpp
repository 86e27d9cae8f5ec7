#pragma once

#include <models/strategy.hpp>

#include <harness/draws.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

namespace sluice::models {

/// Random choices. Half of the executions choose threads uniformly; the other half follow PCT (Burckhardt et al.,
/// ASPLOS 2010): random priorities, lowered at a few random steps, which finds bugs of small depth faster. In half of
/// either, timeouts can fire at any step; in the rest only when no thread can run, so that they cannot hide a lost
/// wake-up.
class random_walk final : public strategy {
public:
  /// \param seed  the seed of the first execution; each further one has the next.
  random_walk(std::uint64_t seed, std::uint64_t executions) noexcept : seed_(seed), left_(executions) {}

  void begin() override {
    draw_ = harness::draws(seed_++);
    --left_;
    by_priority_ = draw_(2) != 0;
    early_timeouts_ = draw_(2) != 0;
    step_ = 0;
    lowest_ = -static_cast<int>(changes);
    if (by_priority_) set_priorities();
  }

  unsigned next(const scheduling_point& t) override {
    if (t.expiring != 0 && (t.runnable == 0 || (early_timeouts_ && draw_(8) == 0))) {
      return t.runnable + draw_(t.expiring);
    }
    if (t.spurious != 0 && draw_(16) == 0) return t.runnable + t.expiring + draw_(t.spurious);
    return by_priority_ ? highest(t) : draw_(t.runnable);
  }

  unsigned pick(choice_kind about, unsigned count) override {
    switch (about) {
      case choice_kind::staleness: return draw_(2);
      case choice_kind::failure:
      case choice_kind::reuse: return draw_(4) == 0;
      default: return draw_(count);
    }
  }

  bool more() override { return left_ != 0; }

private:
  static constexpr std::size_t changes = 3;

  void set_priorities() {
    std::iota(priority_.begin(), priority_.end(), 0);
    for (unsigned i = scheduling_point::most - 1; i > 0; --i) std::swap(priority_[i], priority_[draw_(i + 1)]);
    // The length of an execution is not known in advance, so a short or long horizon is drawn.
    const unsigned horizon = 8u << draw_(6);
    for (auto& at : change_at_) at = draw_(horizon) + 1;
    last_ = scheduling_point::most;
  }

  unsigned highest(const scheduling_point& t) {
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

  void lower() {
    if (last_ != scheduling_point::most) priority_[last_] = --lowest_;
  }

  std::uint64_t seed_;
  std::uint64_t left_;
  harness::draws draw_;
  bool by_priority_ = false;
  bool early_timeouts_ = false;
  unsigned step_ = 0;
  int lowest_ = 0;
  std::size_t last_ = scheduling_point::most;
  std::array<int, scheduling_point::most> priority_{};
  std::array<unsigned, changes> change_at_{};
};

}  // namespace sluice::models
