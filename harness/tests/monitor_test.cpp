#include <harness/monitor.hpp>
#include <harness/tests/long_run.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::harness {
namespace {

violation look(const history& h, std::optional<std::size_t> capacity, ordering order = ordering::global) {
  return monitor(h, capacity, order, 8, 8).check();
}

/// The `nth` event of a kind with a result, or the last.
std::size_t find(const history& h, op_kind kind, status result, std::size_t nth) {
  std::size_t found = h.size();
  for (std::size_t i = 0; i < h.size(); ++i) {
    if (h[i].kind != kind || h[i].result != result) continue;
    found = i;
    if (nth-- == 0) break;
  }
  return found;
}

constexpr std::size_t length = 1'000'000;
constexpr std::size_t somewhere = 200'000;

TEST(monitor, passes_true_histories) {
  for (const std::optional<std::size_t> capacity : {std::optional<std::size_t>(), std::optional<std::size_t>(5)}) {
    const auto found = look(long_run(length, capacity, 1), capacity);
    EXPECT_FALSE(found) << to_string(found.what);
  }
}

/// Each kind of corruption, once in a million operations.
TEST(monitor, finds_a_message_from_nowhere) {
  history h = long_run(length, std::nullopt, 2);
  h[find(h, op_kind::try_recv, status::ok, somewhere)].value = 9;
  EXPECT_EQ(look(h, std::nullopt).what, violation_kind::from_nowhere);
}

TEST(monitor, finds_a_message_received_before_it_was_sent) {
  history h = long_run(length, std::nullopt, 3);
  event& recv = h[find(h, op_kind::try_recv, status::ok, somewhere)];
  const auto send = std::ranges::find_if(h, [&](const event& e) { return sends(e.kind) && e.value == recv.value; });
  recv.called = send->called - 30;
  recv.returned = send->called - 10;
  EXPECT_EQ(look(h, std::nullopt).what, violation_kind::from_nowhere);
}

TEST(monitor, finds_a_message_received_twice) {
  history h = long_run(length, std::nullopt, 4);
  const int value = h[find(h, op_kind::try_recv, status::ok, somewhere)].value;
  h[find(h, op_kind::try_recv, status::ok, somewhere + 5)].value = value;
  EXPECT_EQ(look(h, std::nullopt).what, violation_kind::received_twice);
}

TEST(monitor, finds_an_inverted_order) {
  history h = long_run(length, std::nullopt, 5);
  event& first = h[find(h, op_kind::try_recv, status::ok, somewhere)];
  event& later = h[find(h, op_kind::try_recv, status::ok, somewhere + 20)];
  std::swap(first.value, later.value);
  EXPECT_EQ(look(h, std::nullopt).what, violation_kind::order_inverted);
}

TEST(monitor, finds_a_producers_inverted_order) {
  history h = long_run(length, std::nullopt, 6);
  event& first = h[find(h, op_kind::try_recv, status::ok, somewhere)];
  const auto later = std::find_if(h.begin() + (&first - h.data()) + 20, h.end(), [&](const event& e) {
    return e.kind == op_kind::try_recv && e.result == status::ok &&
           scenario::sender_of(e.value) == scenario::sender_of(first.value);
  });
  std::swap(first.value, later->value);
  EXPECT_EQ(look(h, std::nullopt, ordering::per_producer).what, violation_kind::order_inverted);
}

TEST(monitor, does_not_hold_one_producers_order_against_another) {
  // Two messages of different producers are swapped, which violates the global order only.
  history h = long_run(length, std::nullopt, 7);
  event& first = h[find(h, op_kind::try_recv, status::ok, somewhere)];
  const auto later = std::find_if(h.begin() + (&first - h.data()) + 4, h.end(), [&](const event& e) {
    return e.kind == op_kind::try_recv && e.result == status::ok &&
           scenario::sender_of(e.value) != scenario::sender_of(first.value);
  });
  std::swap(first.value, later->value);
  EXPECT_NE(look(h, std::nullopt, ordering::per_producer).what, violation_kind::from_nowhere);
}

TEST(monitor, finds_a_lost_message) {
  history h = long_run(length, std::nullopt, 8);
  h.erase(h.begin() + static_cast<std::ptrdiff_t>(find(h, op_kind::try_recv, status::ok, somewhere)));
  EXPECT_EQ(look(h, std::nullopt).what, violation_kind::order_inverted);
}

TEST(monitor, finds_empty_that_was_not) {
  history h = long_run(length, std::nullopt, 9);
  event& e = h[find(h, op_kind::try_recv, status::ok, somewhere)];
  // From here on one more message is buffered at all times, so a much later `empty` is wrong as well.
  const event claim{
      .called = e.called + 4000, .returned = e.returned + 4000, .kind = op_kind::try_recv, .result = status::empty};
  const instant from = claim.called;
  std::erase_if(h, [&](const event& other) {
    return other.kind == op_kind::try_recv && other.result == status::empty && other.returned > from;
  });
  std::size_t inside = 0;
  for (const event& other : h) inside += other.called < from ? sends(other.kind) : 0;
  h.insert(h.begin(), event{.called = 1, .returned = 2, .thread = 8, .kind = op_kind::send, .value = 8});
  h.push_back(
      event{.called = 50 * length, .returned = 50 * length + 1, .thread = 8, .kind = op_kind::recv, .value = 8});
  EXPECT_EQ(look(h, std::nullopt, ordering::per_producer).what, violation_kind::not_empty);
  EXPECT_GT(inside, 0u);
}

TEST(monitor, finds_full_that_was_not) {
  history h = long_run(length, 5, 10);
  const std::size_t empty = find(h, op_kind::try_recv, status::empty, somewhere / 10);
  event& e = h[empty];
  e.kind = op_kind::try_send;
  e.result = status::full;
  e.value = scenario::value_of(e.thread, empty);
  EXPECT_EQ(look(h, 5).what, violation_kind::not_full);
}

TEST(monitor, finds_more_than_the_capacity) {
  history h = long_run(length, 5, 11);
  // A channel found full, then a receive, then a send: that send is moved before the receive.
  std::size_t full = somewhere;
  while (h[full].result != status::full || !receives(h[full + 1].kind) || !sends(h[full + 2].kind)) ++full;
  for (std::size_t i = full - 50; i < full + 50; ++i) h[i].called = h[i].returned = 40 * (i + 1);
  h[full + 2].called = h[full + 2].returned = h[full].called + 5;
  EXPECT_EQ(look(h, 5).what, violation_kind::over_capacity);
}

TEST(monitor, finds_what_a_side_that_goes_makes_wrong) {
  const event drop{.called = 10, .returned = 11, .kind = op_kind::drop_sender};
  const auto told = [&](status result, instant called) {
    return monitor(
               {drop,
                {.called = called, .returned = called + 1, .thread = 1, .kind = op_kind::try_recv, .result = result}},
               std::nullopt, ordering::global, 1, 1)
        .check()
        .what;
  };
  EXPECT_EQ(told(status::disconnected, 5), violation_kind::still_connected);
  EXPECT_EQ(told(status::empty, 5), violation_kind::nothing);
  EXPECT_EQ(told(status::disconnected, 20), violation_kind::nothing);
  EXPECT_EQ(told(status::empty, 20), violation_kind::has_disconnected);
}

TEST(monitor, finds_what_a_stop_makes_wrong) {
  const event stop{.called = 10, .returned = 11, .kind = op_kind::request_stop};
  const auto told = [&](event e) { return monitor({stop, e}, 1, ordering::global, 1, 1).check().what; };
  event stopped{.called = 5, .returned = 6, .thread = 1, .kind = op_kind::stoppable_recv, .result = status::stopped};
  EXPECT_EQ(told(stopped), violation_kind::no_stop);
  stopped.returned = 10;
  EXPECT_EQ(told(stopped), violation_kind::nothing);
  event quiet{
      .called = 20, .returned = 20, .thread = 2, .kind = op_kind::quiescent, .value = -1, .sleeping_receivers = 1};
  EXPECT_EQ(told(quiet), violation_kind::nothing);
  quiet.sleeping_stoppably = 1;
  EXPECT_EQ(told(quiet), violation_kind::not_stopped);
}

TEST(monitor, finds_what_a_watcher_makes_wrong) {
  const event gone{.called = 10, .returned = 11, .kind = op_kind::drop_receiver};
  const auto told = [&](event e) { return monitor({gone, e}, 1, ordering::global, 1, 1).check().what; };
  event watched{.called = 5, .returned = 6, .thread = 1, .kind = op_kind::wait_disconnected};
  EXPECT_EQ(told(watched), violation_kind::still_connected);
  watched.returned = 10;
  EXPECT_EQ(told(watched), violation_kind::nothing);
  event quiet{.called = 20, .returned = 20, .thread = 2, .kind = op_kind::quiescent, .value = -1};
  EXPECT_EQ(told(quiet), violation_kind::nothing);
  quiet.sleeping_watchers = 1;
  EXPECT_EQ(told(quiet), violation_kind::has_disconnected);
}

TEST(monitor, needs_values_that_differ) {
  const history h(2, event{.called = 1, .returned = 2, .kind = op_kind::send, .value = 3});
  EXPECT_THROW(monitor(h, std::nullopt, ordering::global, 1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::harness
