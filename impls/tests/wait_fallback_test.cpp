// The wait primitives of systems without a futex, compiled here on every system.
#define SLUICE_NO_FUTEX
#include <sluice/mpmc.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

static_assert(SLUICE_HAS_FUTEX == 0);

namespace {

TEST(wait_fallback, wakes_and_times_out) {
  using namespace std::chrono_literals;
  for (const std::size_t capacity : {0u, 1u, 64u}) {
    auto [tx, rx] = sluice::mpmc::bounded<int>(capacity);
    EXPECT_FALSE(rx.recv_for(2ms));
    long sum = 0;
    std::jthread consumer([&, mine = rx.clone()]() mutable {
      for (int message : mine) sum += message;
    });
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < 3; ++p) {
        producers.emplace_back([mine = tx.clone()]() mutable {
          for (int i = 0; i < 2000; ++i) (void)mine.send(1);
        });
      }
    }
    tx.reset();
    consumer.join();
    EXPECT_EQ(sum, 6000);
  }
}

}  // namespace
