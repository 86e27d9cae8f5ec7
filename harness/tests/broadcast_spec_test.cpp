#include <harness/broadcast_spec.hpp>
#include <harness/generate.hpp>
#include <harness/linearize.hpp>
#include <harness/thread_interpreter.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>

namespace sluice::harness {
namespace {

event op(std::uint16_t thread, op_kind kind, status result, int value, std::uint32_t count, instant called,
         instant returned) {
  return {.called = called,
          .returned = returned,
          .thread = thread,
          .owner = thread,
          .kind = kind,
          .result = result,
          .value = value,
          .count = count};
}

event send(int value, std::uint32_t reached, instant at) {
  return op(0, op_kind::send, reached == 0 ? status::disconnected : status::ok, value, reached, at, at + 1);
}
event read(std::uint16_t thread, int value, instant at) {
  return op(thread, op_kind::recv, status::ok, value, 0, at, at + 1);
}
event missed(std::uint16_t thread, std::uint32_t count, instant at) {
  return op(thread, op_kind::recv, status::ok, 0, count, at, at + 1);
}

bool linearizable(const history& h, const scenario& p) {
  return linearizer(h, initial_broadcast(p, {}, p.capacity.value())).check().linearizable;
}

const scenario two_receivers = parse_scenario("capacity 2: send hold | recv hold | recv hold");

TEST(broadcast_spec, every_receiver_gets_every_message) {
  EXPECT_TRUE(linearizable({send(1, 2, 0), send(2, 2, 2), read(1, 1, 4), read(1, 2, 6), read(2, 1, 4), read(2, 2, 8)},
                           two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), send(2, 2, 2), read(1, 2, 4)}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), read(1, 1, 4), read(1, 1, 6)}, two_receivers));
  // They agree on the order of sends that overlap.
  event other = send(2, 2, 0);
  other.thread = other.owner = 3;
  const history overlapping{send(1, 2, 0), other};
  const auto with = [&](const history& more) {
    history all = overlapping;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  EXPECT_TRUE(linearizable(with({read(1, 2, 4), read(1, 1, 6), read(2, 2, 4), read(2, 1, 6)}), two_receivers));
  EXPECT_FALSE(linearizable(with({read(1, 2, 4), read(1, 1, 6), read(2, 1, 4), read(2, 2, 6)}), two_receivers));
}

TEST(broadcast_spec, a_receiver_is_told_exactly_what_it_missed) {
  const history sent{send(1, 2, 0), send(2, 2, 2), send(3, 2, 4)};
  const auto then = [&](const history& more) {
    history all = sent;
    all.insert(all.end(), more.begin(), more.end());
    return linearizable(all, two_receivers);
  };
  EXPECT_TRUE(then({missed(1, 1, 6), read(1, 2, 8), read(1, 3, 10)}));
  EXPECT_FALSE(then({missed(1, 2, 6)}));
  EXPECT_FALSE(then({read(1, 2, 6)}));
  EXPECT_FALSE(then({missed(1, 1, 6), read(1, 3, 8)}));
}

TEST(broadcast_spec, a_send_knows_its_receivers) {
  EXPECT_FALSE(linearizable({send(1, 1, 0)}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 0, 0)}, two_receivers));
  const auto drop = [](std::uint16_t thread, instant at) {
    return op(thread, op_kind::drop_receiver, status::ok, 0, 0, at, at + 1);
  };
  EXPECT_TRUE(linearizable({drop(1, 0), send(1, 1, 2), drop(2, 4), send(2, 0, 6)}, two_receivers));
  // What the closer drops is its owner's.
  event closers = drop(3, 0);
  closers.owner = 1;
  EXPECT_TRUE(linearizable({closers, send(1, 1, 2), read(2, 1, 4)}, two_receivers));
  EXPECT_FALSE(linearizable({closers, send(1, 1, 2), read(1, 1, 4)}, two_receivers));
}

TEST(broadcast_spec, a_subscriber_starts_with_the_next_message_and_a_clone_where_its_original_is) {
  const scenario p = parse_scenario("capacity 2: send recv hold");
  const event subscribe = op(0, op_kind::subscribe, status::ok, 0, 0, 2, 3);
  const event clone = op(0, op_kind::clone_receiver, status::ok, 0, 0, 2, 3);
  EXPECT_TRUE(linearizable({send(1, 1, 0), subscribe, send(2, 2, 4), read(0, 2, 6)}, p));
  EXPECT_FALSE(linearizable({send(1, 1, 0), subscribe, read(0, 1, 6)}, p));
  EXPECT_TRUE(linearizable({send(1, 1, 0), clone, read(0, 1, 6)}, p));
}

TEST(broadcast_spec, disconnected_comes_after_the_last_message) {
  const event drop = op(0, op_kind::drop_sender, status::ok, 0, 0, 2, 3);
  const event end = op(1, op_kind::recv, status::disconnected, 0, 0, 6, 7);
  EXPECT_TRUE(linearizable({send(1, 2, 0), drop, read(1, 1, 4), end}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), drop, end}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), read(1, 1, 4), end}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), op(1, op_kind::try_recv, status::empty, 0, 0, 4, 5)}, two_receivers));
}

TEST(broadcast_spec, a_receiver_that_has_read_all_may_sleep) {
  event rest = quiescence_event(3, 6, 1);
  count_sleeper(rest, 1, op_kind::recv, 0);
  // The message lives until the other receiver has read it.
  EXPECT_TRUE(linearizable({send(1, 2, 0), read(1, 1, 2), rest}, two_receivers));
  EXPECT_FALSE(linearizable({send(1, 2, 0), rest}, two_receivers));
  rest.value = 0;
  EXPECT_FALSE(linearizable({send(1, 2, 0), read(1, 1, 2), rest}, two_receivers));
  EXPECT_TRUE(linearizable({send(1, 2, 0), read(1, 1, 2), read(2, 1, 2), rest}, two_receivers));
}

TEST(broadcast_spec, its_scenarios_can_be_carried_out) {
  std::minstd_rand random(5);
  const auto draw = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  std::size_t subscribed = 0;
  for (int n = 0; n < 5'000; ++n) {
    const broadcast_traits traits{.clonable_receivers = n % 2 == 0};
    for (const auto& p : {any_scenario(traits, 1, draw), any_sequence(traits, 1, 30, draw)}) {
      for (const auto& ops : p.threads) {
        ASSERT_TRUE(well_formed(ops)) << to_string(p);
        subscribed += static_cast<std::size_t>(std::ranges::count(ops, op_kind::subscribe));
      }
      ASSERT_TRUE(within(traits, p)) << to_string(p);
    }
  }
  EXPECT_GT(subscribed, 1'000u);
}

}  // namespace
}  // namespace sluice::harness
