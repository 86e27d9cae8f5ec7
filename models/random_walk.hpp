#pragma once

#include <models/search_mix.hpp>
#include <models/strategies/forced_reads.hpp>
#include <models/strategies/pct.hpp>
#include <models/strategies/pos.hpp>
#include <models/strategies/surw.hpp>
#include <models/strategies/thread_choice.hpp>
#include <models/strategy.hpp>

#include <harness/draws.hpp>

#include <array>
#include <cstdint>

namespace sluice::models {

/// Random choices. Each execution draws from a mix how it chooses threads and loads.
///
/// Loads are `even`, stale in half of the cases, or keep to the thread's `own_view`, stale but for a few, so that a
/// thread learns of another's writes late (after PCTWM: Gao et al., Probabilistic Concurrency Testing for Weak Memory
/// Programs, ASPLOS 2023). In half of the executions, timeouts can fire at any step; in the rest only when no thread
/// can run, so that they cannot hide a lost wake-up.
class random_walk final : public strategy {
public:
  /// \param seed  the seed of the first execution; each further one has the next. Some ways to choose learn from the
  ///              executions before, so an execution also depends on how many there were.
  random_walk(std::uint64_t seed, std::uint64_t executions, const search_mix& mix = search_mix::usual) noexcept
      : seed_(seed), left_(executions), mix_(mix) {}

  void begin() override {
    draw_ = harness::draws(seed_++);
    --left_;
    threads_ = choices_[harness::drawn_by_share(mix_.threads, draw_)];
    stale_ = stale_in_16[harness::drawn_by_share(mix_.loads, draw_)];
    early_timeouts_ = draw_(2) != 0;
    threads_->begin(draw_);
  }

  unsigned next(const scheduling_point& t) override {
    if (t.expiring != 0 && (t.runnable == 0 || (early_timeouts_ && draw_(8) == 0))) {
      return t.runnable + draw_(t.expiring);
    }
    if (t.spurious != 0 && draw_(16) == 0) return t.runnable + t.expiring + draw_(t.spurious);
    return threads_->choose(t, draw_);
  }

  unsigned pick(choice_kind about, unsigned count) override {
    switch (about) {
      case choice_kind::staleness: return draw_(16) < stale_;
      case choice_kind::failure:
      case choice_kind::reuse: return draw_(4) == 0;
      default: return draw_(count);
    }
  }

  bool more() override {
    threads_->end();
    return left_ != 0;
  }

private:
  static constexpr std::array<unsigned, search_mix::load_names.size()> stale_in_16{8, 15};

  std::uint64_t seed_;
  std::uint64_t left_;
  search_mix mix_;
  harness::draws draw_;
  bool early_timeouts_ = false;
  unsigned stale_ = 0;
  uniform_choice uniform_;
  pct pct_;
  pos pos_;
  surw surw_;
  forced_reads forced_reads_;
  std::array<thread_choice*, search_mix::thread_names.size()> choices_{&uniform_, &pct_, &pos_, &surw_, &forced_reads_};
  thread_choice* threads_ = &uniform_;
};

}  // namespace sluice::models
