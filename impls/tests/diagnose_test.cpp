// The diagnosis of a receive that waits for a forgotten sender.
#define SLUICE_DIAGNOSE
#include <sluice/mpmc.hpp>
#include <sluice/oneshot.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::vector<std::string>& accounts() {
  static std::vector<std::string> told;
  return told;
}

std::string place(int line) { return std::string(__FILE__) + ":" + std::to_string(line); }

struct diagnosis : testing::Test {
  diagnosis() {
    accounts().clear();
    sluice::diagnosis::report_after = 20ms;
    sluice::diagnosis::report = [](std::string_view account) { accounts().emplace_back(account); };
  }
};

TEST_F(diagnosis, names_the_channel_and_each_living_sender) {
  auto [tx, rx] = sluice::mpmc::bounded<int>(8);
  const std::string made = place(__LINE__ - 1);
  auto first = tx.clone();
  const std::string cloned = place(__LINE__ - 1);
  auto second = tx.clone();
  second.reset();
  auto moved = std::move(first);
  EXPECT_FALSE(rx.recv_for(60ms));
  ASSERT_EQ(accounts().size(), 1u);
  EXPECT_EQ(accounts()[0],
            "sluice: a receive has waited 20 ms on the channel made at " + made +
                " (capacity 8, 0 buffered). It ends with a message, or when these senders disconnect:\n" +
                "  made at " + made + "\n  made at " + cloned + "\n");
}

TEST_F(diagnosis, is_silent_while_all_is_well) {
  auto [tx, rx] = sluice::mpmc::unbounded<int>();
  EXPECT_FALSE(rx.recv_for(5ms));
  ASSERT_TRUE(tx.send(1));
  EXPECT_EQ(rx.recv(), 1);
  tx.reset();
  EXPECT_FALSE(rx.recv());
  EXPECT_TRUE(accounts().empty());
}

TEST_F(diagnosis, goes_on_waiting_and_speaks_once) {
  auto [tx, rx] = sluice::oneshot::channel<int>();
  std::jthread late([&] {
    std::this_thread::sleep_for(80ms);  // longer than report_after
    (void)tx.send(7);
  });
  EXPECT_EQ(rx.recv(), 7);
  EXPECT_EQ(accounts().size(), 1u);
}

}  // namespace
