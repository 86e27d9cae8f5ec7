#include <sluice/cores/mutex.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;

// What must and what must not compile.
using any_sender = mpmc::sender<std::unique_ptr<int>>;
using any_receiver = mpmc::receiver<std::unique_ptr<int>>;
static_assert(!std::is_copy_constructible_v<any_sender> && !std::is_copy_assignable_v<any_sender>);
static_assert(!std::is_copy_constructible_v<any_receiver> && !std::is_copy_assignable_v<any_receiver>);
static_assert(std::is_nothrow_move_constructible_v<any_sender> && std::is_nothrow_move_constructible_v<any_receiver>);
template <class R>
concept clonable = requires(const R& r) { r.clone(); };
static_assert(clonable<any_receiver> && !clonable<mpsc::receiver<int>> && clonable<mpsc::sender<int>>);
static_assert(std::input_iterator<any_receiver::iterator> && std::ranges::input_range<any_receiver>);
struct throwing_move {
  throwing_move(throwing_move&&) noexcept(false) {}
};
static_assert(!message<throwing_move> && !message<int&> && message<std::unique_ptr<int>>);

TEST(handles, a_moved_from_handle_holds_no_count) {
  auto [tx, rx] = mpsc::channel<int>();
  auto other = std::move(tx);
  EXPECT_FALSE(tx);
  other = mpsc::channel<int>().first;
  EXPECT_EQ(rx.recv().error(), recv_error::disconnected);
}

TEST(handles, a_failed_send_gives_the_message_back) {
  auto [tx, rx] = mpsc::sync_channel<std::unique_ptr<int>>(1);
  ASSERT_TRUE(tx.send(std::make_unique<int>(1)));
  auto full = tx.try_send(std::make_unique<int>(2));
  ASSERT_FALSE(full);
  EXPECT_TRUE(full.error().full());
  EXPECT_EQ(*full.error().value, 2);
  auto late = tx.send_for(std::move(full.error().value), 1ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, send_timeout_reason::timeout);
  rx.reset();
  auto refused = tx.send(std::move(late.error().value));
  ASSERT_FALSE(refused);
  EXPECT_EQ(*refused.error().value, 2);
}

TEST(handles, the_facades_choose_by_capacity) {
  EXPECT_EQ(mpsc::channel<int>().first.capacity(), std::nullopt);
  EXPECT_EQ(mpsc::sync_channel<int>(0).first.capacity(), 0u);
  EXPECT_EQ(mpmc::bounded<int>(5).second.capacity(), 5u);
  auto [tx, rx] = mpmc::bounded<int>(0);
  EXPECT_TRUE(tx.try_send(1).error().full());
  EXPECT_TRUE(tx.empty() && tx.full());
}

TEST(handles, same_channel_means_what_it_says) {
  auto [tx, rx] = mpmc::unbounded<int>();
  auto [other_tx, other_rx] = mpmc::unbounded<int>();
  EXPECT_TRUE(tx.same_channel(tx.clone()) && rx.same_channel(rx.clone()));
  EXPECT_FALSE(tx.same_channel(other_tx) || rx.same_channel(other_rx));
}

TEST(iteration, ends_when_drained_and_disconnected) {
  auto [tx, rx] = mpsc::channel<std::string>();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tx.send(std::to_string(i)));
  tx.reset();
  std::string all;
  for (std::string message : rx) all += message;
  EXPECT_EQ(all, "012");
  EXPECT_TRUE(rx.begin() == rx.end());
}

TEST(iteration, leaving_early_keeps_the_rest) {
  auto [tx, rx] = mpsc::channel<int>();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(tx.send(i));
  for (int message : rx) {
    if (message == 1) break;
  }
  EXPECT_EQ(rx.recv().value(), 2);
  auto it = rx.begin();
  for (int again = 0; again < 3; ++again) EXPECT_FALSE(it == rx.end());
  EXPECT_EQ(*it, 3);
  EXPECT_TRUE(rx.empty());
}

TEST(iteration, try_iter_stops_at_empty_and_resumes) {
  auto [tx, rx] = mpsc::channel<int>();
  std::vector<int> got;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(tx.send(round));
    for (int message : rx.try_iter()) got.push_back(message);
  }
  EXPECT_EQ(got, (std::vector{0, 1}));
}

TEST(iteration, works_with_views) {
  auto [tx, rx] = mpsc::channel<int>();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(tx.send(i));
  int sum = 0;
  for (int message : rx | std::views::filter([](const int& m) { return m % 2 == 1; }) | std::views::take(3))
    sum += message;
  EXPECT_EQ(sum, 1 + 3 + 5);
}

TEST(capacity, beyond_memory_is_told_apart) {
  try {
    (void)mpmc::bounded<int>(std::numeric_limits<std::size_t>::max());
    FAIL() << "no such channel can be";
  } catch (const std::length_error& error) {
    EXPECT_NE(std::string(error.what()).find("a capacity of 18446744073709551615 is beyond memory"), std::string::npos);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer's operator new ends the process where the standard's throws.
  EXPECT_THROW((void)mpmc::bounded<int>(std::size_t{1} << 50), std::bad_alloc);
#endif
  EXPECT_THROW((void)make_channel<cores::mutex<int>>(std::size_t{0}), std::length_error);
}

TEST(deadlines, neither_far_nor_past_ones_overflow) {
  auto [tx, rx] = mpsc::sync_channel<int>(1);
  EXPECT_EQ(rx.recv_for(std::chrono::hours::min()).error(), recv_timeout_error::timeout);
  EXPECT_EQ(rx.recv_until(std::chrono::system_clock::time_point::min()).error(), recv_timeout_error::timeout);
  ASSERT_TRUE(tx.send_until(1, std::chrono::system_clock::time_point::max()));
  EXPECT_EQ(rx.recv_for(0s).value(), 1);
  tx.reset();
  EXPECT_EQ(rx.recv_for(std::chrono::duration<double>(1e300)).error(), recv_timeout_error::disconnected);
}

TEST(messages, over_aligned_and_large_ones_travel) {
  struct alignas(1024) aligned {
    int value;
  };
  struct large {
    std::uint64_t words[4096];
  };
  auto [tx, rx] = mpmc::bounded<aligned>(3);
  ASSERT_TRUE(tx.send(aligned{7}));
  const auto got = rx.recv();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->value, 7);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&*got) % 1024, 0u);
  auto [large_tx, large_rx] = mpsc::channel<large>();
  ASSERT_TRUE(large_tx.send(large{.words = {1, 2, 3}}));
  EXPECT_EQ(large_rx.recv()->words[2], 3u);
}

TEST(messages, may_use_their_own_channel_as_they_die) {
  struct echo {
    mpmc::sender<echo>* channel;
    int* refused;
    echo(mpmc::sender<echo>* c, int* r) noexcept : channel(c), refused(r) {}
    echo(echo&& other) noexcept : channel(std::exchange(other.channel, nullptr)), refused(other.refused) {}
    ~echo() {
      if (channel && !channel->try_send(echo(nullptr, nullptr))) ++*refused;
    }
  };
  for (int capacity = -1; capacity < 4; capacity += 2) {
    int refused = 0;
    auto [tx, rx] = capacity < 0 ? mpmc::unbounded<echo>() : mpmc::bounded<echo>(static_cast<std::size_t>(capacity));
    ASSERT_TRUE(tx.send(echo(&tx, &refused)));
    rx.reset();
    EXPECT_EQ(refused, 1);
  }
}

TEST(messages, may_hold_senders_of_their_own_channel) {
  struct linked {
    std::vector<mpmc::sender<linked>> senders;
  };
  auto [tx, rx] = mpmc::unbounded<linked>();
  linked message;
  message.senders.push_back(tx.clone());
  ASSERT_TRUE(tx.send(std::move(message)));
  tx.reset();
  rx.reset();
}

TEST(handles, channels_travel_through_channels) {
  auto [tx, rx] = mpmc::unbounded<mpmc::receiver<int>>();
  auto [inner_tx, inner_rx] = mpmc::bounded<int>(1);
  ASSERT_TRUE(tx.send(std::move(inner_rx)));
  ASSERT_TRUE(inner_tx.send(5));
  EXPECT_EQ(rx.recv()->recv().value(), 5);
  EXPECT_FALSE(inner_tx.send(6));
}

}  // namespace
}  // namespace sluice
