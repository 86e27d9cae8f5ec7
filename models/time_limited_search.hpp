#pragma once

#include <models/depth_first.hpp>
#include <models/schedule.hpp>
#include <models/strategy.hpp>

#include <chrono>

namespace sluice::models {

/// A depth-first search that is interrupted after a time limit.
class time_limited_search final : public strategy {
public:
  /// \param seconds  0: no limit.
  time_limited_search(unsigned bound, const schedule& from, double seconds)
      : search_(bound, nullptr, from), seconds_(seconds) {}

  void begin() override { search_.begin(); }
  unsigned next(const scheduling_point& t) override { return search_.next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return search_.pick(about, count); }
  bool more() override {
    if (!search_.more() || search_.diverged()) return false;
    interrupted_ = is_over(start_, seconds_);
    return !interrupted_;
  }

  bool interrupted() const noexcept { return interrupted_; }
  const depth_first& search() const noexcept { return search_; }

  static bool is_over(std::chrono::steady_clock::time_point start, double seconds) {
    return seconds > 0 && std::chrono::steady_clock::now() - start > std::chrono::duration<double>(seconds);
  }

private:
  depth_first search_;
  double seconds_;
  bool interrupted_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::models
