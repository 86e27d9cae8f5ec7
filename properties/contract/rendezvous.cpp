#include <properties/contract/contract.hpp>
#include <sluice/select.hpp>

#include <deque>

/// Lines 24 to 31: channels of capacity 0.
namespace sluice::contract {

void add_rendezvous(line_table& contract) {
  contract.line(24, "send_returns_once_received", "A send returns only once its message is received.",
                on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    const auto start = clock::now();
                    helper_thread sender(t, [&] {
                      t.expect(tx.send(1).has_value());
                      t.expect(clock::now() - start >= 1s);
                    });
                    sender.asleep();
                    // The span that the send is to last through.
                    std::this_thread::sleep_until(start + 1s);
                    t.expect(!sender.finished());
                    t.expect(rx.recv() == 1);
                  });
                }));

  contract.line(25, "alone_nothing_goes", "Without a peer, try_send returns `full` and try_recv `empty`.",
                on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    const auto refused = tx.try_send(4);
                    t.expect(refused.error().full() && refused.error().value == 4);
                    t.expect(rx.try_recv().error() == try_recv_error::empty);
                  });
                }));

  contract.line(26, "with_a_peer_both_go", "With a waiting peer, try_send and try_recv succeed.",
                on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    {
                      helper_thread receiver(t, [&] { t.expect(rx.recv() == 1); });
                      while (!tx.try_send(1)) std::this_thread::yield();
                    }
                    helper_thread sender(t, [&] { t.expect(tx.send(2).has_value()); });
                    auto got = rx.try_recv();
                    for (; !got; got = rx.try_recv()) std::this_thread::yield();
                    t.expect(got == 2);
                  });
                }));

  contract.line(27, "no_ghost_sender", "A send that timed out is never received.",
                on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    const auto late = tx.send_for(1, 1ms);
                    t.expect(late.error().timeout() && late.error().value == 1);
                    helper_thread sender(t, [&] { t.expect(tx.send(2).has_value()); });
                    t.expect(rx.recv() == 2);
                  });
                }));

  contract.line(28, "no_ghost_receiver", "A receive that timed out is never sent to.",
                on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    t.expect(rx.recv_for(1ms).error() == recv_timeout_error::timeout);
                    t.expect(tx.try_send(1).error().full());
                  });
                }));

  contract.line(29, "first_come_first_served", "Ten waiting threads are served in FIFO order.",
                on<both<needs_rendezvous, needs_producers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    std::deque<helper_thread> waiting;
                    for (int i = 0; i < 10; ++i) {
                      waiting.emplace_back(t, [&, i] { t.expect(tx.send(i).has_value()); }).asleep();
                    }
                    for (int i = 0; i < 10; ++i) t.expect(rx.recv() == i);
                    waiting.clear();
                    if (s.traits().consumers == cardinality::many) {
                      for (int i = 0; i < 10; ++i) {
                        waiting.emplace_back(t, [&, i] { t.expect(rx.recv() == i); }).asleep();
                      }
                      for (int i = 0; i < 10; ++i) t.expect(tx.send(i).has_value());
                    }
                  });
                }));

  contract.line(30, "two_selects_meet", "A select that sends and a select that receives meet.",
                on_selectable<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, zero, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(10'000));
                    t.together(2, [&](std::size_t i) {
                      for (int n = 0; n < count; ++n) {
                        if (i == 0) {
                          select(on_send(tx, int{n}, [&](auto sent) { t.expect(sent.has_value()); }));
                        } else {
                          select(on_recv(rx, [&](auto got) { t.expect(got == n); }));
                        }
                      }
                    });
                  });
                }));

  contract.line(
      31, "alone_a_deadline_ends_it",
      "On one thread a send cannot complete; with a deadline it returns the message, and a receive times out.",
      on<needs_rendezvous>(every_channel(), [](test_context& t, const channel& s) {
        each<int>(s, zero, [&](auto& tx, auto& rx) {
          const auto late = tx.send_for(1, 5ms);
          t.expect(late.error().timeout() && late.error().value == 1);
          t.expect(rx.recv_for(5ms).error() == recv_timeout_error::timeout);
        });
      }));
}

}  // namespace sluice::contract
