#pragma once

#include <models/random_walk.hpp>
#include <models/strategy.hpp>
#include <models/suite.hpp>

#include <harness/draws.hpp>
#include <harness/generate.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::models {

/// Random scenarios, with some random executions of each.
class random_scenarios final : public strategy {
public:
  random_scenarios(const core_traits& traits, std::vector<std::string> capacities, std::uint64_t seed,
                   std::uint64_t scenarios, std::size_t threads)
      : traits_(traits), capacities_(std::move(capacities)), draw_(seed), left_(scenarios), threads_(threads) {}

  void begin() override {
    if (in_scenario_ == 0) {
      do {
        const auto capacity = harness::parse_capacity(capacities_[draw_(static_cast<unsigned>(capacities_.size()))]);
        running_ = harness::any_scenario(traits_, capacity, draw_);
      } while (running_.threads.size() != threads_ || !harness::within(traits_, running_));
      current_execution.prepare(running_, traits_);
      walk_.emplace(draw_.next(), each);
      --left_;
    }
    walk_->begin();
  }
  unsigned next(const scheduling_point& t) override { return walk_->next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return walk_->pick(about, count); }
  bool more() override {
    (void)walk_->more();
    in_scenario_ = (in_scenario_ + 1) % each;
    return in_scenario_ != 0 || left_ != 0;
  }

  static constexpr std::uint64_t each = 50;  ///< executions per scenario
  const harness::scenario& running() const noexcept { return running_; }

private:
  core_traits traits_;
  std::vector<std::string> capacities_;
  harness::draws draw_;
  std::uint64_t left_;
  std::size_t threads_;
  harness::scenario running_;
  std::optional<random_walk> walk_;
  std::uint64_t in_scenario_ = 0;
};

}  // namespace sluice::models
