#include <properties/contract/contract.hpp>
#include <sluice/oneshot.hpp>
#include <sluice/select.hpp>

#include <array>
#include <memory>

/// Lines 128 to 130: one message, once.
namespace sluice::contract {

void add_oneshot(line_table& contract) {
  contract.line(128, "one_message",
                "One message arrives, whether the send or the receive comes first, and if it is large.",
                only("oneshot", [](test_context& t) {
                  struct large {
                    std::array<unsigned char, 4096> bytes;
                  };
                  {
                    auto [tx, rx] = oneshot::channel<std::unique_ptr<int>>();
                    t.expect(tx.send(std::make_unique<int>(1)).has_value() && !tx);
                    t.expect(*rx.recv().value() == 1);
                  }
                  auto [tx, rx] = oneshot::channel<large>();
                  large sent;
                  sent.bytes.fill(9);
                  helper_thread receiver(t, [&] {
                    const auto got = rx.recv();
                    t.expect(got.has_value() && got->bytes == sent.bytes);
                  });
                  receiver.asleep();
                  t.expect(tx.send(sent).has_value());
                }));

  contract.line(
      129, "ready_or_not", "ready() tells whether a receive would return; a timeout leaves the receiver as it was.",
      only("oneshot", [](test_context& t) {
        {
          auto [tx, rx] = oneshot::channel<int>();
          t.expect(!rx.ready() && rx.try_recv().error() == try_recv_error::empty);
          const auto start = clock::now();
          t.expect(rx.recv_for(5ms).error() == recv_timeout_error::timeout && clock::now() - start >= 5ms);
          t.expect(tx.send(1).has_value() && rx.ready() && rx.recv_for(0s) == 1);
        }
        {
          auto [tx, rx] = oneshot::channel<int>();
          helper_thread receiver(t, [&] { t.expect(rx.recv_for(1h).error() == recv_timeout_error::disconnected); });
          receiver.asleep();
          tx.reset();
          receiver.join();
          t.expect(rx.ready() && rx.recv().error() == recv_error::disconnected);
        }
        auto [tx, rx] = oneshot::channel<int>();
        helper_thread sender(t, [&] { t.expect(tx.send(4).has_value()); });
        t.expect(select(on_recv(rx, [](auto got) { return got.value_or(0); })) == 4);
      }));

  contract.line(130, "the_end_is_clean",
                "Once received, the channel is disconnected; ends that race each other lose or leak nothing.",
                only("oneshot", [](test_context& t) {
                  {
                    auto [tx, rx] = oneshot::channel<int>();
                    t.expect(tx.send(1).has_value() && rx.recv() == 1);
                    t.expect(rx.recv().error() == recv_error::disconnected);
                    t.expect(rx.try_recv().error() == try_recv_error::disconnected);
                  }
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(5000); ++round) {
                    const auto value = std::make_shared<int>(1);
                    auto [tx, rx] = oneshot::channel<std::shared_ptr<int>>();
                    t.together(2, [&](std::size_t i) {
                      if (i == 0) {
                        if (round % 3 == 2) return tx.reset();
                        const auto sent = tx.send(value);
                        t.expect(sent || sent.error().value == value);
                      } else if (round % 2 == 0) {
                        rx.reset();
                      } else {
                        const auto got = rx.recv_for(std::chrono::microseconds(round % 50));
                        t.expect(got ? *got == value : true);
                      }
                    });
                    rx.reset();
                    t.expect(value.use_count() == 1);
                  }
                  t.expect(allocations::live() == before);
                }));
}

}  // namespace sluice::contract
