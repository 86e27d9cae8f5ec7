#include <properties/contract/contract.hpp>

#include <sluice/broadcast.hpp>
#include <sluice/select.hpp>

#include <stop_token>

/// Lines 137 to 142, and 163: cancellation.
namespace sluice::contract {

void add_stop(line_table& contract) {
  contract.line(137, "a_stop_ends_a_receive", "A requested stop ends a receive that waits, with a deadline or without.",
                on_selectable<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    for (int form = 0; form < 3; ++form) {
                      std::stop_source stop;
                      helper_thread receiver(t, [&] {
                        const auto token = stop.get_token();
                        const auto got = form == 0   ? rx.recv(token)
                                         : form == 1 ? rx.recv_for(1h, token)
                                                     : rx.recv_until(clock::time_point::max(), token);
                        t.expect(!got && got.error() == stoppable_recv_error::stopped);
                      });
                      receiver.asleep();
                      stop.request_stop();
                    }
                    helper_thread sender(t, [&] { t.expect(tx.send(1).has_value()); });
                    t.expect(rx.recv() == 1);
                  });
                }));

  contract.line(138, "a_stop_ends_a_send", "A requested stop ends a send that waits, and the message comes back.",
                on_selectable<needs_bounded>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::unique_ptr<int>>(s, bounded, [&](auto& tx, auto& rx) {
                    int buffered_messages = 0;
                    while (tx.try_send(std::make_unique<int>(7))) ++buffered_messages;
                    for (int form = 0; form < 3; ++form) {
                      std::stop_source stop;
                      helper_thread sender(t, [&] {
                        const auto token = stop.get_token();
                        auto message = std::make_unique<int>(form);
                        const auto sent = form == 0 ? tx.send(std::move(message), token)
                                          : form == 1
                                              ? tx.send_for(std::move(message), 1h, token)
                                              : tx.send_until(std::move(message), clock::time_point::max(), token);
                        t.expect(!sent && sent.error().stopped() && *sent.error().value == form);
                      });
                      sender.asleep();
                      stop.request_stop();
                    }
                    for (; buffered_messages > 0; --buffered_messages) t.expect(**rx.try_recv() == 7);
                    t.expect(rx.try_recv().error() == try_recv_error::empty);
                  });
                }));

  contract.line(139, "a_stop_before_comes_first",
                "An operation whose stop was requested before it returns `stopped` and changes nothing.",
                on_selectable<needs_buffer>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    std::stop_source stop;
                    stop.request_stop();
                    const auto token = stop.get_token();
                    const auto refused = tx.send(1, token);
                    t.expect(!refused && refused.error().stopped() && refused.error().value == 1);
                    t.expect(rx.try_recv().error() == try_recv_error::empty);
                    t.expect(tx.send(2).has_value());
                    t.expect(rx.recv(token).error() == stoppable_recv_error::stopped);
                    t.expect(rx.recv_for(1h, token).error() == stoppable_recv_error::stopped);
                    t.expect(rx.recv() == 2);
                    tx.reset();
                    t.expect(rx.recv(token).error() == stoppable_recv_error::stopped);
                  });
                }));

  contract.line(140, "without_a_stop_as_before",
                "Without a requested stop, messages, disconnects and deadlines end the wait as without a token.",
                on_selectable<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const std::stop_source stop;
                    for (const auto& token : {stop.get_token(), std::stop_token()}) {
                      t.expect(rx.recv_for(1ms, token).error() == stoppable_recv_error::timeout);
                      helper_thread receiver(t, [&] { t.expect(rx.recv(token) == 1); });
                      receiver.asleep();
                      t.expect(tx.send(1, token).has_value());
                      receiver.join();
                      while (tx.capacity() && tx.try_send(2)) {
                      }
                      if (tx.capacity()) t.expect(tx.send_for(3, 1ms, token).error().timeout());
                      while (rx.try_recv()) {
                      }
                    }
                    helper_thread receiver(
                        t, [&] { t.expect(rx.recv(stop.get_token()).error() == stoppable_recv_error::disconnected); });
                    receiver.asleep();
                    tx.reset();
                  });
                }));

  contract.line(141, "a_stop_loses_nothing",
                "A message whose send or receive races a stop is received or returned, once.",
                on_selectable<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(2'000); ++round) {
                    each<std::unique_ptr<int>>(s, {std::nullopt, 0, 1}, [&](auto& tx, auto& rx) {
                      std::stop_source stop;
                      int received = 0;
                      int returned = 0;
                      t.together(3, [&](std::size_t i) {
                        if (i == 0) {
                          for (int n = 0; n < 2; ++n) {
                            const auto sent = tx.send(std::make_unique<int>(n), stop.get_token());
                            returned += !sent && *sent.error().value == n;
                          }
                          tx.reset();
                        } else if (i == 1) {
                          received += rx.recv(stop.get_token()).has_value();
                          while (rx.recv()) ++received;
                        } else {
                          for (std::size_t turn = round % 8; turn > 0; --turn) std::this_thread::yield();
                          stop.request_stop();
                        }
                      });
                      t.expect(received + returned == 2);
                    });
                  }
                  t.expect(allocations::live() == before);
                }));

  contract.line(142, "a_stop_is_an_arm", "A select with on_stop ends when a stop is requested; so does a selector.",
                on_selectable<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto&, auto& rx) {
                    for (const bool changing : {false, true}) {
                      std::stop_source stop;
                      helper_thread waiter(t, [&] {
                        bool stopped = false;
                        const auto on_message = [&](auto) { t.expect(false); };
                        if (changing) {
                          selector set;
                          set.recv(rx, on_message);
                          set.stop(stop.get_token(), [&] { stopped = true; });
                          set.wait();
                        } else {
                          select(on_recv(rx, on_message), on_stop(stop.get_token(), [&] { stopped = true; }));
                        }
                        t.expect(stopped);
                      });
                      waiter.asleep();
                      stop.request_stop();
                      waiter.join();
                      t.expect(select_in_order(on_stop(stop.get_token(), [] { return true; }),
                                               on_recv(rx, [](auto) { return false; })));
                    }
                  });
                }));

  contract.line(
      163, "a_stop_ends_a_broadcast_receive",
      "A requested stop ends a broadcast receive; without one, messages, lags and disconnects come as ever.",
      only("broadcast", [](test_context& t) {
        auto [tx, rx] = broadcast::channel<int>(2);
        std::stop_source stop;
        const auto token = stop.get_token();
        helper_thread receiver(t, [&] {
          t.expect(rx.recv(token) == 1);
          t.expect(rx.recv_for(1h, token).error().stopped());
        });
        receiver.asleep();
        t.expect(tx.send(1).has_value());
        receiver.asleep();
        stop.request_stop();
        receiver.join();
        t.expect(tx.send(2).has_value() && rx.recv(token).error().stopped());

        const std::stop_source calm;
        const auto quiet = calm.get_token();
        t.expect(rx.recv(quiet) == 2 && rx.recv_for(1ms, quiet).error().reason == broadcast::recv_reason::timeout);
        for (int n = 3; n < 6; ++n) t.expect(tx.send(n).has_value());
        t.expect(rx.recv(quiet).error() == broadcast::recv_error{broadcast::recv_reason::lagged, 1});
        t.expect(rx.recv(quiet) == 4 && rx.recv_until(clock::time_point::max(), quiet) == 5);
        tx.reset();
        t.expect(rx.recv(quiet).error().disconnected());
      }));
}

}  // namespace sluice::contract
