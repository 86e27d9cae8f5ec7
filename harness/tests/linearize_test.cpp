#include <harness/linearize.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace sluice::harness {
namespace {

event op(std::size_t thread, op_kind kind, status result, int value, std::uint64_t called, std::uint64_t returned) {
  return {.thread = thread, .kind = kind, .result = result, .value = value, .called = called, .returned = returned};
}

bool linearizable(const history& h, const spec& initial) { return linearizer(h, initial).check().linearizable; }

/// Tries every order: what the search must agree with.
bool by_brute_force(const history& h, const spec& initial) {
  std::vector<std::size_t> order(h.size());
  std::iota(order.begin(), order.end(), 0u);
  do {
    bool real_time = true;
    for (std::size_t i = 0; i < order.size() && real_time; ++i) {
      for (std::size_t j = i + 1; j < order.size() && real_time; ++j) {
        real_time = h[order[j]].returned > h[order[i]].called;
      }
    }
    if (!real_time) continue;
    spec state = initial;
    std::size_t done = 0;
    while (done < order.size()) {
      const event& first = h[order[done]];
      // Both sides of a hand-off happen at one instant, so each must have begun before the other ended.
      const bool together = done + 1 < order.size() && first.returned > h[order[done + 1]].called;
      if (together && state.hand_over(first, h[order[done + 1]])) {
        done += 2;
      } else if (state.step(first)) {
        done += 1;
      } else {
        break;
      }
    }
    if (done == order.size()) return true;
  } while (std::ranges::next_permutation(order).found);
  return false;
}

TEST(linearizer, accepts_overlapping_sends_in_either_order) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 3), op(1, op_kind::send, status::ok, 2, 1, 2),
                  op(2, op_kind::recv, status::ok, 2, 4, 5), op(2, op_kind::recv, status::ok, 1, 6, 7)};
  EXPECT_TRUE(linearizable(h, spec(std::nullopt, 2, 1)));
}

TEST(linearizer, rejects_sends_received_against_their_order) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 1), op(1, op_kind::send, status::ok, 2, 2, 3),
                  op(2, op_kind::recv, status::ok, 2, 4, 5), op(2, op_kind::recv, status::ok, 1, 6, 7)};
  const spec initial(std::nullopt, 2, 1);
  const auto verdict = linearizer(h, initial).check();
  EXPECT_FALSE(verdict.linearizable);
  EXPECT_LT(verdict.unexplained, h.size());
}

TEST(linearizer, rejects_empty_after_a_send_has_returned) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 1), op(1, op_kind::try_recv, status::empty, 0, 2, 3)};
  EXPECT_FALSE(linearizable(h, spec(std::nullopt, 1, 1)));
  EXPECT_TRUE(linearizable({h[0], op(1, op_kind::try_recv, status::empty, 0, 0, 3)}, spec(std::nullopt, 1, 1)));
}

TEST(linearizer, a_rendezvous_needs_its_two_sides_to_overlap) {
  const history apart{op(0, op_kind::send, status::ok, 1, 0, 1), op(1, op_kind::recv, status::ok, 1, 2, 3)};
  const history together{op(0, op_kind::send, status::ok, 1, 0, 2), op(1, op_kind::recv, status::ok, 1, 1, 3)};
  EXPECT_FALSE(linearizable(apart, spec(0, 1, 1)));
  EXPECT_TRUE(linearizable(together, spec(0, 1, 1)));
  EXPECT_TRUE(linearizable(apart, spec(1, 1, 1)));
}

TEST(linearizer, disconnected_only_after_the_last_sender) {
  const event recv = op(1, op_kind::recv, status::disconnected, 0, 2, 3);
  EXPECT_FALSE(linearizable({recv}, spec(std::nullopt, 1, 1)));
  EXPECT_TRUE(linearizable({op(0, op_kind::drop_sender, status::ok, 0, 0, 1), recv}, spec(std::nullopt, 1, 1)));
}

/// Random small histories, most of them wrong: made without a channel, so that the search is not asked only easy
/// things.
TEST(linearizer, agrees_with_brute_force) {
  std::minstd_rand random(7);
  int accepted = 0;
  constexpr int histories = 20000;
  for (int n = 0; n < histories; ++n) {
    const std::optional<std::size_t> capacities[]{0, 1, 2, std::nullopt};
    const spec initial(capacities[random() % 4], 2, 2);
    history h;
    std::vector<std::uint64_t> times(10);
    std::iota(times.begin(), times.end(), 0u);
    std::ranges::shuffle(times, random);
    const std::size_t operations = 2 + random() % 4;
    for (std::size_t i = 0; i < operations; ++i) {
      const auto [from, to] = std::minmax(times[2 * i], times[2 * i + 1]);
      const int value = static_cast<int>(random() % 2);
      switch (random() % 6) {
        case 0:
        case 1: h.push_back(op(i, op_kind::send, status::ok, static_cast<int>(i), from, to)); break;
        case 2: h.push_back(op(i, op_kind::try_send, status::full, static_cast<int>(i), from, to)); break;
        case 3:
        case 4: h.push_back(op(i, op_kind::recv, status::ok, value, from, to)); break;
        default: h.push_back(op(i, op_kind::try_recv, status::empty, 0, from, to)); break;
      }
    }
    const bool expected = by_brute_force(h, initial);
    accepted += expected;
    ASSERT_EQ(linearizable(h, initial), expected) << draw(h, h.size());
  }
  // Both verdicts must have been asked for often, or the comparison shows little.
  EXPECT_GT(accepted, histories / 20);
  EXPECT_LT(accepted, histories / 2);
}

TEST(linearizer, refuses_what_it_cannot_hold) {
  history h(65);
  const spec initial(std::nullopt, 1, 1);
  EXPECT_THROW(linearizer(h, initial), std::length_error);
}

}  // namespace
}  // namespace sluice::harness
