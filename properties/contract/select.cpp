#include <properties/contract/contract.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/select.hpp>
#include <sluice/timer.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <stdexcept>

/// Lines 89 to 105: select.
namespace sluice::contract {
namespace {

const auto ignore = [](auto&&...) {};

/// A handler that returns the arm's number.
auto is(int number) {
  return [number](auto&&...) { return number; };
}

/// A thread selects over two channels of which one is always ready: meanwhile a message is sent to the second and only
/// then received from the first. \param look  selects over both receivers; returns whether it found a message.
template <class Look>
void one_is_always_ready(test_context& t, const channel& s, const std::optional<std::size_t>& capacity, Look look) {
  const std::size_t count = t.times(100'000);
  auto [first_tx, first_rx] = s.make<int>(capacity);
  auto [second_tx, second_rx] = s.make<int>(capacity);
  std::atomic<std::size_t> begun{0};
  std::atomic<std::size_t> ended{0};
  t.together(2, [&](std::size_t i) {
    for (std::size_t n = 1; n <= count; ++n) {
      const auto wait_for = [n](const std::atomic<std::size_t>& step) {
        for (unsigned spins = 0; step != n; ++spins) spins < 1000 ? platform::pause() : std::this_thread::yield();
      };
      if (i == 0) {
        t.expect(first_tx.send(1).has_value());
        begun = n;
        t.expect(look(first_rx, second_rx));
        wait_for(ended);
        (void)first_rx.try_recv();
        (void)second_rx.try_recv();
      } else {
        wait_for(begun);
        t.expect(second_tx.send(2).has_value());
        (void)first_rx.try_recv();
        ended = n;
      }
    }
  });
}

void add_readiness(line_table& contract) {
  contract.line(89, "only_ready_arms", "Only a ready arm is performed.",
                on_selectable<needs_buffer>(every_channel(), [](test_context& t, const channel& s) {
                  const std::optional<std::size_t> capacity =
                      s.traits().accepts(1) ? std::optional<std::size_t>(1) : std::nullopt;
                  auto [empty_tx, empty_rx] = s.make<int>(capacity);
                  auto [ready_tx, ready_rx] = s.make<int>(capacity);
                  for (int n = 0; n < 1000; ++n) {
                    t.expect(ready_tx.send(n).has_value());
                    t.expect(select(on_recv(empty_rx, is(-1)), on_recv(ready_rx, [](auto got) { return *got; })) == n);
                  }
                  if (!capacity) return;
                  t.expect(ready_tx.send(0).has_value());
                  int value = 7;
                  t.expect(select(on_send(ready_tx, value, is(1)), on_send(empty_tx, int{8}, is(2))) == 2);
                  t.expect(value == 7 && empty_rx.recv() == 8);
                }));

  contract.line(90, "a_disconnected_arm_can_go",
                "An arm whose channel is disconnected is ready, for receives and for sends.",
                on_selectable<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    auto [other_tx, other_rx] = s.make<std::unique_ptr<int>>(tx.capacity());
                    other_tx.reset();
                    const auto received = select(on_recv(rx, [](auto) { return recv_error{9}; }),
                                                 on_recv(other_rx, [](auto got) { return got.error(); }),
                                                 otherwise([] { return recv_error{9}; }));
                    t.expect(received == recv_error::disconnected);
                    rx.reset();
                    auto value = std::make_unique<int>(5);
                    select(on_send(tx, value, [&](auto sent) { t.expect(!sent && *sent.error().value == 5); }),
                           otherwise([&] { t.expect(false); }));
                  });
                }));

  contract.line(91, "default_means_none_could", "The default is taken only if at one instant no arm was ready.",
                on_selectable<both<needs_buffer, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
                  for (const auto& capacity : capacities{std::nullopt, 1}) {
                    if (!s.traits().accepts(capacity)) continue;
                    one_is_always_ready(t, s, capacity, [](auto& first, auto& second) {
                      return select(on_recv(first, is(true)), on_recv(second, is(true)), otherwise(is(false)));
                    });
                    one_is_always_ready(t, s, capacity, [](auto& first, auto& second) {
                      return select_in_order(on_recv(second, is(true)), on_recv(first, is(true)), otherwise(is(false)));
                    });
                  }
                }));

  contract.line(92, "so_does_a_zero_timeout", "A timeout of zero is taken only if at one instant no arm was ready.",
                on_selectable<both<needs_buffer, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
                  for (const auto& capacity : capacities{std::nullopt, 1}) {
                    if (!s.traits().accepts(capacity)) continue;
                    one_is_always_ready(t, s, capacity, [](auto& first, auto& second) {
                      return select_in_order(on_recv(second, is(true)), on_recv(first, is(true)),
                                             on_timeout(0s, is(false)));
                    });
                    one_is_always_ready(t, s, capacity, [](auto& first, auto& second) {
                      return select(on_recv(first, is(true)), on_recv(second, is(true)), on_timeout(0s, is(false)));
                    });
                  }
                }));

  contract.line(93, "without_arms",
                "Without arms a select takes its default at once or waits for its timeout; a bare one is an error.",
                only("select", [](test_context& t) {
                  t.expect(select(otherwise(is(1))) == 1);
                  const auto start = clock::now();
                  t.expect(select(on_timeout(5ms, is(1))) == 1 && clock::now() - start >= 5ms);
                  selector none;
                  t.expect(!none.try_wait() && !none.wait_for(1ms));
                  bool refused = false;
                  try {
                    none.wait();
                  } catch (const std::logic_error&) {
                    refused = true;
                  }
                  t.expect(refused);
                }));

  contract.line(94, "fair", "Of n ready arms each is taken about equally often, also if five are of the same channel.",
                on_selectable<needs_unbounded>(every_channel(), [](test_context& t, const channel& s) {
                  constexpr std::size_t count = 10'000;
                  each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                    auto [other_tx, other_rx] = s.make<int>({});
                    auto timer = timer::tick(1ns);
                    for (std::size_t i = 0; i < count; ++i) {
                      t.expect(tx.send(1).has_value() && other_tx.send(1).has_value());
                    }
                    std::array<std::size_t, 3> hits{};
                    for (std::size_t i = 0; i < count; ++i) {
                      ++hits[static_cast<std::size_t>(
                          select(on_recv(rx, is(0)), on_recv(other_rx, is(1)), on_recv(timer, is(2))))];
                    }
                    for (const auto hit : hits) t.expect(hit >= count / hits.size() / 2);
                  });
                  each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                    for (std::size_t i = 0; i < count; ++i) t.expect(tx.send(1).has_value());
                    std::array<std::size_t, 5> hits{};
                    for (std::size_t i = 0; i < count; ++i) {
                      ++hits[static_cast<std::size_t>(select(on_recv(rx, is(0)), on_recv(rx, is(1)), on_recv(rx, is(2)),
                                                             on_recv(rx, is(3)), on_recv(rx, is(4))))];
                    }
                    for (const auto hit : hits) t.expect(hit >= count / hits.size() / 2);
                  });
                  // Two arms: within four and a half standard deviations of one half.
                  each<int>(s, unbounded, [&](auto& tx, auto&) {
                    auto [other_tx, other_rx] = s.make<int>({});
                    for (std::size_t i = 0; i < count; ++i) {
                      select(on_send(tx, int{1}, ignore), on_send(other_tx, int{1}, ignore));
                    }
                    t.expect(std::abs(static_cast<double>(tx.size()) / count - 0.5) <= 0.0221);
                  });
                  each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                    std::size_t first = 0;
                    for (std::size_t i = 0; i < count; ++i) {
                      t.expect(tx.send(1).has_value());
                      first += select(on_recv(rx, is(1)), on_recv(rx, is(0))) == 1;
                    }
                    t.expect(std::abs(static_cast<double>(first) / count - 0.5) <= 0.0221);
                  });
                }));

  contract.line(
      95, "or_in_order", "The biased form takes the first ready arm, in the order written.",
      on_selectable<both<needs_unbounded, needs_consumers>>(every_channel(), [](test_context& t, const channel& s) {
        each<int>(s, unbounded, [&](auto& tx, auto& rx) {
          auto [other_tx, other_rx] = s.make<int>({});
          for (int i = 0; i < 1000; ++i) t.expect(tx.send(i).has_value() && other_tx.send(i).has_value());
          for (int i = 0; i < 1000; ++i) {
            t.expect(select_in_order(on_recv(rx, is(1)), on_recv(other_rx, is(2))) == 1);
          }
          t.expect(select_in_order(on_recv(rx, is(1)), on_recv(other_rx, is(2))) == 2);
          selector chosen;
          const auto first = chosen.recv(other_rx, ignore);
          chosen.recv(other_rx, ignore);
          chosen.prefer_first(true);
          selector same = chosen.clone();
          for (int i = 0; i < 100; ++i) t.expect(chosen.wait() == first && same.wait() == first);
        });
        each<int>(s, unbounded, [&](auto& tx, auto& rx) {
          for (int i = 0; i < 100; ++i) {
            t.expect(select_in_order(on_send(tx, int{i}, is(1)), on_send(tx, int{-1}, is(2))) == 1);
          }
          for (int i = 0; i < 100; ++i) t.expect(rx.recv() == i);
        });
      }));
}

void add_meeting(line_table& contract) {
  auto self = on_selectable<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
    each<int>(s, zero, [&](auto& tx, auto& rx) {
      t.expect(select(on_send(tx, int{1}, is(1)), on_recv(rx, is(2)), on_timeout(5ms, is(3))) == 3);
      t.expect(select(on_send(tx, int{1}, is(1)), on_recv(rx, is(2)), otherwise(is(3))) == 3);
    });
  });
  std::ranges::move(on_selectable<always>(only_channel("lock_free"),
                                          [](test_context& t, const channel& s) {
                                            each<int>(s, unbounded, [&](auto& tx, auto& rx) {
                                              t.expect(select(on_recv(rx, is(2)), on_send(tx, int{1}, is(1))) == 1);
                                            });
                                          }),
                    std::back_inserter(self));
  contract.line(96, "never_meets_itself", "A select never meets itself: on a rendezvous it times out, else it sends.",
                self);

  contract.line(97, "all_pair_up", "44 selects that both send and receive pair up with each other; of 55 and one, too.",
                on_selectable<both<needs_rendezvous, needs_producers, needs_consumers>>(
                    every_core(), [](test_context& t, const channel& s) {
                      each<std::size_t>(s, zero, [&](auto& tx, auto& rx) {
                        for (const bool odd : {false, true}) {
                          const std::size_t count = odd ? 55 : 44;
                          std::atomic<std::size_t> sent{0};
                          t.together(count + odd, [&](std::size_t i) {
                            // With 55 one is left over; a plain send is there to meet it.
                            if (i == count) {
                              t.expect(tx.send(std::size_t{i}).has_value());
                              ++sent;
                              return;
                            }
                            select(on_send(tx, std::size_t{i}, [&](auto done) { sent += done.has_value(); }),
                                   on_recv(rx, [&](auto got) { t.expect(got.has_value() && *got != i); }));
                          });
                          t.expect(sent == (count + odd) / 2);
                          t.expect(rx.try_recv().error() == try_recv_error::empty && tx.try_send(0).error().full());
                        }
                      });
                    }));

  contract.line(98, "exactly_one_takes_effect",
                "Exactly one arm takes effect; the values of the others stay the caller's.",
                on_selectable<always>(every_core(), [](test_context& t, const channel& s) {
                  each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    auto [other_tx, other_rx] = s.make<std::unique_ptr<int>>(tx.capacity());
                    const int count = static_cast<int>(t.times(10'000));
                    std::atomic<int> received{0};
                    t.together(3, [&](std::size_t i) {
                      if (i == 0) {
                        for (int n = 0; n < count; ++n) {
                          auto one = std::make_unique<int>(n);
                          auto two = std::make_unique<int>(n);
                          const int fired = select(on_send(tx, one, is(1)), on_send(other_tx, two, is(2)));
                          t.expect(fired == 1 ? !one && two && *two == n : one && !two && *one == n);
                        }
                        tx.reset();
                        other_tx.reset();
                      } else {
                        for (const auto& message : i == 1 ? rx : other_rx) received += message != nullptr;
                      }
                    });
                    t.expect(received == count);
                  });
                }));

  contract.line(99, "no_registration_left",
                "A completed select leaves no registration behind: no peer meets it, and memory does not grow.",
                on_selectable<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    auto [other_tx, other_rx] = s.make<int>(tx.capacity());
                    const auto once = [&](int n) {
                      helper_thread chooser(t, [&] {
                        select(on_recv(rx, ignore), on_recv(rx, ignore),
                               on_recv(other_rx, [&](auto got) { t.expect(got == n); }));
                      });
                      if (n % 10 == 0) chooser.asleep();
                      t.expect(other_tx.send(n).has_value());
                    };
                    once(0);
                    const std::size_t before = allocations::live();
                    for (int n = 1; n < 100; ++n) once(n);
                    t.expect(allocations::live() <= before + 1);
                    // A receiver that is no longer there does not take a message.
                    if (tx.capacity() == 0) {
                      t.expect(tx.try_send(1).error().full());
                    } else {
                      t.expect(tx.try_send(1).has_value() && rx.try_recv() == 1);
                    }
                  });
                }));
}

void add_use(line_table& contract) {
  contract.line(100, "a_selector_serves_again",
                "A timeout is kept; a selector can wait 10,000 times, and its clones in 20 threads.",
                on_selectable<always>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const auto start = clock::now();
                    t.expect(select(on_recv(rx, is(0)), on_timeout(20ms, is(1))) == 1 && clock::now() - start >= 20ms);
                    const int count = static_cast<int>(t.times(10'000));
                    auto [other_tx, other_rx] = s.make<int>(tx.capacity());
                    std::atomic<int> got{0};
                    selector chosen;
                    chosen.recv(rx, [&](auto message) { got += message.has_value(); });
                    chosen.recv(other_rx, [&](auto message) { got += message.has_value(); });
                    {
                      helper_thread sender(t, [&] {
                        for (int n = 0; n < count; ++n) t.expect((n % 2 == 0 ? tx : other_tx).send(n).has_value());
                      });
                      for (int n = 0; n < count; ++n) (void)chosen.wait();
                    }
                    t.expect(got == count);
                    if (s.traits().consumers == cardinality::one) return;
                    t.together(21, [&](std::size_t i) {
                      if (i == 20) {
                        for (int n = 0; n < 20 * 100; ++n) t.expect((n % 2 == 0 ? tx : other_tx).send(n).has_value());
                      } else {
                        selector mine = chosen.clone();
                        for (int n = 0; n < 100; ++n) (void)mine.wait();
                      }
                    });
                    t.expect(got == count + 20 * 100);
                  });
                }));

  contract.line(
      101, "values_are_taken_late",
      "What an arm is made of is evaluated once, a selector's arms in order; a value is taken only if its arm fires.",
      on_selectable<needs_buffer>(every_channel(), [](test_context& t, const channel& s) {
        each<std::unique_ptr<int>>(s, buffered, [&](auto& tx, auto& rx) {
          int evaluated = 0;
          const auto handle = [&](auto& h) -> auto& {
            ++evaluated;
            return h;
          };
          auto value = std::make_unique<int>(3);
          auto kept = std::make_unique<int>(4);
          t.expect(tx.send(std::make_unique<int>(0)).has_value());
          select_in_order(on_recv(handle(rx), ignore), on_send(handle(tx), value, ignore));
          t.expect(evaluated == 2 && value != nullptr);
          selector chosen;
          chosen.prefer_first(true);
          chosen.send(handle(tx), value, ignore);
          chosen.send(handle(tx), kept, ignore);
          t.expect(chosen.wait() == 0 && evaluated == 4 && !value && kept != nullptr);
        });
      }));

  contract.line(102, "exceptions_pass", "select throws what a handler throws; the arm has then taken effect.",
                on_selectable<needs_buffer>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    t.expect(tx.send(1).has_value());
                    bool caught = false;
                    try {
                      select(on_recv(rx, [](auto) { throw std::runtime_error("mine"); }));
                    } catch (const std::runtime_error&) {
                      caught = true;
                    }
                    t.expect(caught && rx.empty());
                    caught = false;
                    try {
                      select(on_send(tx, int{2}, [](auto) { throw std::runtime_error("mine"); }));
                    } catch (const std::runtime_error&) {
                      caught = true;
                    }
                    t.expect(caught && rx.recv() == 2);
                    // What an arm is made of may throw, too: then nothing has happened.
                    t.expect(tx.send(3).has_value());
                    caught = false;
                    try {
                      const auto broken = [&]() -> decltype(rx) { throw std::runtime_error("mine"); };
                      select(on_recv(rx, ignore), on_recv(broken(), ignore));
                    } catch (const std::runtime_error&) {
                      caught = true;
                    }
                    t.expect(caught && rx.recv() == 3);
                  });
                }));

  contract.line(103, "readiness_is_a_hint",
                "What size() and empty() promise holds for a receiver alone; for several it is a hint.",
                on_selectable<both<needs_buffer, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(10'000));
                    std::atomic<int> got{0};
                    t.together(2, [&](std::size_t i) {
                      for (int n = 0; n < count;) {
                        if (i == 0) {
                          t.expect(tx.send(n++).has_value());
                        } else if (!rx.empty()) {
                          t.expect(rx.try_recv() == n++);
                        } else {
                          std::this_thread::yield();
                        }
                      }
                    });
                    t.together(4, [&](std::size_t i) {
                      if (i == 0) {
                        for (int n = 0; n < count; ++n) t.expect(tx.send(n).has_value());
                      } else {
                        while (got < count) {
                          if (!rx.empty() && rx.try_recv())
                            ++got;
                          else
                            std::this_thread::yield();
                        }
                      }
                    });
                    t.expect(got == count && rx.empty());
                  });
                }));

  contract.line(104, "nothing_chosen_and_left",
                "No arm can be chosen and not performed: when select returns or throws, it has taken effect.",
                on_selectable<always>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(1000));
                    t.together(2, [&](std::size_t i) {
                      for (int n = 0; n < count; ++n) {
                        try {
                          if (i == 0) {
                            select(on_send(tx, int{n}, [](auto) { throw 1; }));
                          } else {
                            select(on_recv(rx, [&](auto got) {
                              t.expect(got == n);
                              throw 1;
                            }));
                          }
                        } catch (int) {
                        }
                      }
                    });
                  });
                }));

  contract.line(
      105, "no_deadlock_under_stress",
      "10 threads send and receive 10,000 messages by select and plainly on channels of capacity 0, 0, 2 and 3.",
      only("mpmc", [](test_context& t) {
        const std::size_t count = t.times(10'000);
        std::deque<std::pair<mpmc::sender<int>, mpmc::receiver<int>>> c;
        for (const std::size_t capacity : {0u, 0u, 2u, 3u}) c.push_back(mpmc::bounded<int>(capacity));
        std::atomic<std::size_t> received{0};
        t.together(10, [&](std::size_t i) {
          if (i < 4) {
            for (std::size_t n = 0; n < count; ++n) t.expect(c[i].first.send(1).has_value());
          } else if (i < 8) {
            for (std::size_t n = 0; n < count; ++n) received += c[i - 4].second.recv().has_value();
          } else {
            // One selects over sends, the other over receives, until each channel had its count.
            std::array<std::size_t, 4> left{};
            left.fill(count);
            selector chosen;
            int value = 1;
            std::array<selector::key, 4> keys{};
            for (std::size_t k = 0; k < 4; ++k) {
              const auto done = [&, k] {
                if (--left[k] == 0) chosen.remove(keys[k]);
                value = 1;
              };
              keys[k] = i == 8 ? chosen.send(c[k].first, value, [done](auto) { done(); })
                               : chosen.recv(c[k].second, [done, &received](auto got) {
                                   received += got.has_value();
                                   done();
                                 });
            }
            while (chosen.size() != 0) (void)chosen.wait();
          }
        });
        t.expect(received == 8 * count);
      }));
}

}  // namespace

void add_select(line_table& contract) {
  add_readiness(contract);
  add_meeting(contract);
  add_use(contract);
}

}  // namespace sluice::contract
