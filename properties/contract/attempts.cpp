#include <properties/contract/contract.hpp>

/// Lines 32 to 36: operations that do not wait.
namespace sluice::contract {

void add_attempts(line_table& contract) {
  contract.line(32, "states_of_a_receiver", "try_recv goes from empty to a message to empty to disconnected, for good.",
                on<both<needs_disconnect, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, buffered, [&](auto& tx, auto& rx) {
                    t.expect(rx.try_recv().error() == try_recv_error::empty);
                    t.expect(tx.send(1).has_value());
                    t.expect(rx.try_recv() == 1);
                    t.expect(rx.try_recv().error() == try_recv_error::empty);
                    tx.reset();
                    for (int i = 0; i < 3; ++i) t.expect(rx.try_recv().error() == try_recv_error::disconnected);
                  });
                }));

  contract.line(33, "disconnected_beats_full",
                "On a full channel without receivers try_send returns `disconnected`, not `full`.",
                on<both<needs_disconnect, needs_bounded>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, bounded, [&](auto& tx, auto& rx) {
                    while (tx.try_send(1)) {
                    }
                    rx.reset();
                    const auto refused = tx.try_send(2);
                    t.expect(refused.error().disconnected() && refused.error().value == 2);
                  });
                }));

  contract.line(
      34, "never_wrongly_empty", "try_recv finds a message that was sent before and that no other receiver can take.",
      on<both<needs_buffer, needs_producers, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
        each<int>(s, {std::nullopt, 4}, [&](auto& tx, auto& rx) {
          t.together(4, [&](std::size_t) {
            for (std::size_t n = 0; n < t.times(25'000); ++n) {
              t.expect(tx.send(1).has_value());
              t.expect(rx.try_recv().has_value());
            }
          });
        });
      }));

  contract.line(
      35, "never_wrongly_full", "try_send finds the room that receives made which have returned.",
      on<both<needs_room, needs_producers, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
        each<int>(s, {4}, [&](auto& tx, auto& rx) {
          t.together(4, [&](std::size_t) {
            for (std::size_t n = 0; n < t.times(25'000); ++n) {
              t.expect(tx.try_send(1).has_value());
              t.expect(rx.recv().has_value());
            }
          });
        });
      }));

  contract.line(36, "waits_for_a_slow_peer_and_says_so",
                "A try_ operation may wait while a peer is between claim and publication, as documented; it never "
                "returns a wrong result.",
                on<both<needs_buffer, needs_producers>>(every_channel(), [](test_context& t, const channel& s) {
                  each<slow>(s, {std::nullopt, 3}, [&](auto& tx, auto& rx) {
                    std::atomic<bool> gate{false};
                    std::atomic<bool> reached{false};
                    std::atomic<bool> second_is_sent{false};
                    std::atomic<int> received{0};
                    helper_thread first(t, [&] { t.expect(tx.send(slow(&gate, &reached)).has_value()); });
                    while (!reached) std::this_thread::yield();
                    helper_thread second(t, [&] {
                      t.expect(tx.send(slow(nullptr, nullptr)).has_value());
                      second_is_sent = true;
                    });
                    helper_thread receiver(t, [&] {
                      while (received < 2) {
                        // Once the second send has returned there is a message, though the one before it is still on
                        // its way; unless it was that one that was received, since the first send has not begun to
                        // claim.
                        const bool not_empty = second_is_sent && received == 0;
                        const auto got = rx.try_recv();
                        t.expect(got.has_value() || (!not_empty && got.error() == try_recv_error::empty));
                        received += got.has_value();
                      }
                    });
                    // Those that wait for the first send are asleep or turning by now, the others done.
                    for (int i = 0; i < 1000 && received == 0; ++i) std::this_thread::yield();
                    gate = true;
                    gate.notify_all();
                    receiver.join();
                    t.expect(received == 2);
                  });
                }));
}

}  // namespace sluice::contract
