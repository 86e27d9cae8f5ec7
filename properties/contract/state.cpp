#include <harness/scenario.hpp>
#include <properties/contract/contract.hpp>
#include <sluice/select.hpp>
#include <sluice/timer.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <iostream>

/// Lines 81 to 88, and 164: size, identity and waking.
namespace sluice::contract {
namespace {

std::ptrdiff_t threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

/// Whether an operation that blocks for a second uses under a hundredth of a processor, and no further thread, unless
/// the channel has its own.
template <class Operation>
void blocks_asleep(test_context& t, Operation operation, std::function<void()> release, bool own_threads = false) {
  const auto before = threads_now();
  std::chrono::nanoseconds used{};
  helper_thread waiting(t, [&] {
    const auto start = worker::cpu_time();
    operation();
    used = worker::cpu_time() - start;
  });
  waiting.asleep();
  // The span whose processor time is tested.
  std::this_thread::sleep_for(1s);
  t.expect(!waiting.finished());
  // A thread that was joined just before may have been counted still.
  t.expect(threads_now() <= before + 1 || own_threads);
  release();
  waiting.join();
  t.expect(used < 10ms);
}

void add_sizes(line_table& contract) {
  contract.line(81, "exact_when_quiet", "While no thread operates, both sides agree on size, empty and full, exactly.",
                on<both<needs_buffer, needs_exact_size>>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {std::nullopt, 1, 3, 100}, [&](auto& tx, auto& rx) {
                    const std::size_t room = tx.capacity().value_or(100);
                    const auto check = [&](std::size_t n) {
                      t.expect(tx.size() == n && rx.size() == n);
                      t.expect(tx.empty() == (n == 0) && rx.empty() == (n == 0));
                      const bool full = tx.capacity() == n;
                      t.expect(tx.full() == full && rx.full() == full);
                    };
                    check(0);
                    for (std::size_t n = 0; n < room; ++n) {
                      t.expect(tx.send(n).has_value());
                      check(n + 1);
                    }
                    for (std::size_t n = room; n > 0; --n) {
                      t.expect(rx.recv().has_value());
                      check(n - 1);
                    }
                  });
                }));

  auto shapes = on<always>(every_channel(), [](test_context& t, const channel& s) {
    each<int>(s, all, [&](auto& tx, auto& rx) {
      t.expect(tx.capacity() == rx.capacity());
      if (tx.capacity() == 0) t.expect(tx.size() == 0 && tx.empty() && tx.full() && rx.empty() && rx.full());
      if (!tx.capacity()) t.expect(!tx.full());
    });
  });
  shapes.push_back({.channel = "timer", .not_applicable = {}, .test = [](test_context& t) {
                      t.expect(timer::after(1h).capacity() == 1 && timer::tick(1h).capacity() == 1);
                      t.expect(timer::never().capacity() == 0 && timer::never().empty());
                      auto now = timer::after(0s);
                      t.expect(now.size() == 1 && now.full() && now.try_recv().has_value() && now.empty());
                    }});
  contract.line(82, "capacities", "A rendezvous is empty and full at once; timers have room for one; never has none.",
                shapes);

  contract.line(83, "no_stale_emptiness", "Size and emptiness are right after each of 256 pairs of send and receive.",
                on<both<needs_buffer, needs_exact_size>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    for (int i = 0; i < 256; ++i) {
                      t.expect(tx.send(i).has_value() && !rx.empty() && rx.size() == 1);
                      t.expect(rx.recv() == i && rx.empty() && tx.size() == 0);
                    }
                  });
                }));

  auto identities = on<always>(every_channel(), [](test_context& t, const channel& s) {
    each<int>(s, all, [&](auto& tx, auto& rx) {
      auto [other_tx, other_rx] = s.make<int>(tx.capacity());
      t.expect(tx.same_channel(tx) && rx.same_channel(rx));
      if (s.traits().producers == cardinality::many) t.expect(tx.same_channel(tx.clone()));
      t.expect(!tx.same_channel(other_tx) && !rx.same_channel(other_rx));
      if (s.traits().consumers == cardinality::many) t.expect(rx.same_channel(rx.clone()));
    });
  });
  identities.push_back({.channel = "timer", .not_applicable = {}, .test = [](test_context& t) {
                          const auto one = timer::after(1h);
                          t.expect(one.same_channel(one.clone()) && !one.same_channel(timer::after(1h)));
                          t.expect(timer::never().same_channel(timer::never()));
                        }});
  contract.line(84, "same_channel", "Clones are of the same channel; others of the same shape are not.", identities);
}

void add_waking(line_table& contract) {
  contract.line(85, "none_stays_parked",
                "16 receivers wait and 16 messages are sent, a thousand times: no receiver keeps waiting.",
                on<needs_consumers>(every_core(), [](test_context& t, const channel& s) {
                  constexpr std::size_t waiting = 16;
                  each<int>(s, {std::nullopt, 0, 1}, [&](auto& tx, auto& rx) {
                    const std::size_t rounds = t.times(1000);
                    std::atomic<std::size_t> served{0};
                    thread_group threads(t.dog());
                    std::vector<const worker*> receivers;
                    for (std::size_t i = 0; i < waiting; ++i) {
                      receivers.push_back(&threads.add("receiver", [&](worker&) {
                        for (std::size_t n = 0; n < rounds; ++n) {
                          t.expect(rx.recv().has_value());
                          ++served;
                          // No receiver takes two messages of one round.
                          for (auto now = served.load(); now < (n + 1) * waiting; now = served.load()) served.wait(now);
                          served.notify_all();
                        }
                      }));
                    }
                    threads.start();
                    for (std::size_t n = 0; n < rounds; ++n) {
                      receivers[n % waiting]->await_asleep();
                      for (std::size_t i = 0; i < waiting; ++i) t.expect(tx.send(1).has_value());
                      for (auto now = served.load(); now < (n + 1) * waiting; now = served.load())
                        std::this_thread::yield();
                      served.notify_all();
                    }
                    threads.join();
                  });
                }));

  contract.line(86, "wake_ups_are_passed_on",
                "A wake-up of a thread that took another arm, or timed out, is passed on to the next.",
                on<needs_consumers>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    for (std::size_t round = 0; s.selectable() && round < t.times(1000); ++round) {
                      auto [other_tx, other_rx] = s.make<int>(tx.capacity());
                      bool chose_other = false;
                      helper_thread chooser(t, [&] {
                        select(on_recv(rx, [](auto) {}), on_recv(other_rx, [&](auto) { chose_other = true; }));
                      });
                      helper_thread plain(t, [&] { t.expect(rx.recv().has_value()); });
                      helper_thread late(t, [&] { (void)other_tx.send(1); });
                      if (round % 2 == 0) chooser.asleep();
                      t.expect(tx.send(1).has_value());
                      chooser.join();
                      if (!chose_other) t.expect(tx.send(2).has_value());
                      plain.join();
                      other_rx.reset();
                      late.join();
                    }
                    for (std::size_t round = 0; round < t.times(1000); ++round) {
                      bool got = false;
                      helper_thread hasty(t, [&] { got = rx.recv_for(50us).has_value(); });
                      helper_thread patient(t, [&] { t.expect(rx.recv().has_value()); });
                      t.expect(tx.send(1).has_value());
                      hasty.join();
                      if (got) t.expect(tx.send(2).has_value());
                      patient.join();
                    }
                  });
                }));

  auto idle = on<always>(every_channel(), [](test_context& t, const channel& s) {
    each<int>(s, {s.traits().unbounded ? capacities::value_type{} : s.traits().least_capacity},
              [&](auto& tx, auto& rx) {
                blocks_asleep(
                    t, [&] { (void)rx.recv(); }, [&] { (void)tx.send(1); }, s.traits().own_threads);
                if (!s.selectable()) return;
                blocks_asleep(
                    t, [&] { select(on_recv(rx, [](auto) {}), on_timeout(1h, [] {})); }, [&] { (void)tx.send(1); });
              });
    each<int>(s, {s.traits().greatest_capacity == 0 ? 0 : 1}, [&](auto& tx, auto& rx) {
      while (tx.try_send(1)) {
      }
      blocks_asleep(
          t, [&] { (void)tx.send(2); }, [&] { (void)rx.recv(); }, s.traits().own_threads);
    });
  });
  idle.push_back({.channel = "timer", .not_applicable = {}, .test = [](test_context& t) {
                    const auto start = clock::now();
                    blocks_asleep(
                        t, [&] { (void)timer::after(3s).recv(); }, [] {});
                    t.expect(clock::now() - start >= 3s);
                  }});
  contract.line(87, "blocked_means_asleep",
                "A blocked receive, send, select or timer uses under 1 % of a processor over a second, and no thread.",
                idle);

  contract.line(88, "every_receiver_is_served", "Every receiver gets messages in the end; the shares are printed.",
                on<needs_consumers>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, {std::nullopt, 0, 64}, [&](auto& tx, auto& rx) {
                    std::array<std::atomic<std::size_t>, 4> shares{};
                    std::atomic<bool> served{false};
                    t.together(5, [&](std::size_t i) {
                      if (i < 4) {
                        while (rx.recv()) ++shares[i];
                        return;
                      }
                      for (std::size_t n = 0; n < t.times(100'000) || !served; ++n) {
                        t.expect(tx.send(1).has_value());
                        served = std::ranges::none_of(shares, [](const auto& share) { return share == 0; });
                      }
                      tx.reset();
                    });
                    std::cout << "    shares of four receivers, capacity " << harness::to_string(rx.capacity()) << ":";
                    for (const auto& share : shares) std::cout << " " << share;
                    std::cout << "\n";
                  });
                }));

  contract.line(
      164, "bounded_bypass",
      "A sender that waits is overtaken by no more sends than the channel promises, whatever three others do.",
      on<both<needs_bounded_bypass, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
        for (std::size_t round = 0; round < t.times(200); ++round) {
          each<int>(s, {0, 1, 64}, [&](auto& tx, auto& rx) {
            constexpr std::size_t others = 3;
            const std::size_t capacity = *tx.capacity();
            for (std::size_t n = 0; n < capacity; ++n) t.expect(tx.send(0).has_value());
            helper_thread waiting(t, [&] { t.expect(tx.send(1).has_value()); });
            waiting.asleep();
            helper_thread peer(t, [&] {
              std::size_t before = 0;
              while (rx.recv() == 0) ++before;
              t.expect(before <= capacity + s.traits().bypass + others + 1);
              rx.reset();
            });
            t.together(others, [&](std::size_t) {
              while (tx.send(0)) {
              }
            });
          });
        }
      }));
}

}  // namespace

void add_state(line_table& contract) {
  add_sizes(contract);
  add_waking(contract);
}

}  // namespace sluice::contract
