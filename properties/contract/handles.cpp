#include <properties/contract/contract.hpp>

/// Lines 143 to 148: what handles tell, weak senders, and what may be sent.
namespace sluice::contract {

namespace {

struct thread_bound {};

}  // namespace
}  // namespace sluice::contract

template <>
inline constexpr bool sluice::enable_send<sluice::contract::thread_bound> = false;

namespace sluice::contract {

void add_handles(line_table& contract) {
  contract.line(
      143, "disconnected_for_good",
      "A handle tells whether the other side has disconnected, whatever is buffered, and how many handles there are.",
      on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
        each<int>(s, all, [&](auto& tx, auto& rx) {
          t.expect(!tx.is_disconnected() && !rx.is_disconnected());
          t.expect(tx.sender_count() == 1 && rx.sender_count() == 1 && tx.receiver_count() == 1);
          (void)tx.try_send(1);
          tx.reset();
          t.expect(rx.is_disconnected() && rx.sender_count() == 0);
        });
        each<int>(s, all, [&](auto& tx, auto& rx) {
          rx.reset();
          t.expect(tx.is_disconnected() && tx.receiver_count() == 0);
          t.expect(!tx.send(1).has_value());
        });
      }));

  contract.line(144, "clones_are_counted", "Clones count, and the side is disconnected only without the last of them.",
                on<both<needs_producers, needs_consumers>>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    auto other_sender = tx.clone();
                    auto other_receiver = rx.clone();
                    t.expect(tx.sender_count() == 2 && rx.receiver_count() == 2);
                    rx.reset();
                    t.expect(!tx.is_disconnected() && tx.receiver_count() == 1);
                    tx.reset();
                    t.expect(!other_receiver.is_disconnected());
                    other_sender.reset();
                    t.expect(other_receiver.is_disconnected());
                  });
                }));

  contract.line(145, "a_weak_sender_keeps_nothing_open",
                "A weak sender does not keep the channel open; lock() gives a sender while one is left, then nothing.",
                on<both<needs_disconnect, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    auto weak = tx.downgrade();
                    auto copy = weak;
                    {
                      const auto locked = weak.lock();
                      t.expect(locked && locked->same_channel(tx) && tx.sender_count() == 2);
                    }
                    helper_thread receiver(t, [&] { t.expect(rx.recv().error() == recv_error::disconnected); });
                    receiver.asleep();
                    tx.reset();
                    receiver.join();
                    t.expect(!weak.lock() && !copy.lock());
                    rx.reset();
                    copy = std::move(weak);
                    t.expect(!copy.lock());
                  });
                  t.expect(allocations::live() == before);
                }));

  contract.line(146, "a_locked_sender_sends", "While a sender that lock() gave is alive, the channel is open.",
                on<both<needs_disconnect, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    auto locked = tx.downgrade().lock();
                    tx.reset();
                    helper_thread sender(t, [&] {
                      t.expect(locked->send(1).has_value());
                      locked.reset();
                    });
                    t.expect(rx.recv() == 1);
                    t.expect(!rx.recv());
                  });
                }));

  contract.line(147, "lock_races_the_last_sender",
                "lock() that races the last sender's disconnect gives a sender to an open channel, or nothing.",
                on<both<needs_disconnect, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(5'000); ++round) {
                    each<std::unique_ptr<int>>(s, {std::nullopt, 1}, [&](auto& tx, auto& rx) {
                      const auto weak = tx.downgrade();
                      bool sent = false;
                      t.together(2, [&](std::size_t i) {
                        if (i == 0) {
                          for (std::size_t turn = round % 16; turn > 0; --turn) platform::pause();
                          tx.reset();
                        } else if (auto locked = weak.lock()) {
                          sent = locked->send(std::make_unique<int>(1)).has_value();
                          t.expect(sent);
                        }
                      });
                      t.expect(rx.recv().has_value() == sent);
                      t.expect(!rx.recv() && !weak.lock());
                    });
                  }
                  t.expect(allocations::live() == before);
                }));

  contract.line(148, "what_stays_in_its_thread",
                "A channel of messages whose enable_send is false is rejected when it is compiled, with the remedy.",
                only("message", [](test_context& t) { t.expect(enable_send<int> && !enable_send<thread_bound>); }));
}

}  // namespace sluice::contract
