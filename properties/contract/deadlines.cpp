#include <properties/contract/contract.hpp>
#include <sluice/select.hpp>

#include <pthread.h>
#include <csignal>

#include <limits>
#include <ratio>

/// Lines 37 to 43: timed operations.
namespace sluice::contract {
namespace {

/// Whether a timed operation that can only time out does so, and not early.
template <class Operation>
bool times_out(std::chrono::nanoseconds after, Operation operation) {
  const auto start = clock::now();
  return operation() && clock::now() - start >= after;
}

}  // namespace

void add_deadlines(line_table& contract) {
  contract.line(
      37, "never_early", "A timed operation never times out early.",
      on<always>(every_channel(), [](test_context& t, const channel& s) {
        each<int>(s, all, [&](auto& tx, auto& rx) {
          for (const auto wait : {0us, 1us, 300us, 1000us, 5000us}) {
            t.expect(times_out(wait, [&] { return rx.recv_for(wait).error() == recv_timeout_error::timeout; }));
            const auto until = clock::now() + wait;
            t.expect(rx.recv_until(until).error() == recv_timeout_error::timeout && clock::now() >= until);
            t.expect(!s.selectable() || times_out(wait, [&] {
              return select(on_recv(rx, [](auto) { return false; }), on_timeout(wait, [] { return true; }));
            }));
          }
          if (!tx.capacity()) return;
          while (tx.try_send(1)) {
          }
          for (const auto wait : {0us, 1us, 300us, 5000us}) {
            t.expect(times_out(wait, [&] { return tx.send_for(2, wait).error().timeout(); }));
          }
        });
      }));

  contract.line(38, "value_then_disconnect_then_timeout",
                "At zero and past deadlines a value comes before a disconnect, and that before a timeout.",
                on<both<needs_disconnect, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    t.expect(rx.recv_for(0s).error() == recv_timeout_error::timeout);
                    t.expect(tx.send_for(1, 0s).has_value());
                    t.expect(rx.recv_until(clock::now() - 1h) == 1);
                    t.expect(tx.send_until(2, clock::time_point::min()).has_value());
                    tx.reset();
                    t.expect(rx.recv_for(0s) == 2);
                    t.expect(rx.recv_for(0s).error() == recv_timeout_error::disconnected);
                  });
                  each<int>(s, with_room, [&](auto& tx, auto& rx) {
                    while (tx.try_send(1)) {
                    }
                    t.expect(tx.send_for(2, 0s).error().timeout());
                    rx.reset();
                    t.expect(tx.send_for(2, 0s).error().disconnected());
                  });
                }));

  contract.line(39, "disconnect_ends_a_timed_wait", "When the other side disconnects, a timed wait ends at once.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread receiver(
                        t, [&] { t.expect(rx.recv_for(1h).error() == recv_timeout_error::disconnected); });
                    receiver.asleep();
                    tx.reset();
                  });
                  each<int>(s, bounded, [&](auto& tx, auto& rx) {
                    while (tx.try_send(1)) {
                    }
                    helper_thread sender(t, [&] { t.expect(tx.send_for(2, 1h).error().disconnected()); });
                    sender.asleep();
                    rx.reset();
                  });
                }));

  contract.line(
      40, "no_overflow", "A huge duration waits, a negative one does not.",
      on<always>(every_channel(), [](test_context& t, const channel& s) {
        each<int>(s, all, [&](auto& tx, auto& rx) {
          t.expect(rx.recv_for(std::chrono::hours::min()).error() == recv_timeout_error::timeout);
          t.expect(rx.recv_until(clock::time_point::min()).error() == recv_timeout_error::timeout);
          helper_thread receiver(t, [&] {
            t.expect(rx.recv_for(std::chrono::nanoseconds::max()) == 1);
            t.expect(rx.recv_for(std::chrono::hours::max()) == 2);
            t.expect(rx.recv_for(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == 3);
            t.expect(rx.recv_until(clock::time_point::max()) == 4);
            t.expect(rx.recv_until(std::chrono::system_clock::time_point::max()) == 5);
            t.expect(rx.recv_for(24h * 30) == 6);
          });
          for (int i = 1; i < 7; ++i) {
            receiver.asleep();
            t.expect(tx.send(i).has_value());
          }
        });
      }));

  contract.line(41, "works_after_a_timeout", "A channel works after timeouts, also when a sender was cloned meanwhile.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread receiver(t, [&] {
                      t.expect(rx.recv_for(20ms).error() == recv_timeout_error::timeout);
                      t.expect(rx.recv_for(1ms).error() == recv_timeout_error::timeout);
                    });
                    receiver.asleep();
                    auto other = clone_or_move(s, tx);
                    receiver.join();
                    helper_thread sender(t, [&] { t.expect(other.send(9).has_value()); });
                    t.expect(rx.recv() == 9);
                  });
                }));

  contract.line(
      42, "waits_by_one_deadline", "However often a timed wait is interrupted, it ends by its first deadline.",
      on<always>(every_channel(), [](test_context& t, const channel& s) {
        struct sigaction old_action;
        struct sigaction ignore {};
        ignore.sa_handler = [](int) {};
        sigaction(SIGUSR1, &ignore, &old_action);
        each<int>(s, all, [&](auto&, auto& rx) {
          std::atomic<pthread_t> thread{};
          std::atomic<bool> named{false};
          helper_thread receiver(t, [&] {
            thread = pthread_self();
            named = true;
            t.expect(times_out(50ms, [&] { return rx.recv_for(50ms).error() == recv_timeout_error::timeout; }));
          });
          while (!named) std::this_thread::yield();
          // A wait that starts anew with each disturbance lasts as long as there are any.
          for (const auto end = clock::now() + 20s; !receiver.finished() && t.expect(clock::now() < end);) {
            pthread_kill(thread, SIGUSR1);
            std::this_thread::sleep_for(1ms);
          }
        });
        sigaction(SIGUSR1, &old_action, nullptr);
      }));

  contract.line(43, "exact_under_timeouts",
                "Under timeouts of 1 ms 10,000 messages, and of 10 ms 8 x 1,000, all arrive once.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  const auto count_all = [](auto& rx, auto patience) {
                    for (std::size_t received = 0;;) {
                      const auto got = rx.recv_for(patience);
                      if (got) ++received;
                      if (!got && got.error() == recv_timeout_error::disconnected) return received;
                    }
                  };
                  each<std::size_t>(s, all, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(10'000);
                    helper_thread sender(t, [&, tx = std::move(tx)]() mutable {
                      for (std::size_t i = 0; i < count; ++i) {
                        // Sometimes longer than the receiver's timeout.
                        if (i % 1000 == 999) std::this_thread::sleep_for(2ms);
                        t.expect(tx.send(i).has_value());
                      }
                    });
                    t.expect(count_all(rx, 1ms) == count);
                  });
                  if (s.traits().producers == cardinality::many) {
                    each<std::size_t>(s, all, [&](auto& tx, auto& rx) {
                      const std::size_t count = t.times(1000);
                      helper_thread senders(t, [&, tx = std::move(tx)]() mutable {
                        std::vector<std::jthread> threads;
                        for (int i = 0; i < 8; ++i) {
                          threads.emplace_back([&, mine = tx.clone()]() mutable {
                            for (std::size_t n = 0; n < count; ++n) t.expect(mine.send(n).has_value());
                          });
                        }
                      });
                      t.expect(count_all(rx, 10ms) == 8 * count);
                    });
                  }
                }));
}

}  // namespace sluice::contract
