#include <harness/linearize.hpp>
#include <harness/monitor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

/// Compares both checkers with brute force over all orders, on small histories: linearizable ones, those with one
/// change, and random ones. A checker that is too lenient or too strict differs sooner or later.
namespace sluice::harness {
namespace {

/// A history and its initial state.
struct scene {
  std::optional<std::size_t> capacity;
  ordering order = ordering::global;
  std::size_t senders = 2;
  std::size_t receivers = 2;
  history events;

  spec initial() const { return {capacity, senders, receivers, order}; }
  bool exact() const { return linearizer(events, initial(), order).check().linearizable; }
  violation monitored() const { return monitor(events, capacity, order, senders, receivers).check(); }
};

/// Brute force over all orders: the reference for the checkers.
bool by_brute_force(const scene& s) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    if (!s.events[i].pending()) order.push_back(i);
  }
  const auto possible = [&] {
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t j = i + 1; j < order.size(); ++j) {
        if (s.events[order[j]].returned < s.events[order[i]].from()) return false;
      }
    }
    spec state = s.initial();
    for (std::size_t done = 0; done < order.size(); ++done) {
      const event& first = s.events[order[done]];
      if (done + 1 < order.size()) {
        const event& second = s.events[order[done + 1]];
        // Both sides of a hand-off take effect at one instant, so each must have begun before the other ended.
        if (first.returned >= second.from() && state.hand_over(first, second)) {
          ++done;
          continue;
        }
      }
      if (!state.step(first)) return false;
    }
    return true;
  };
  do {
    if (possible()) return true;
  } while (std::ranges::next_permutation(order).found);
  return false;
}

class source {
public:
  explicit source(unsigned seed) : random_(seed) {}
  unsigned draw(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  /// A sequential run of a channel, whose calls and returns are then moved apart around each linearization point.
  scene true_one() {
    scene s = start();
    spec state = s.initial();
    const unsigned operations = 2 + draw(5);
    for (int tries = 0; s.events.size() < operations && tries < 40; ++tries) step(s, state);
    if (draw(4) == 0 && s.events.size() < 6) rest(s, state);
    return s;
  }

  /// Changes one thing, which may make the history incorrect.
  void change(scene& s) {
    event& e = s.events[draw(static_cast<unsigned>(s.events.size()))];
    event& other = s.events[draw(static_cast<unsigned>(s.events.size()))];
    switch (draw(6)) {
      case 0:
        if (e.kind != op_kind::quiescent && other.kind != op_kind::quiescent) std::swap(e.value, other.value);
        break;
      case 1: e.result = static_cast<status>(draw(6)); break;
      case 2: e.called = e.asleep = std::min(other.called, e.returned); break;
      case 3: e.returned = std::max(e.from(), other.called); break;
      case 4: e.kind = sends(e.kind) ? op_kind::try_send : receives(e.kind) ? op_kind::try_recv : e.kind; break;
      default: e.intact = !sends(e.kind) || e.pending() || e.result == status::ok || draw(8) != 0; break;
    }
  }

  scene any() {
    scene s = start();
    std::vector<instant> times(12);
    std::iota(times.begin(), times.end(), 0u);
    std::ranges::shuffle(times, random_);
    const unsigned operations = 2 + draw(5);
    for (unsigned i = 0; i < operations; ++i) {
      const auto [called, returned] = std::minmax(times[2 * i], times[2 * i + 1]);
      event e{.called = called, .returned = returned, .thread = static_cast<std::uint16_t>(i)};
      switch (draw(6)) {
        case 0:
        case 1: e.kind = op_kind::send; break;
        case 2: e.kind = op_kind::try_send, e.result = status::full; break;
        case 3:
        case 4: e.kind = op_kind::recv; break;
        default: e.kind = op_kind::try_recv, e.result = status::empty; break;
      }
      e.value = static_cast<int>(sends(e.kind) ? i : draw(3));
      s.events.push_back(e);
    }
    return s;
  }

private:
  scene start() {
    const std::optional<std::size_t> capacities[]{0, 1, 2, std::nullopt, std::nullopt};
    scene s{.capacity = capacities[draw(5)], .events = {}};
    if (s.capacity != 0 && draw(4) == 0) s.order = ordering::per_producer;
    s.senders = 1 + draw(2);
    s.receivers = 1 + draw(2);
    return s;
  }

  event around(std::size_t number, op_kind kind) {
    const instant now = 100 + 10 * number;
    return {.called = now - draw(30),
            .returned = now + draw(30),
            .thread = static_cast<std::uint16_t>(draw(3)),
            .kind = kind};
  }

  void step(scene& s, spec& state) {
    // Some runs have only messages, the rest all operations.
    const auto kind = s.receivers == 2 && s.senders == 2 && !s.capacity
                          ? std::array{op_kind::send, op_kind::send, op_kind::recv, op_kind::try_recv}[draw(4)]
                          : static_cast<op_kind>(draw(static_cast<unsigned>(op_kind::hold)));
    event e = around(s.events.size(), kind);
    if (uses_sender(kind) ? state.senders() == 0 : state.receivers() == 0) return;
    if (sends(kind)) e.value = scenario::value_of(e.thread, s.events.size());
    if (kind == op_kind::size) e.value = static_cast<int>(state.size());
    if (state.rendezvous() && sends(kind) && draw(2) == 0) {
      event partner = around(s.events.size(), op_kind::recv);
      partner.value = e.value;
      // One instant for both.
      partner.called = std::min(partner.called, e.returned);
      e.called = std::min(e.called, partner.returned);
      if (!state.hand_over(e, partner)) return;
      s.events.insert(s.events.end(), {e, partner});
      return;
    }
    std::vector<int> values{e.value};
    if (receives(kind)) {
      for (const event& before : s.events) values.push_back(before.value);
      std::ranges::shuffle(values, random_);
    }
    for (status result :
         {status::stopped, status::ok, status::disconnected, status::full, status::empty, status::timeout}) {
      for (int value : values) {
        e.result = result;
        e.value = value;
        if (!state.step(e)) continue;
        s.events.push_back(e);
        return;
      }
    }
  }

  /// A thread may sleep by now; its handle may be closed.
  void rest(scene& s, spec& state) {
    const instant now = 200;
    event e{.called = now, .returned = now, .thread = 3, .kind = op_kind::quiescent, .value = -1};
    const op_kind kind =
        std::array{op_kind::send, op_kind::stoppable_send, op_kind::recv, op_kind::stoppable_recv}[draw(4)];
    if (draw(3) != 0 && !state.enabled(kind)) {
      (sends(kind) ? e.sleeping_senders : e.sleeping_receivers) = 1;
      e.sleeping_stoppably = stoppable(kind);
      event sleeper{.called = now - 1 - draw(90), .asleep = now + 1, .thread = 2, .kind = kind};
      sleeper.value = scenario::value_of(2, 90);
      s.events.push_back(sleeper);
    }
    if (draw(2) == 0) e.value = static_cast<int>(state.size() + e.sleeping_senders);
    s.events.push_back(e);
  }

  std::mt19937 random_;
};

struct tally {
  int histories = 0;
  int right = 0;
  int accused = 0;
};

/// Whether the monitor's patterns are complete for it: an unbounded channel without disconnects and counted messages.
bool complete_for_monitor(const scene& s) {
  return !s.capacity && s.order == ordering::global && std::ranges::all_of(s.events, [](const event& e) {
    if (e.kind == op_kind::quiescent) return e.value < 0 && e.sleeping_senders == 0;
    return (sends(e.kind) && e.result == status::ok) ||
           (receives(e.kind) &&
            (e.result == status::ok || e.pending() || (e.kind == op_kind::try_recv && e.result == status::empty)));
  });
}

bool distinct_values(const scene& s) {
  std::vector<int> sent;
  for (const event& e : s.events) {
    if (sends(e.kind)) sent.push_back(e.value);
  }
  std::ranges::sort(sent);
  return std::ranges::adjacent_find(sent) == sent.end();
}

void compare(const scene& s, tally& sum, tally& complete) {
  const bool expected = by_brute_force(s);
  const auto picture = [&] { return draw(s.events, s.events.size()) + "capacity " + to_string(s.capacity); };
  ++sum.histories;
  sum.right += expected;
  ASSERT_EQ(s.exact(), expected) << picture();
  if (!distinct_values(s)) return;
  const violation found = s.monitored();
  sum.accused += static_cast<bool>(found);
  if (expected) {
    ASSERT_FALSE(found) << to_string(found.what) << "\n" << picture();
  }
  if (!complete_for_monitor(s)) return;
  ++complete.histories;
  complete.right += expected;
  ASSERT_EQ(!found, expected) << picture();
}

TEST(checkers, agree_on_true_histories) {
  source from(1);
  tally sum;
  tally complete;
  for (int n = 0; n < 80'000; ++n) ASSERT_NO_FATAL_FAILURE(compare(from.true_one(), sum, complete));
  EXPECT_EQ(sum.right, sum.histories);
}

TEST(checkers, agree_on_changed_histories) {
  source from(2);
  tally sum;
  tally complete;
  for (int n = 0; n < 120'000; ++n) {
    scene s = from.true_one();
    if (s.events.empty()) continue;
    for (unsigned changes = 1 + from.draw(3); changes > 0; --changes) from.change(s);
    ASSERT_NO_FATAL_FAILURE(compare(s, sum, complete));
  }
  // Both verdicts must be frequent, or the comparison shows little.
  EXPECT_GT(sum.right, sum.histories / 20);
  EXPECT_LT(sum.right, sum.histories * 19 / 20);
  EXPECT_GT(complete.histories, 2'000);
  EXPECT_GT(complete.right, 500);
  EXPECT_LT(complete.right, complete.histories - 200);
  // Incorrect histories that the monitor misses because of bounds and disconnects must be the minority.
  EXPECT_GT(sum.accused, (sum.histories - sum.right) / 2);
}

TEST(checkers, agree_on_random_histories) {
  source from(3);
  tally sum;
  tally complete;
  for (int n = 0; n < 60'000; ++n) ASSERT_NO_FATAL_FAILURE(compare(from.any(), sum, complete));
  EXPECT_GT(sum.right, 1'000);
  // The monitor misses only violations of bounds and disconnects: a small part.
  EXPECT_GT(sum.accused, (sum.histories - sum.right) * 8 / 10);
}

}  // namespace
}  // namespace sluice::harness
