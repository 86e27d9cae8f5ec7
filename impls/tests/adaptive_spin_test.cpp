#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/platform.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace sluice {
namespace {

using namespace std::chrono_literals;

// A clock that is late makes a spin seem longer, never shorter.
platform::clock::duration time_of_vain_spin(detail::adaptive_spin& spin) {
  const auto fails = [] { return false; };
  const auto start = platform::now();
  EXPECT_FALSE(spin.spin_until(start + 1h, fails, fails));
  return platform::now() - start;
}

TEST(adaptive_spin, yields_for_as_long_as_registering_took) {
  detail::adaptive_spin spin;
  // Vain ones, after which it would go to sleep at once.
  for (int n = 0; n < 10; ++n) (void)time_of_vain_spin(spin);
  EXPECT_TRUE(spin.register_by([] {
    std::this_thread::sleep_for(1ms);
    return true;
  }));
  // A quarter of 255 us, the most that it learns from.
  EXPECT_GE(time_of_vain_spin(spin), 60us);
}

}  // namespace
}  // namespace sluice
