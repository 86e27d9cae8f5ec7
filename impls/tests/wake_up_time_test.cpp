#include <sluice/platform.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using platform::wake_up_time;

TEST(wake_up_time, is_the_median_of_recent_ones) {
  // 7 is coprime to 16, so that long and short ones take turns.
  for (int n = 0; n < 4'000; ++n) wake_up_time::note(std::chrono::microseconds(1 + 7 * n % 16));
  EXPECT_GT(wake_up_time::get(), 5us);
  EXPECT_LT(wake_up_time::get(), 12us);
  for (int n = 0; n < 4'000; ++n) wake_up_time::note(std::chrono::microseconds(21 + 7 * n % 16));
  EXPECT_GT(wake_up_time::get(), 24us);
  EXPECT_LT(wake_up_time::get(), 33us);
}

TEST(wake_up_time, is_never_so_long_that_a_stall_decides_it) {
  for (int n = 0; n < 4'000; ++n) wake_up_time::note(1s);
  EXPECT_LE(wake_up_time::get(), 50us);
  for (int n = 0; n < 4'000; ++n) wake_up_time::note(0s);
  EXPECT_GT(wake_up_time::get(), 0us);
}

}  // namespace
}  // namespace sluice
