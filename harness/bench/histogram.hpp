#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::bench {

/// Counts of durations in log-linear buckets: 32 to each power of two, so a percentile is within 3 % of the truth.
class histogram {
public:
  void record(std::uint64_t nanoseconds) noexcept {
    ++counts_[bucket(nanoseconds)];
    ++total_;
  }

  /// The duration, in nanoseconds, that this fraction of all durations does not exceed; 0 if there are none.
  double percentile(double fraction) const noexcept {
    const auto rank = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (below > rank || (below == total_ && below != 0)) return middle(i);
    }
    return 0;
  }

private:
  static constexpr unsigned bits = 5;
  static constexpr std::size_t steps = std::size_t{1} << bits;

  static std::size_t bucket(std::uint64_t value) noexcept {
    if (value < steps) return value;
    const auto magnitude = static_cast<unsigned>(std::bit_width(value)) - 1 - bits;
    return (magnitude + 1) * steps + ((value >> magnitude) - steps);
  }

  static double middle(std::size_t index) noexcept {
    if (index < steps) return static_cast<double>(index);
    const std::size_t magnitude = index / steps - 1;
    const double width = static_cast<double>(std::uint64_t{1} << magnitude);
    return static_cast<double>(index % steps + steps) * width + width / 2;
  }

  std::array<std::uint64_t, (64 - bits + 1) * steps> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace sluice::bench
