#include <harness/check_execution.hpp>
#include <harness/draws.hpp>
#include <harness/generate.hpp>
#include <harness/thread_engine.hpp>
#include <properties/contract/contract.hpp>

#include <array>
#include <functional>
#include <string>

/// Lines 57 to 61: the order of messages, and what happens before their receipt.
namespace sluice::contract {
namespace {

template <class Message>
void pass_whole(test_context& t, const channel& s, std::size_t count) {
  each<Message>(s,
                {s.traits().unbounded                ? capacities::value_type{}
                 : s.traits().greatest_capacity == 0 ? 0
                                                     : 64},
                [&](auto& tx, auto& rx) {
                  helper_thread sender(t, [&] {
                    for (std::size_t n = 0; n < count; ++n) t.expect(tx.send(Message(n % 2 == 0)).has_value());
                  });
                  for (std::size_t n = 0; n < count; ++n) t.expect(rx.recv()->whole(n % 2 == 0));
                });
}

}  // namespace

void add_ordering(line_table& contract) {
  contract.line(57, "each_producers_order", "Every receiver sees each producer's messages in the order of the sends.",
                on<both<needs_producers, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
                  each<stamped>(s, {std::nullopt, 0, 1, 64}, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(10'000);
                    std::atomic<int> sending{3};
                    t.together(6, [&](std::size_t i) {
                      if (i < 3) {
                        for (std::size_t n = 1; n <= count; ++n) t.expect(tx.send(stamped{i, n}).has_value());
                        if (--sending == 0) tx.reset();
                      } else {
                        std::array<std::size_t, 3> last{};
                        while (const auto got = rx.recv()) {
                          t.expect(got->sequence > last[got->producer]);
                          last[got->producer] = got->sequence;
                        }
                      }
                    });
                  });
                }));

  contract.line(58, "real_time_order",
                "Sends that do not overlap are received in their order, whichever thread made them.",
                on<both<needs_producers, needs_real_time>>(every_core(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {std::nullopt, 0, 1, 64}, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(10'000);
                    std::atomic<std::size_t> baton{0};
                    t.together(3, [&](std::size_t i) {
                      for (std::size_t n = 0; n < count; ++n) {
                        if (i == 2) {
                          t.expect(rx.recv() == n);
                        } else if (n % 2 == i) {
                          while (baton != n) std::this_thread::yield();
                          t.expect(tx.send(n).has_value());
                          baton = n + 1;
                        }
                      }
                    });
                  });
                }));

  contract.line(
      59, "linearizable",
      "Whatever up to four threads do, one order of their operations explains it, in real time where that is promised.",
      on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
        harness::thread_engine<subject> engine(*s.subject, 10s);
        harness::draws draw(59);
        const capacities small = s.subject->capacities(capacities{std::nullopt, 0, 1, 2});
        for (std::size_t n = 0; n < t.times(5000); ++n) {
          const auto p = harness::any_scenario(s.traits(), small[n % small.size()], std::ref(draw));
          const auto done = engine.execute(p, draw.next());
          ++channel::made;
          const std::string unexplained = harness::check_execution(p, done, s.traits());
          if (!t.expect(unexplained.empty() && !done.livelock)) return t.explain(unexplained);
        }
      }));

  contract.line(60, "causality",
                "A thread that receives on one channel finds what was sent on another before, a million times.",
                on<needs_buffer>(every_core(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {std::nullopt, 64}, [&](auto& first_tx, auto& first_rx) {
                    auto [second_tx, second_rx] = s.make<std::size_t>(first_tx.capacity());
                    const std::size_t count = t.times(1'000'000);
                    helper_thread sender(t, [&] {
                      for (std::size_t n = 0; n < count; ++n) {
                        t.expect(first_tx.send(n).has_value() && second_tx.send(n).has_value());
                      }
                    });
                    for (std::size_t n = 0; n < count; ++n) {
                      t.expect(second_rx.recv() == n && first_rx.try_recv() == n);
                    }
                  });
                }));

  contract.line(61, "whole_payloads", "Ten million payloads of 1 to 32 bytes arrive whole.",
                on<always>(every_core(), [](test_context& t, const channel& s) {
                  const std::size_t count = t.times(10'000'000) / 5;
                  pass_whole<uniform<1>>(t, s, count);
                  pass_whole<uniform<7>>(t, s, count);
                  pass_whole<uniform<8>>(t, s, count);
                  pass_whole<uniform<32>>(t, s, count);
                  pass_whole<padded>(t, s, count);
                }));
}

}  // namespace sluice::contract
