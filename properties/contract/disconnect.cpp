#include <properties/contract/contract.hpp>

#include <deque>
#include <memory>

/// Lines 44 to 56: disconnect.
namespace sluice::contract {
namespace {

void add_sides(line_table& contract) {
  contract.line(44, "empty_and_disconnected", "Without senders an empty channel returns `disconnected`, every time.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    tx.reset();
                    for (int i = 0; i < 3; ++i) {
                      t.expect(rx.recv().error() == recv_error::disconnected);
                      t.expect(rx.try_recv().error() == try_recv_error::disconnected);
                      t.expect(rx.recv_for(1h).error() == recv_timeout_error::disconnected);
                    }
                  });
                }));

  contract.line(45, "buffered_first",
                "What was buffered when the last sender disconnected is received first, in order.",
                on<both<needs_disconnect, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, {std::nullopt, 3, 40}, [&](auto& tx, auto& rx) {
                    for (int i = 0; i < 3; ++i) t.expect(tx.send(i).has_value());
                    tx.reset();
                    for (int i = 0; i < 3; ++i) t.expect(rx.recv() == i);
                    t.expect(rx.recv().error() == recv_error::disconnected);
                  });
                }));

  contract.line(46, "every_send_fails", "Without receivers each form of send returns its message, even with room.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    rx.reset();
                    const auto sent = tx.send(std::make_unique<int>(1));
                    t.expect(!sent && *sent.error().value == 1);
                    const auto tried = tx.try_send(std::make_unique<int>(2));
                    t.expect(tried.error().disconnected() && *tried.error().value == 2);
                    const auto timed = tx.send_for(std::make_unique<int>(3), 1h);
                    t.expect(timed.error().disconnected() && *timed.error().value == 3);
                  });
                }));

  contract.line(47, "all_receivers_wake",
                "Of 8 receivers that wait for 3 messages and a disconnect, 3 get a message and 5 an error.",
                on<both<needs_disconnect, needs_consumers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::atomic<int> messages{0};
                    std::deque<helper_thread> receivers;
                    for (int i = 0; i < 8; ++i) {
                      receivers.emplace_back(t,
                                             [&, mine = rx.clone()]() mutable { messages += mine.recv().has_value(); });
                    }
                    for (const auto& receiver : receivers) receiver.asleep();
                    for (int i = 0; i < 3; ++i) t.expect(tx.send(i).has_value());
                    tx.reset();
                    receivers.clear();
                    t.expect(messages == 3);
                  });
                }));

  contract.line(48, "all_senders_wake",
                "When the last receiver disconnects, all of 10 waiting senders wake, with their messages.",
                on<both<needs_disconnect, needs_bounded, needs_producers>>(
                    every_channel(), [](test_context& t, const channel& s) {
                      each<std::unique_ptr<int>>(s, bounded, [&](auto& tx, auto& rx) {
                        while (tx.try_send(std::make_unique<int>(-1))) {
                        }
                        std::deque<helper_thread> senders;
                        for (int i = 0; i < 10; ++i) {
                          senders.emplace_back(t, [&, i, mine = tx.clone()]() mutable {
                            const auto refused = mine.send(std::make_unique<int>(i));
                            t.expect(!refused && *refused.error().value == i);
                          });
                        }
                        for (const auto& sender : senders) sender.asleep();
                        rx.reset();
                      });
                    }));

  contract.line(49, "unreceived_die_at_once",
                "When the last receiver disconnects, what is buffered is destroyed at once, even without memory.",
                on<both<needs_discard, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::shared_ptr<int>>(s, {std::nullopt, 5, 40}, [&](auto& tx, auto& rx) {
                    const auto watched = std::make_shared<int>(0);
                    for (int i = 0; i < 5; ++i) t.expect(tx.send(watched).has_value());
                    t.expect(watched.use_count() == 6);
                    // reset() is noexcept: an allocation that fails in it would end the program.
                    allocations::fail(0);
                    rx.reset();
                    t.expect(!allocations::failed());
                    t.expect(watched.use_count() == 1);
                  });
                }));
}

void add_races(line_table& contract) {
  contract.line(50, "send_races_the_receivers_end",
                "The message of a send that races the receiver's disconnect is returned or destroyed.",
                on<needs_discard>(every_core(), [](test_context& t, const channel& s) {
                  for (std::size_t round = 0; round < t.times(2000); ++round) {
                    each<std::shared_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                      const auto watched = std::make_shared<int>(0);
                      t.together(2, [&](std::size_t i) {
                        if (i == 0) {
                          const auto sent = tx.send(watched);
                          t.expect(sent || sent.error().value == watched);
                        } else {
                          rx.reset();
                        }
                      });
                      t.expect(watched.use_count() == 1);
                    });
                  }
                }));

  contract.line(51, "last_words_arrive", "A message arrives although its sender disconnects right after the send.",
                on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
                  for (std::size_t round = 0; round < t.times(2000); ++round) {
                    each<int>(s, all, [&](auto& tx, auto& rx) {
                      t.together(2, [&](std::size_t i) {
                        if (i == 0) {
                          t.expect(tx.send(1).has_value());
                          tx.reset();
                        } else {
                          t.expect(rx.recv() == 1);
                          t.expect(rx.recv().error() == recv_error::disconnected);
                        }
                      });
                    });
                  }
                }));

  contract.line(52, "both_sides_go_at_once",
                "When the last sender and the last receiver disconnect together, everything is freed once.",
                on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(2000); ++round) {
                    each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                      (void)tx.try_send(std::make_unique<int>(1));
                      t.together(2, [&](std::size_t i) { i == 0 ? tx.reset() : rx.reset(); });
                    });
                  }
                  t.expect(allocations::live() == before);
                }));

  contract.line(53, "ends_cascade", "The disconnect of the first or last of 32 stages runs through the whole pipeline.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  for (const bool from_the_front : {true, false}) {
                    for (const auto& capacity : accepted(s, all)) {
                      auto [first, in] = s.make<int>(capacity);
                      std::deque<helper_thread> stages;
                      for (int i = 0; i < 32; ++i) {
                        auto [next_tx, next_rx] = s.make<int>(capacity);
                        stages.emplace_back(t, [rx = std::move(in), tx = std::move(next_tx)]() mutable {
                          while (auto got = rx.recv()) {
                            if (!tx.send(*got)) return;
                          }
                        });
                        in = std::move(next_rx);
                      }
                      t.expect(first.send(7).has_value());
                      t.expect(in.recv() == 7);
                      if (from_the_front) {
                        first.reset();
                        t.expect(in.recv().error() == recv_error::disconnected);
                      } else {
                        in.reset();
                        while (first.send(8)) {
                        }
                      }
                    }
                  }
                }));

  contract.line(54, "never_disconnected_early", "A receiver never returns `disconnected` while any sender lives.",
                on<both<needs_disconnect, needs_producers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::atomic<int> cloning{2};
                    t.together(3, [&](std::size_t i) {
                      if (i < 2) {
                        auto mine = tx.clone();
                        for (std::size_t n = 0; n < t.times(20'000); ++n) mine = mine.clone();
                        --cloning;
                      } else {
                        while (cloning != 0) t.expect(rx.try_recv().error() == try_recv_error::empty);
                      }
                    });
                    tx.reset();
                    t.expect(rx.try_recv().error() == try_recv_error::disconnected);
                  });
                }));

  contract.line(55, "late_clones_fail_too",
                "A sender cloned after the receiver has disconnected fails as its original does.",
                on<both<needs_disconnect, needs_producers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    rx.reset();
                    auto other = tx.clone();
                    tx.reset();
                    t.expect(other.send(1).error().value == 1);
                  });
                }));

  contract.line(56, "one_receiver_of_many_goes", "When one of several receivers disconnects, nothing is lost.",
                on<both<needs_disconnect, needs_consumers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, all, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(10'000);
                    std::atomic<std::size_t> sum{0};
                    t.together(3, [&, count](std::size_t i) {
                      if (i == 0) {
                        for (std::size_t n = 1; n <= count; ++n) t.expect(tx.send(n).has_value());
                        tx.reset();
                      } else if (i == 1) {
                        for (std::size_t n = 0; n < count / 10; ++n) {
                          auto passing = rx.clone();
                          if (const auto got = passing.try_recv()) sum += *got;
                        }
                      } else {
                        for (auto mine = rx.clone(); const auto got = mine.recv();) sum += *got;
                      }
                    });
                    t.expect(sum == count * (count + 1) / 2);
                  });
                }));
}

}  // namespace

void add_disconnect(line_table& contract) {
  add_sides(contract);
  add_races(contract);
}

}  // namespace sluice::contract
