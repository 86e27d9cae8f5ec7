#include <harness/linearize.hpp>
#include <harness/thread_interpreter.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace sluice::harness {
namespace {

event op(std::uint16_t thread, op_kind kind, status result, int value, instant called, instant returned) {
  return {.called = called, .returned = returned, .thread = thread, .kind = kind, .result = result, .value = value};
}

bool linearizable(const history& h, const spec& initial) { return linearizer(h, initial).check().linearizable; }

TEST(linearizer, accepts_overlapping_sends_in_either_order) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 3), op(1, op_kind::send, status::ok, 2, 1, 2),
                  op(2, op_kind::recv, status::ok, 2, 4, 5), op(2, op_kind::recv, status::ok, 1, 6, 7)};
  EXPECT_TRUE(linearizable(h, spec(std::nullopt, 2, 1)));
}

TEST(linearizer, rejects_sends_received_against_their_order) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 1), op(1, op_kind::send, status::ok, 2, 2, 3),
                  op(2, op_kind::recv, status::ok, 2, 4, 5), op(2, op_kind::recv, status::ok, 1, 6, 7)};
  const spec initial(std::nullopt, 2, 1);
  const auto found = linearizer(h, initial).check();
  EXPECT_FALSE(found.linearizable);
  EXPECT_LT(found.unexplained, h.size());
}

TEST(linearizer, rejects_empty_after_a_send_has_returned) {
  const history h{op(0, op_kind::send, status::ok, 1, 0, 1), op(1, op_kind::try_recv, status::empty, 0, 2, 3)};
  EXPECT_FALSE(linearizable(h, spec(std::nullopt, 1, 1)));
  EXPECT_TRUE(linearizable({h[0], op(1, op_kind::try_recv, status::empty, 0, 0, 3)}, spec(std::nullopt, 1, 1)));
}

TEST(linearizer, a_sequentially_consistent_channel_may_answer_from_the_past) {
  promises late;
  late.real_time = false;
  const spec one_each(std::nullopt, 1, 1);
  const event sent = op(0, op_kind::send, status::ok, 1, 0, 1);
  const event got = op(1, op_kind::recv, status::ok, 1, 4, 5);
  const auto explained = [&](const history& h) { return linearizer(h, one_each, late).check().linearizable; };
  EXPECT_TRUE(explained({sent, op(1, op_kind::try_recv, status::empty, 0, 2, 3), got}));
  EXPECT_TRUE(explained(
      {sent, op(0, op_kind::drop_sender, status::ok, 0, 2, 3), got, op(1, op_kind::try_recv, status::empty, 0, 6, 7)}));
  // It is consistent with its own order, and a message is received once.
  EXPECT_FALSE(explained({sent, got, op(1, op_kind::recv, status::ok, 1, 6, 7)}));
  EXPECT_FALSE(explained({op(0, op_kind::send, status::ok, 1, 0, 1), op(0, op_kind::send, status::ok, 2, 2, 3),
                          op(1, op_kind::recv, status::ok, 2, 4, 5)}));
}

TEST(linearizer, no_operation_is_late_at_quiescence) {
  promises late;
  late.real_time = false;
  const event sent = op(0, op_kind::send, status::ok, 1, 0, 1);
  event rest = quiescence_event(2, 2, 1);
  EXPECT_FALSE(
      linearizer({sent, rest, op(1, op_kind::try_recv, status::empty, 0, 3, 4)}, spec(std::nullopt, 1, 1), late)
          .check()
          .linearizable);
  // A receiver that sleeps although there is a message, and gets it later.
  rest.sleeping_receivers = 1;
  rest.value = -1;
  event got = op(1, op_kind::recv, status::ok, 1, 1, 5);
  got.asleep = 3;
  EXPECT_FALSE(linearizer({sent, rest, got}, spec(std::nullopt, 1, 1), late).check().linearizable);
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

/// A receiver sleeps at quiescence and wakes when the closer drops the sender.
history let_go(std::uint8_t sleeping_receivers) {
  return {op(0, op_kind::send, status::ok, 1, 0, 1),
          {.called = 2, .asleep = 4, .returned = 7, .thread = 1, .kind = op_kind::recv, .result = status::disconnected},
          {.called = 3,
           .returned = 3,
           .thread = 2,
           .kind = op_kind::quiescent,
           .value = -1,
           .sleeping_receivers = sleeping_receivers},
          op(2, op_kind::drop_sender, status::ok, 0, 5, 6)};
}

TEST(linearizer, a_sleeper_with_a_message_at_hand_is_a_wrong_history) {
  history lost_wake = let_go(1);
  const auto found = linearizer(lost_wake, spec(std::nullopt, 1, 1)).check();
  EXPECT_FALSE(found.linearizable);
  EXPECT_EQ(found.unexplained, 2u);
  // With nothing sent, its sleep is allowed.
  lost_wake.erase(lost_wake.begin());
  EXPECT_TRUE(linearizable(lost_wake, spec(std::nullopt, 1, 1)));
}

TEST(linearizer, a_message_taken_after_rest_was_there_at_rest) {
  // Only the closer woke this receiver, so its receive does not excuse its sleep.
  history late = let_go(1);
  late[1].result = status::ok;
  late[1].value = 1;
  EXPECT_FALSE(linearizable(late, spec(std::nullopt, 1, 1)));
}

TEST(linearizer, what_never_returns_had_no_effect) {
  history asleep = let_go(1);
  asleep.erase(asleep.begin());
  asleep[0].returned = never;
  EXPECT_TRUE(linearizable(asleep, spec(std::nullopt, 1, 1)));
  // At the second quiescence, after the last sender has disconnected, it should have woken.
  asleep.push_back(
      {.called = 8, .returned = 8, .thread = 2, .kind = op_kind::quiescent, .value = -1, .sleeping_receivers = 1});
  EXPECT_FALSE(linearizable(asleep, spec(std::nullopt, 1, 1)));
}

TEST(linearizer, counts_messages_at_rest) {
  history left{op(0, op_kind::try_send, status::ok, 1, 0, 1),
               op(1, op_kind::drop_receiver, status::ok, 0, 2, 3),
               {.called = 4, .returned = 4, .thread = 2, .kind = op_kind::quiescent, .value = 1}};
  EXPECT_FALSE(linearizable(left, spec(std::nullopt, 1, 1)));
  left[2].value = 0;
  EXPECT_TRUE(linearizable(left, spec(std::nullopt, 1, 1)));
}

/// A message of a batch.
event part(std::uint8_t number, op_kind kind, status result, int value, instant called, instant returned) {
  event e = op(kind == op_kind::send_all ? 0 : 1, kind, result, value, called, returned);
  e.part = number;
  return e;
}

TEST(linearizer, a_batch_takes_effect_in_order) {
  const spec one_each(std::nullopt, 1, 1);
  const event first = part(0, op_kind::send_all, status::ok, 1, 0, 9);
  const event second = part(1, op_kind::send_all, status::ok, 2, 0, 9);
  // Received while it is still being sent.
  const auto received = [&](int a, int b) {
    return history{first, second, op(1, op_kind::recv, status::ok, a, 1, 2), op(1, op_kind::recv, status::ok, b, 3, 4)};
  };
  EXPECT_TRUE(linearizable(received(1, 2), one_each));
  EXPECT_FALSE(linearizable(received(2, 1), one_each));
  const auto received_at_once = [&](int a, int b) {
    return history{first, second, part(0, op_kind::recv_many, status::ok, a, 1, 2),
                   part(1, op_kind::recv_many, status::ok, b, 1, 2)};
  };
  EXPECT_TRUE(linearizable(received_at_once(1, 2), one_each));
  EXPECT_FALSE(linearizable(received_at_once(2, 1), one_each));
}

TEST(linearizer, the_rest_of_a_batch_sleeps) {
  // One of two messages is sent at the quiescence, and lives in the channel; the other waits with its sender.
  event rest = quiescence_event(2, 1, 2);
  count_sleeper(rest, 0, op_kind::send_all, 1);
  event first = part(0, op_kind::send_all, status::ok, 1, 0, 9);
  event second = part(1, op_kind::send_all, status::disconnected, 2, 0, 9);
  history batch{first, second};
  were_asleep(batch, {{.thread = 0, .called = 0, .asleep = 2, .sent = 1}});
  first = batch[0];
  second = batch[1];
  EXPECT_EQ(first.returned, 0u);
  EXPECT_EQ(second.asleep, 2u);
  const event gone = op(2, op_kind::drop_receiver, status::ok, 0, 3, 4);
  EXPECT_TRUE(linearizable({first, second, rest, gone}, spec(1, 1, 1)));
  // There was room for both.
  EXPECT_FALSE(linearizable({first, second, rest, gone}, spec(2, 1, 1)));
  // A live message too few.
  --rest.value;
  EXPECT_FALSE(linearizable({first, second, rest, gone}, spec(1, 1, 1)));
}

TEST(linearizer, a_watcher_sleeps_until_the_last_receiver_leaves) {
  event rest = quiescence_event(2, 3, -1);
  count_sleeper(rest, 0, op_kind::wait_disconnected, 0);
  EXPECT_TRUE(linearizable({rest}, spec(1, 1, 1)));
  const event gone = op(1, op_kind::drop_receiver, status::ok, 0, 0, 1);
  EXPECT_FALSE(linearizable({gone, rest}, spec(1, 1, 1)));
  EXPECT_TRUE(linearizable({gone, op(0, op_kind::wait_disconnected, status::ok, 0, 0, 5)}, spec(1, 1, 1)));
  EXPECT_FALSE(linearizable({op(0, op_kind::wait_disconnected, status::ok, 0, 0, 5)}, spec(1, 1, 1)));
}

TEST(linearizer, a_oneshot_is_disconnected_after_its_message) {
  promises held;
  held.one_message = true;
  const auto fits = [&](const history& h) { return linearizer(h, spec(1, 1, 1, held), held).check().linearizable; };
  const event sent = op(0, op_kind::send, status::ok, 1, 0, 1);
  const event received = op(1, op_kind::recv, status::ok, 1, 2, 3);
  const event end = op(1, op_kind::recv, status::disconnected, 0, 4, 5);
  EXPECT_TRUE(fits({sent, received, end}));
  EXPECT_FALSE(fits({sent, end}));
  EXPECT_FALSE(fits({sent, received, op(1, op_kind::try_recv, status::empty, 0, 4, 5)}));
  EXPECT_TRUE(fits({sent, op(0, op_kind::try_send, status::disconnected, 2, 4, 5)}));
  EXPECT_FALSE(fits({sent, op(0, op_kind::try_send, status::full, 2, 4, 5)}));
  EXPECT_FALSE(fits({sent, received, op(0, op_kind::send, status::ok, 2, 4, 5)}));
}

TEST(linearizer, per_producer_order_is_each_senders_own) {
  const auto receive = [](int first, int second) {
    return history{op(0, op_kind::send, status::ok, 10, 0, 1), op(1, op_kind::send, status::ok, 11, 2, 3),
                   op(0, op_kind::send, status::ok, 20, 4, 5), op(2, op_kind::recv, status::ok, first, 6, 7),
                   op(2, op_kind::recv, status::ok, second, 8, 9)};
  };
  const spec global(std::nullopt, 2, 1);
  const spec each(std::nullopt, 2, 1, ordering::per_producer);
  EXPECT_FALSE(linearizable(receive(11, 10), global));
  EXPECT_TRUE(linearizer(receive(11, 10), each, ordering::per_producer).check().linearizable);
  EXPECT_FALSE(linearizer(receive(20, 10), each, ordering::per_producer).check().linearizable);
}

TEST(linearizer, refuses_what_it_cannot_hold) {
  history h(65);
  const spec initial(std::nullopt, 1, 1);
  EXPECT_THROW(linearizer(h, initial), std::length_error);
}

}  // namespace
}  // namespace sluice::harness
