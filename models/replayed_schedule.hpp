#pragma once

#include <models/schedule.hpp>
#include <models/strategy.hpp>

#include <cstddef>
#include <utility>

namespace sluice::models {

/// One execution with given choices; 0 after their end, and where there are too few alternatives.
class replayed_schedule final : public strategy {
public:
  explicit replayed_schedule(schedule choices) noexcept : choices_(std::move(choices)) {}

  void begin() override { position_ = 0; }
  unsigned next(const scheduling_point& t) override { return at(t.count()); }
  unsigned pick(choice_kind, unsigned count) override { return at(count); }
  bool more() override { return false; }

private:
  unsigned at(unsigned count) {
    if (count < 2 || position_ >= choices_.size()) return 0;
    const unsigned wanted = choices_[position_++].taken;
    return wanted < count ? wanted : 0;
  }

  schedule choices_;
  std::size_t position_ = 0;
};

}  // namespace sluice::models
