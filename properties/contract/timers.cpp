#include <properties/contract/contract.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/select.hpp>
#include <sluice/timer.hpp>

#include <algorithm>
#include <deque>

/// Lines 106 to 111: after, tick and never.
namespace sluice::contract {
namespace {

/// Receives from several timers on four threads until a moment; the moments each of them gave.
std::vector<std::vector<clock::time_point>> moments_until(test_context& t, const std::vector<timer::receiver*>& timers,
                                                          clock::time_point end) {
  std::mutex mutex;
  std::vector<std::vector<clock::time_point>> seen(timers.size());
  t.together(4, [&](std::size_t) {
    selector chosen;
    std::deque<timer::receiver> mine;
    for (std::size_t i = 0; i < timers.size(); ++i) {
      chosen.recv(mine.emplace_back(timers[i]->clone()), [&, i](auto moment) {
        t.expect(clock::now() >= *moment);
        // A thread that was kept from running past the end may see a later one, rightly.
        if (*moment >= end) return;
        std::scoped_lock guard(mutex);
        seen[i].push_back(*moment);
      });
    }
    while (chosen.wait_until(end)) {
    }
  });
  return seen;
}

}  // namespace

void add_timers(line_table& contract) {
  contract.line(106, "after_fires_once",
                "after() fires once, not early, to one of its clones: 1,000 timers, 4 threads, 1,000 hits.",
                only("timer", [](test_context& t) {
                  std::deque<timer::receiver> timers;
                  std::vector<timer::receiver*> pointers;
                  for (int i = 0; i < 1000; ++i) pointers.push_back(&timers.emplace_back(timer::after(500us * i)));
                  const auto seen = moments_until(t, pointers, clock::now() + 1s);
                  for (std::size_t i = 0; i < timers.size(); ++i) {
                    // One that a stalled machine left is still there, once.
                    const std::size_t left = timers[i].try_recv().has_value();
                    t.expect(seen[i].size() + left == 1);
                    t.expect(timers[i].try_recv().error() == try_recv_error::empty);
                  }
                }));

  contract.line(107, "a_spent_timer_stays_so",
                "A timer that has fired is empty; with a timeout, receiving from it times out.",
                only("timer", [](test_context& t) {
                  auto spent = timer::after(1ms);
                  t.expect(spent.recv().has_value());
                  t.expect(spent.recv_for(5ms).error() == recv_timeout_error::timeout);
                  t.expect(select(on_recv(spent, [](auto) { return 1; }), on_timeout(5ms, [] { return 2; })) == 2);
                }));

  contract.line(108, "no_backlog_no_drift",
                "After 300 ms without a receive, a tick of 50 ms is ready once, and stays on its grid.",
                only("timer", [](test_context& t) {
                  const auto before = clock::now();
                  auto ticks = timer::tick(50ms);
                  const auto first = ticks.recv().value();
                  t.expect(first >= before + 50ms);
                  // The stall whose ticks are skipped.
                  std::this_thread::sleep_until(first + 300ms);
                  const auto second = ticks.try_recv();
                  const auto now = clock::now();
                  t.expect(second == first + 50ms);
                  const auto third = ticks.recv().value();
                  t.expect(third > first + 300ms && (third - first) % 50ms == 0ms);
                  t.expect(third <= now + 50ms && clock::now() >= third);
                }));

  contract.line(109, "ticks_to_four_threads",
                "Ticks of 200 and 300 ms give 5 and 3 messages within 1.1 s, to four threads.",
                only("timer", [](test_context& t) {
                  // A machine that stops for 100 ms skips a tick, rightly: such a run says nothing, and is repeated.
                  for (int attempt = 0; attempt < 20; ++attempt) {
                    const auto start = clock::now();
                    auto two = timer::tick(200ms);
                    auto three = timer::tick(300ms);
                    const auto made = clock::now() - start;
                    const auto seen = moments_until(t, {&two, &three}, start + 1100ms);
                    for (const auto& moments : seen) {
                      t.expect(std::ranges::adjacent_find(moments) == moments.end());
                    }
                    for (const auto& moment : seen[0]) t.expect((moment - seen[0].front()) % 200ms == 0ms);
                    for (const auto& moment : seen[1]) t.expect((moment - seen[1].front()) % 300ms == 0ms);
                    t.expect(seen[0].size() <= 5 && seen[1].size() <= 3);
                    if (made < 50ms && seen[0].size() + seen[1].size() == 8) return;
                  }
                  t.expect(false);
                }));

  contract.line(110, "due_beats_default", "A timer that is due beats the default; one that never comes is safe.",
                only("timer", [](test_context& t) {
                  for (int i = 0; i < 1000; ++i) {
                    auto due = timer::after(0s);
                    t.expect(select(on_recv(due, [](auto) { return 1; }), otherwise([] { return 2; })) == 1);
                  }
                  for (auto far : {std::chrono::hours::max(), std::chrono::hours(24 * 365 * 200)}) {
                    t.expect(timer::tick(far).recv_for(1ms).error() == recv_timeout_error::timeout);
                    t.expect(timer::after(far).recv_for(1ms).error() == recv_timeout_error::timeout);
                  }
                  auto past = timer::at(clock::now() - 1h);
                  t.expect(past.try_recv().has_value() && !past.try_recv().has_value());
                }));

  contract.line(111, "never_switches_an_arm_off", "never() is a timer that does not fire: an arm that is switched off.",
                only("timer", [](test_context& t) {
                  for (const bool wanted : {true, false}) {
                    auto [tx, rx] = mpmc::unbounded<int>();
                    auto limit = wanted ? timer::after(1ms) : timer::never();
                    const int fired =
                        select(on_recv(rx, [](auto) { return 1; }), on_recv(limit, [](auto) { return 2; }),
                               on_timeout(20ms, [] { return 3; }));
                    t.expect(fired == (wanted ? 2 : 3));
                  }
                }));
}

}  // namespace sluice::contract
