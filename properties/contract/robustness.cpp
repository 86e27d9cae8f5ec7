#include <properties/contract/contract.hpp>
#include <sluice/broadcast.hpp>
#include <sluice/oneshot.hpp>
#include <sluice/select.hpp>
#include <sluice/timer.hpp>

#include <pthread.h>
#include <csignal>

#include <deque>
#include <memory>
#include <optional>

/// Lines 131 to 136: robustness.
namespace sluice::contract {

echo::~echo() {
  if (channel && !channel->try_send(echo(nullptr, nullptr))) ++*refused;
}

namespace {

/// One thread sends and disconnects, the other receives and disconnects.
template <class Tx, class Rx>
void part_at_once(test_context& t, Tx& tx, Rx& rx) {
  t.together(2, [&](std::size_t i) {
    if (i == 0) {
      (void)tx.send(1);
      tx.reset();
    } else {
      (void)rx.recv();
      rx.reset();
    }
  });
}

/// Runs a job as a thread's last act, when its thread-local objects are destroyed.
struct last_act {
  std::function<void()> job;
  ~last_act() {
    if (job) job();
  }
};

}  // namespace

void add_robustness(line_table& contract) {
  contract.line(131, "signals_are_not_seen", "A signal that interrupts a wait does not end it.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  struct sigaction old_action;
                  struct sigaction ignore {};
                  ignore.sa_handler = [](int) {};
                  sigaction(SIGUSR1, &ignore, &old_action);
                  const auto bother = [&](auto wait, auto release) {
                    std::atomic<pthread_t> thread{};
                    std::atomic<bool> named{false};
                    helper_thread waiting(t, [&] {
                      thread = pthread_self();
                      named = true;
                      wait();
                    });
                    while (!named) std::this_thread::yield();
                    for (int i = 0; i < 200; ++i) {
                      pthread_kill(thread, SIGUSR1);
                      std::this_thread::yield();
                    }
                    t.expect(!waiting.asleep().finished());
                    release();
                  };
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    bother([&] { t.expect(rx.recv() == 1); }, [&] { t.expect(tx.send(1).has_value()); });
                    bother([&] { t.expect(rx.recv_for(1h) == 2); }, [&] { t.expect(tx.send(2).has_value()); });
                    bother([&] { select_or_recv(s, rx, [&](auto got) { t.expect(got == 3); }); },
                           [&] { t.expect(tx.send(3).has_value()); });
                    if (!tx.capacity()) return;
                    int filled = 0;
                    while (tx.try_send(filled)) ++filled;
                    bother([&] { t.expect(tx.send(filled).has_value()); }, [&] { t.expect(rx.recv() == 0); });
                  });
                  sigaction(SIGUSR1, &old_action, nullptr);
                }));

  auto destructors = on<both<needs_buffer, needs_discard>>(every_channel(), [](test_context& t, const channel& s) {
    each<echo>(s, buffered, [&](auto& tx, auto& rx) {
      std::atomic<int> refused{0};
      t.expect(tx.send(echo(&tx, &refused)).has_value());
      { const auto got = rx.recv(); }
      t.expect(refused == 0 && rx.recv()->channel == nullptr);
      t.expect(tx.send(echo(&tx, &refused)).has_value());
      rx.reset();
      t.expect(refused == 1);
    });
  });
  destructors.push_back({.channel = "broadcast", .not_applicable = {}, .test = [](test_context& t) {
                           struct parting {
                             broadcast::sender<std::shared_ptr<parting>>* channel;
                             int* reached;
                             ~parting() { *reached += channel->send(nullptr).has_value(); }
                           };
                           int reached = 0;
                           auto [tx, rx] = broadcast::channel<std::shared_ptr<parting>>(1);
                           t.expect(tx.send(std::make_shared<parting>(&tx, &reached)).has_value());
                           t.expect(tx.send(nullptr).has_value());
                           t.expect(reached == 1 && rx.size() == 3);
                           t.expect(tx.send(std::make_shared<parting>(&tx, &reached)).has_value());
                           rx.reset();
                           t.expect(reached == 1);
                         }});
  contract.line(132, "destructors_may_use_the_channel",
                "A message's destructor may send on its own channel, also while the channel is destroyed.",
                destructors);

  auto last_wakes = on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
    for (std::size_t round = 0; round < t.times(2000); ++round) {
      each<int>(s, all, [&](auto& tx, auto& rx) { part_at_once(t, tx, rx); });
    }
  });
  last_wakes.push_back({.channel = "broadcast", .not_applicable = {}, .test = [](test_context& t) {
                          for (std::size_t round = 0; round < t.times(2000); ++round) {
                            auto [tx, rx] = broadcast::channel<int>(1);
                            part_at_once(t, tx, rx);
                          }
                        }});
  last_wakes.push_back({.channel = "oneshot", .not_applicable = {}, .test = [](test_context& t) {
                          for (std::size_t round = 0; round < t.times(2000); ++round) {
                            auto [tx, rx] = oneshot::channel<int>();
                            t.together(2, [&, &tx = tx, &rx = rx](std::size_t i) {
                              if (i == 0) {
                                (void)tx.send(1);
                              } else {
                                select(on_recv(rx, [&](auto got) { t.expect(got == 1); }));
                                rx.reset();
                              }
                            });
                          }
                        }});
  contract.line(133, "wakers_let_go_in_time",
                "A thread that wakes a peer does not access the channel once that peer may have freed it.", last_wakes);

  contract.line(134, "thread_local_destructors",
                "Blocking operations work while a thread's thread-local objects are destroyed.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::jthread receiver([&] {
                      thread_local last_act act;
                      act.job = [&] {
                        t.expect(rx.recv() == 1 && rx.recv_for(1h) == 2);
                        select_or_recv(s, rx, [&](auto got) { t.expect(got == 3); });
                      };
                    });
                    std::jthread sender([&] {
                      thread_local last_act act;
                      act.job = [&] {
                        for (int i = 1; i <= 3; ++i) t.expect(tx.send(i).has_value());
                      };
                    });
                  });
                }));

  auto teardown = on<always>(every_channel(), [](test_context& t, const channel& s) {
    const std::size_t before = allocations::live();
    for (const int left : {0, 1, 31, 32, 63, 100}) {
      each<std::unique_ptr<int>>(s, {std::nullopt, 0, 1, 100}, [&](auto& tx, auto& rx) {
        for (int i = 0; i < 40 && tx.try_send(std::make_unique<int>(i)); ++i) (void)rx.try_recv();
        for (int i = 0; i < left && tx.try_send(std::make_unique<int>(i)); ++i) {
        }
      });
    }
    t.expect(allocations::live() == before);
  });
  teardown.push_back({.channel = "broadcast", .not_applicable = {}, .test = [](test_context& t) {
                        const std::size_t before = allocations::live();
                        {
                          auto [tx, rx] = broadcast::channel<std::unique_ptr<int>*>(3);
                          auto other = rx.clone();
                          for (int i = 0; i < 5; ++i) (void)tx.send(nullptr);
                          (void)other.try_recv();
                        }
                        t.expect(allocations::live() == before);
                      }});
  contract.line(135, "everything_is_freed", "When the last handle is dropped, every block is freed.", teardown);

  auto whole = on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
    for (const auto& capacity : accepted(s, all)) {
      {
        // The prime sieve: a filter for each prime, each a thread between two channels.
        auto [numbers, candidates] = s.make<int>(capacity);
        std::deque<helper_thread> filters;
        filters.emplace_back(t, [tx = std::move(numbers)]() mutable {
          for (int n = 2; tx.send(n); ++n) {
          }
        });
        std::vector<int> primes;
        auto in = std::move(candidates);
        while (primes.size() < 25) {
          const int prime = primes.emplace_back(in.recv().value());
          auto [tx, rx] = s.make<int>(capacity);
          filters.emplace_back(t, [prime, from = std::move(in), to = std::move(tx)]() mutable {
            for (const int n : from) {
              if (n % prime != 0 && !to.send(n)) return;
            }
          });
          in = std::move(rx);
        }
        t.expect(primes.front() == 2 && primes[12] == 41 && primes.back() == 97);
        in.reset();
      }
      {
        // A chain of a hundred stages, each adding one.
        auto [first, in] = s.make<int>(capacity);
        std::deque<helper_thread> stages;
        for (int i = 0; i < 100; ++i) {
          auto [tx, rx] = s.make<int>(capacity);
          stages.emplace_back(t, [from = std::move(in), to = std::move(tx)]() mutable {
            for (const int n : from) {
              if (!to.send(n + 1)) return;
            }
          });
          in = std::move(rx);
        }
        t.expect(first.send(1).has_value() && in.recv() == 101);
        first.reset();
      }
      {
        // 10,944 sends, plain and by select, to as many receives of both kinds, on eight channels.
        constexpr std::size_t channels = 8;
        constexpr std::size_t per_channel = 10'944 / channels;
        std::deque<std::pair<sender<int>, receiver<int>>> c;
        for (std::size_t i = 0; i < channels; ++i) c.push_back(s.make<int>(capacity));
        std::atomic<std::size_t> sent{0};
        std::atomic<std::size_t> received{0};
        t.together(2 * channels, [&](std::size_t i) {
          const std::size_t mine = i / 2;
          for (std::size_t n = 0; n < per_channel; ++n) {
            auto& [tx, rx] = c[mine];
            if (i % 2 == 0) {
              if (n % 2 == 0 || !s.selectable()) {
                sent += tx.send(1).has_value();
              } else {
                select(on_send(tx, int{1}, [&](auto done) { sent += done.has_value(); }));
              }
            } else if (n % 3 == 0) {
              received += rx.recv().has_value();
            } else {
              select_or_recv(s, rx, [&](auto got) { received += got.has_value(); });
            }
          }
        });
        t.expect(sent == 10'944 && received == 10'944);
      }
    }
  });
  contract.line(136, "whole_programs",
                "10,944 sends meet as many receives; a sieve finds 25 primes; a chain of 100 stages works.", whole);
}

}  // namespace sluice::contract
