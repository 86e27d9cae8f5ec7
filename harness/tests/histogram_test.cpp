#include <harness/bench/histogram.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace sluice::bench {
namespace {

TEST(histogram, percentiles_are_within_three_percent) {
  histogram h;
  for (std::uint64_t i = 1; i <= 100000; ++i) h.record(i);
  EXPECT_NEAR(h.percentile(0.5), 50000, 1500);
  EXPECT_NEAR(h.percentile(0.99), 99000, 2970);
  EXPECT_NEAR(h.percentile(0.999), 99900, 2997);
}

TEST(histogram, small_values_are_exact) {
  histogram h;
  for (std::uint64_t value : {3u, 3u, 3u, 31u}) h.record(value);
  EXPECT_EQ(h.percentile(0.5), 3);
  EXPECT_EQ(h.percentile(0.99), 31);
}

TEST(histogram, takes_the_largest_value) {
  histogram h;
  h.record(~std::uint64_t{0});
  EXPECT_NEAR(h.percentile(1), 1.8446744e19, 1e18);
}

}  // namespace
}  // namespace sluice::bench
