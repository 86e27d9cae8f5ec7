#include <properties/contract/contract.hpp>

#include <stop_token>

/// Lines 155 to 157: waiting until no receiver is left.
namespace sluice::contract {

void add_watchers(line_table& contract) {
  contract.line(155, "a_watcher_wakes", "wait_disconnected returns when the last receiver disconnects, and not before.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::atomic<bool> gone{false};
                    helper_thread watcher(t, [&] {
                      tx.wait_disconnected();
                      t.expect(gone && tx.is_disconnected());
                    });
                    watcher.asleep();
                    if (s.traits().consumers == cardinality::many) rx.clone().reset();
                    t.expect(!watcher.finished());
                    gone = true;
                    rx.reset();
                    watcher.join();
                    tx.wait_disconnected();
                    t.expect(tx.wait_disconnected_for(0s));
                  });
                }));

  contract.line(156, "a_watcher_gives_up", "A deadline or a requested stop ends wait_disconnected.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const auto start = clock::now();
                    t.expect(!tx.wait_disconnected_for(2ms) && !tx.wait_disconnected_until(start + 4ms));
                    t.expect(clock::now() - start >= 4ms);
                    std::stop_source stop;
                    helper_thread watcher(t, [&] { t.expect(!tx.wait_disconnected(stop.get_token())); });
                    watcher.asleep();
                    stop.request_stop();
                    watcher.join();
                    rx.reset();
                    t.expect(tx.wait_disconnected(stop.get_token()));
                  });
                }));

  contract.line(
      157, "a_watcher_takes_no_wake_up", "A thread in wait_disconnected takes no wake-up from a waiting sender.",
      on<both<needs_disconnect, needs_bounded, needs_producers>>(every_core(), [](test_context& t, const channel& s) {
        for (std::size_t round = 0; round < t.times(200); ++round) {
          each<int>(s, {0, 1}, [&](auto& tx, auto& rx) {
            if (tx.capacity() == 1) t.expect(tx.send(0).has_value());
            helper_thread watcher(t, [&] { tx.wait_disconnected(); });
            watcher.asleep();
            helper_thread sender(t, [&] { t.expect(tx.send(1).has_value()); });
            if (round % 2 == 0) sender.asleep();
            if (tx.capacity() == 1) t.expect(rx.recv() == 0);
            t.expect(rx.recv() == 1);
            sender.join();
            rx.reset();
          });
        }
      }));
}

}  // namespace sluice::contract
