#include <properties/contract/contract.hpp>

#include <pthread.h>

#include <array>
#include <memory>

/// Lines 8 to 23: unbounded and bounded channels.
namespace sluice::contract {

std::size_t failures_near_wrap();

namespace {

/// Runs a job on a thread whose stack is too small for a block of large messages.
///
/// \returns  whether there is such a thread.
template <class Job>
bool on_small_stack(std::size_t bytes, Job job) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread;
  const int failed = pthread_create(
      &thread, &attributes,
      [](void* j) -> void* {
        (*static_cast<Job*>(j))();
        return nullptr;
      },
      &job);
  pthread_attr_destroy(&attributes);
  if (failed == 0) pthread_join(thread, nullptr);
  return failed == 0;
}

void add_unbounded(line_table& contract) {
  contract.line(8, "send_never_blocks", "On an unbounded channel a million sends return without a receive.",
                on<needs_unbounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(1'000'000));
                    for (int i = 0; i < count; ++i) t.expect(tx.send(i).has_value());
                    for (int i = 0; i < count; ++i) t.expect(rx.recv() == i);
                  });
                }));

  contract.line(9, "never_full", "On an unbounded channel try_send is never full and a timed send never times out.",
                on<needs_unbounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, unbounded, [&](auto& tx, auto&) {
                    for (int i = 0; i < 1000; ++i) {
                      t.expect(tx.try_send(i).has_value());
                      t.expect(tx.send_for(i, 0ms).has_value());
                    }
                  });
                }));

  contract.line(10, "one_to_one_in_order", "A hundred thousand messages arrive in order, then disconnected.",
                on<needs_unbounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(100'000));
                    helper_thread sender(t, [&, tx = std::move(tx)]() mutable {
                      for (int i = 0; i < count; ++i) t.expect(tx.send(i).has_value());
                    });
                    for (int i = 0; i < count; ++i) t.expect(rx.recv() == i);
                    t.expect(rx.recv().error() == recv_error::disconnected);
                  });
                }));

  contract.line(
      11, "four_to_four", "Of 4 x 4 x 25,000 messages each value is seen four times, and nothing is left.",
      on<both<needs_unbounded, needs_producers, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
        each<std::size_t>(s, unbounded, [&](auto& tx, auto& rx) {
          const std::size_t count = t.times(25'000);
          std::vector<std::atomic<int>> seen(count);
          t.together(8, [&](std::size_t i) {
            for (std::size_t n = 0; n < count; ++n) {
              if (i < 4) {
                t.expect(tx.send(n).has_value());
              } else {
                ++seen[rx.recv().value()];
              }
            }
          });
          for (const auto& times : seen) t.expect(times == 4);
          t.expect(rx.try_recv().error() == try_recv_error::empty);
        });
      }));

  contract.line(12, "no_block_on_the_stack", "Messages of 32 KiB can be sent from a thread with a small stack.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<large<32768>>(s, all, [&](auto& tx, auto& rx) {
                    auto filled = std::make_unique<large<32768>>();
                    filled->bytes.fill(7);
                    helper_thread sender(t, [&] {
                      const bool ran = on_small_stack(768 * 1024, [&] { t.expect(tx.send(*filled).has_value()); });
                      if (!t.expect(ran)) tx.reset();
                    });
                    const auto got = std::make_unique<std::expected<large<32768>, recv_error>>(rx.recv());
                    t.expect(got->has_value() && (*got)->bytes == filled->bytes);
                  });
                }));

  contract.line(13, "first_sends_race", "Two first sends may race each other, a receive and the receiver's disconnect.",
                on<both<needs_unbounded, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(2000); ++round) {
                    each<std::unique_ptr<int>>(s, unbounded, [&](auto& tx, auto& rx) {
                      t.together(3, [&](std::size_t i) {
                        if (i < 2) {
                          (void)tx.send(std::make_unique<int>(1));
                        } else if (round % 2 == 0) {
                          t.expect(*rx.recv().value() == 1);
                        } else {
                          rx.reset();
                        }
                      });
                    });
                  }
                  t.expect(allocations::live() == before);
                }));

  contract.line(14, "steady_state_does_not_grow",
                "A second run of 100,000 messages leaves as much allocated as the first.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const auto run = [&] {
                      const int count = static_cast<int>(t.times(100'000));
                      helper_thread sender(t, [&] {
                        for (int i = 0; i < count; ++i) t.expect(tx.send(i).has_value());
                      });
                      for (int i = 0; i < count; ++i) t.expect(rx.recv() == i);
                    };
                    run();
                    const std::size_t before = allocations::live();
                    run();
                    t.expect(allocations::live() <= before + 1);
                  });
                }));
}

void add_bounded(line_table& contract) {
  contract.line(15, "exactly_c_sends",
                "Exactly C sends succeed, for C from 0 to 199; the next one waits for a receive.",
                on<both<needs_bounded, needs_exact_capacity>>(every_channel(), [](test_context& t, const channel& s) {
                  for (std::size_t capacity = 0; capacity < 200; ++capacity) {
                    if (!s.traits().accepts(capacity)) continue;
                    auto [tx, rx] = s.make<std::size_t>(capacity);
                    for (std::size_t i = 0; i < capacity; ++i) t.expect(tx.try_send(i).has_value());
                    t.expect(!tx.try_send(capacity).has_value());
                    helper_thread sender(t, [&] { t.expect(tx.send(capacity).has_value()); });
                    sender.asleep();
                    t.expect(!sender.finished());
                    for (std::size_t i = 0; i <= capacity; ++i) t.expect(rx.recv() == i);
                  }
                }));

  contract.line(16, "never_more_than_c", "At no time are more than C messages buffered.",
                on<both<needs_bounded, needs_producers, needs_exact_size>>(
                    every_channel(), [](test_context& t, const channel& s) {
                      each<int>(s, bounded, [&](auto& tx, auto& rx) {
                        const int count = static_cast<int>(t.times(25'000));
                        std::atomic<bool> done{false};
                        t.together(3, [&](std::size_t i) {
                          if (i == 0) {
                            for (int n = 0; n < count; ++n) t.expect(tx.send(n).has_value());
                          } else if (i == 1) {
                            for (int n = 0; n < count; ++n) t.expect(rx.recv() == n);
                            done = true;
                          } else {
                            while (!done) {
                              t.expect(tx.size() <= *tx.capacity());
                              std::this_thread::yield();
                            }
                          }
                        });
                      });
                    }));

  contract.line(17, "a_send_needs_a_receive", "The (k+C)-th send completes only after the k-th receive has begun.",
                on<needs_bounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, bounded, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(25'000);
                    std::atomic<std::size_t> begun{0};
                    t.together(2, [&](std::size_t i) {
                      for (std::size_t n = 1; n <= count; ++n) {
                        if (i == 0) {
                          t.expect(tx.send(n).has_value());
                          t.expect(n <= *tx.capacity() + begun);
                        } else {
                          ++begun;
                          t.expect(rx.recv() == n);
                        }
                      }
                    });
                  });
                }));

  contract.line(18, "blocked_values_queue_up",
                "The message of a blocked send is received after those that are buffered.",
                on<needs_bounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, bounded, [&](auto& tx, auto& rx) {
                    const int room = static_cast<int>(*tx.capacity());
                    for (int i = 0; i < room; ++i) t.expect(tx.send(i).has_value());
                    helper_thread sender(t, [&] { t.expect(tx.send(room).has_value()); });
                    sender.asleep();
                    for (int i = 0; i <= room; ++i) t.expect(rx.recv() == i);
                  });
                }));

  contract.line(19, "try_send_wakes", "try_send wakes a receiver that waits.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread receiver(t, [&] { t.expect(rx.recv() == 3); });
                    receiver.asleep();
                    while (!tx.try_send(3)) std::this_thread::yield();
                  });
                }));

  contract.line(20, "try_recv_wakes", "try_recv wakes a sender that waits.",
                on<needs_bounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, bounded, [&](auto& tx, auto& rx) {
                    while (tx.try_send(1)) {
                    }
                    helper_thread sender(t, [&] { t.expect(tx.send(2).has_value()); });
                    sender.asleep();
                    for (int last = 1; last != 2;) {
                      if (const auto got = rx.try_recv()) last = *got;
                    }
                  });
                }));

  contract.line(21, "many_blocked_senders",
                "A hundred threads send 10,000 messages each through a buffer of 5: all return.",
                on<both<needs_room, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {5}, [&](auto& tx, auto& rx) {
                    const std::size_t each_sends = t.times(10'000);
                    std::size_t sum = 0;
                    helper_thread receiver(t, [&, rx = std::move(rx)]() mutable {
                      for (const std::size_t n : rx) sum += n;
                    });
                    t.together(100, [&](std::size_t) {
                      for (std::size_t n = 1; n <= each_sends; ++n) t.expect(tx.send(n).has_value());
                    });
                    tx.reset();
                    receiver.join();
                    t.expect(sum == 100 * each_sends * (each_sends + 1) / 2);
                  });
                }));

  contract.line(22, "any_capacity", "Any capacity is exact, not only powers of two.",
                on<both<needs_room, needs_exact_capacity>>(every_channel(), [](test_context& t, const channel& s) {
                  for (std::size_t capacity = 1; capacity < 10; ++capacity) {
                    auto [tx, rx] = s.make<std::size_t>(capacity);
                    std::size_t taken = 0;
                    while (tx.try_send(taken)) ++taken;
                    t.expect(taken == capacity && tx.capacity() == capacity);
                    for (std::size_t i = 0; i < capacity; ++i) t.expect(rx.try_recv() == i);
                  }
                }));

  auto laps = on<needs_buffer>(every_channel(), [](test_context& t, const channel& s) {
    each<std::size_t>(s, {std::nullopt, 1, 2, 3, 4, 5, 6, 7}, [&](auto& tx, auto& rx) {
      std::size_t in = 0;
      std::size_t out = 0;
      const std::size_t room = tx.capacity().value_or(8);
      for (std::size_t lap = 0; lap < 5000; ++lap) {
        while (in - out < room) t.expect(tx.try_send(in++).has_value());
        t.expect(!s.traits().exact_size || tx.size() == in - out);
        for (std::size_t i = 0; i < 1 + lap % room; ++i) t.expect(rx.try_recv() == out++);
      }
    });
  });
  laps.push_back({.channel = "near the end of the counters", .not_applicable = {}, .test = [](test_context& t) {
                    t.expect(failures_near_wrap() == 0);
                  }});
  contract.line(23, "index_wrap", "A channel works over thousands of laps, and when its counters wrap around.", laps);
}

}  // namespace

void add_capacity(line_table& contract) {
  add_unbounded(contract);
  add_bounded(contract);
}

}  // namespace sluice::contract
