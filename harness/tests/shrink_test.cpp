#include <harness/generate.hpp>
#include <harness/shrink.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <string>

namespace sluice::harness {
namespace {

const auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::seconds(20); };

std::size_t count(const scenario& p, op_kind kind) {
  std::size_t n = 0;
  for (const auto& ops : p.threads) n += static_cast<std::size_t>(std::ranges::count(ops, kind));
  return n;
}

TEST(shrink, finds_the_smallest_scenario_that_fails) {
  const auto p = parse_scenario(
      "capacity 7: send_for try_send clone_sender send_for drop_sender | recv recv_for try_recv recv | send hold");
  const auto smallest = shrink(
      p, [](const scenario& q) { return count(q, op_kind::try_recv) > 0 && count(q, op_kind::clone_sender) > 0; },
      soon());
  EXPECT_EQ(to_string(smallest), "capacity 1: clone_sender | try_recv");
}

TEST(shrink, leaps_where_no_single_step_leads_on) {
  const auto p = parse_scenario("capacity 1: send recv send recv send recv send recv send recv");
  // Only an odd number of sends, and as many receives, fail.
  const auto fails = [](const scenario& q) {
    return count(q, op_kind::send) % 2 == 1 && count(q, op_kind::send) == count(q, op_kind::recv);
  };
  EXPECT_EQ(shrink(p, fails, soon()).operations(), 2u);
}

TEST(shrink, prefers_plain_operations) {
  const auto p = parse_scenario("capacity 1: send_for | recv_far");
  EXPECT_EQ(to_string(shrink(
                p, [](const scenario& q) { return q.operations() == 2; }, soon())),
            "capacity 1: send | recv");
}

TEST(shrink, keeps_a_scenario_that_can_be_carried_out) {
  const auto p = parse_scenario("capacity 2: clone_sender drop_sender drop_sender | recv recv");
  shrink(
      p,
      [](const scenario& q) {
        for (const auto& ops : q.threads) EXPECT_TRUE(well_formed(ops)) << to_string(q);
        return true;
      },
      soon());
}

TEST(shrink, stops_when_its_time_is_over) {
  const auto p = parse_scenario("capacity 2: send send send");
  EXPECT_EQ(shrink(
                p, [](const scenario&) { return true; }, std::chrono::steady_clock::now()),
            p);
}

TEST(generate, draws_scenarios_that_can_be_carried_out) {
  std::minstd_rand random(5);
  const auto draw = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  const core_traits one_each{.producers = cardinality::one, .consumers = cardinality::one, .timed = false};
  for (int n = 0; n < 20'000; ++n) {
    const core_traits traits = n % 2 == 0 ? core_traits{} : one_each;
    for (const auto& p : {any_scenario(traits, 1, draw), any_sequence(traits, 1, 40, draw)}) {
      for (const auto& ops : p.threads) ASSERT_TRUE(well_formed(ops)) << to_string(p);
      ASSERT_TRUE(within(traits, p)) << to_string(p);
    }
  }
}

TEST(generate, every_small_scenario_comes_once) {
  const std::vector<op_kind> alphabet{op_kind::send, op_kind::recv, op_kind::drop_sender, op_kind::hold};
  const auto lists = every_thread(alphabet, 2);
  // send, recv, drop_sender, hold, and of the 16 pairs those in which nothing follows `hold` or uses a dropped handle.
  EXPECT_EQ(lists.size(), 4u + 10u);
  const scenario_space space(lists, 3);
  EXPECT_EQ(space.size(), 14u * 15u * 16u / 6u);
  std::set<std::string> seen;
  for (std::size_t n = 0; n < space.size(); ++n) {
    auto p = space.at(n, 1);
    std::ranges::sort(p.threads);
    EXPECT_TRUE(seen.insert(to_string(p)).second) << "a twin of " << to_string(p);
  }
}

}  // namespace
}  // namespace sluice::harness
