#pragma once

#include <models/depth_first.hpp>
#include <models/scenario_catalogue.hpp>
#include <models/strategy.hpp>
#include <models/suite.hpp>

#include <harness/draws.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::models {

/// Estimates the number of executions of a depth-first search by random descents, each weighted by the inverse of its
/// probability (Knuth, Estimating the Efficiency of Backtrack Programs, 1975). About as many deviations are drawn as
/// the bound allows, since most executions have that many.
class size_estimate final : public strategy {
public:
  size_estimate(const scenario_catalogue& all, harness::promises held, unsigned bound, std::uint64_t seed,
                std::size_t descents)
      : all_(all), held_(held), bound_(bound), draw_(seed), left_(descents) {}

  void begin() override {
    if (descents_ % each == 0) {
      std::optional<harness::scenario> p;
      do {
        p = all_.at(draw_.next() % all_.size());
        ++drawn_;
      } while (!p);
      current_execution.prepare(*p, held_);
    }
    weight_ = 1;
    spent_ = 0;
    choices_ = 0;
  }
  unsigned next(const scheduling_point& t) override { return at(t.count(), t.free()); }
  unsigned pick(choice_kind about, unsigned count) override {
    return depth_first::never_deviates(about) ? 0 : at(count, depth_first::free(about, count));
  }
  bool more() override {
    sum_ += weight_;
    length_ += (choices_ - length_) / static_cast<double>(++descents_);
    return --left_ != 0;
  }

  /// Executions of the whole catalogue.
  double executions() const noexcept {
    return descents_ == 0 ? 0 : sum_ / each / static_cast<double>(drawn_) * static_cast<double>(all_.size());
  }

private:
  unsigned at(unsigned count, unsigned free) {
    if (count < 2) return 0;
    ++choices_;
    const bool may_deviate = count > free && spent_ < bound_;
    if (may_deviate) {
      constexpr unsigned whole = 1u << 16;
      const auto odds = static_cast<unsigned>(std::clamp(bound_ / (length_ + 1), 0.001, 0.5) * whole);
      if (draw_(whole) < odds) {
        weight_ *= static_cast<double>(whole) / odds * (count - free);
        ++spent_;
        return free + draw_(count - free);
      }
      weight_ *= static_cast<double>(whole) / (whole - odds);
    }
    weight_ *= free;
    return draw_(free);
  }

  static constexpr std::uint64_t each = 10;  // descents per scenario

  const scenario_catalogue& all_;
  harness::promises held_;
  unsigned bound_;
  harness::draws draw_;
  std::size_t left_;
  std::uint64_t drawn_ = 0;
  std::uint64_t descents_ = 0;
  double sum_ = 0;
  double weight_ = 1;
  double length_ = 20;  ///< choices of an execution, on average so far
  double choices_ = 0;
  unsigned spent_ = 0;
};

}  // namespace sluice::models
