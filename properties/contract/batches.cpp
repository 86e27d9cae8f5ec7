#include <properties/contract/contract.hpp>

#include <array>
#include <list>
#include <numeric>
#include <ranges>
#include <span>

/// Lines 149 to 154: batches.
namespace sluice::contract {

void add_batches(line_table& contract) {
  contract.line(149, "a_batch_is_sent_in_order",
                "send_all sends a range in order, waits for room, and moves from what it sends.",
                on<needs_tries>(every_channel(), [](test_context& t, const channel& s) {
                  for (const std::size_t length : std::array<std::size_t, 5>{0, 1, 2, 7, 100}) {
                    each<std::unique_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                      std::vector<std::unique_ptr<int>> batch;
                      for (std::size_t n = 0; n < length; ++n) batch.push_back(std::make_unique<int>(n));
                      helper_thread sender(t, [&] { t.expect(tx.send_all(batch).has_value()); });
                      for (std::size_t n = 0; n < length; ++n) t.expect(**rx.recv() == static_cast<int>(n));
                      sender.join();
                      t.expect(std::ranges::none_of(batch, [](const auto& m) { return m != nullptr; }));
                      t.expect(rx.try_recv().error() == try_recv_error::empty);
                    });
                  }
                }));

  contract.line(150, "any_forward_range", "send_all takes arrays, spans, lists and parts of them.",
                on<both<needs_tries, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, {std::nullopt, 9}, [&](auto& tx, auto& rx) {
                    std::array array{0, 1};
                    std::list<int> list{2, 3, 4};
                    std::vector<int> vector{-1, 5, 6, -1};
                    std::list<int> more{7, 8, 9};
                    t.expect(tx.send_all(array).has_value() && tx.send_all(list).has_value());
                    t.expect(tx.send_all(std::span(vector).subspan(1, 2)).has_value());
                    t.expect(tx.send_all(std::ranges::subrange(list.begin(), list.begin())).has_value());
                    t.expect(tx.send_all(std::views::counted(more.begin(), 2)).has_value());
                    for (int n = 0; n < 9; ++n) t.expect(rx.try_recv() == n);
                    t.expect(!rx.try_recv());
                  });
                }));

  contract.line(
      151, "the_rest_comes_back", "When every receiver disconnects, send_all returns what it has not sent, as it was.",
      on<both<needs_tries, needs_disconnect, needs_bounded>>(every_channel(), [](test_context& t, const channel& s) {
        const std::size_t before = allocations::live();
        each<std::unique_ptr<int>>(s, bounded, [&](auto& tx, auto& rx) {
          std::vector<std::unique_ptr<int>> batch;
          for (int n = 0; n < 10; ++n) batch.push_back(std::make_unique<int>(n));
          helper_thread sender(t, [&] {
            const auto sent = tx.send_all(batch);
            if (!t.expect(!sent)) return;
            int next = 10 - static_cast<int>(sent.error().rest.size());
            t.expect(next >= 2 && sent.error().rest.end() == batch.end());
            for (const auto& message : sent.error().rest) t.expect(*message == next++);
          });
          t.expect(**rx.recv() == 0 && **rx.recv() == 1);
          sender.asleep();
          rx.reset();
          sender.join();
          const auto refused = tx.send_all(batch);
          t.expect(!refused && refused.error().rest.size() == 10);
        });
        t.expect(allocations::live() == before);
      }));

  contract.line(152, "what_is_there", "recv_many takes what is there, in order, up to a number, and appends it.",
                on<both<needs_tries, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {std::nullopt, 1, 3, 100}, [&](auto& tx, auto& rx) {
                    const std::size_t room = tx.capacity().value_or(100);
                    for (const std::size_t most : {std::size_t{1}, std::size_t{2}, room, ~std::size_t{0}}) {
                      for (std::size_t n = 0; n < room; ++n) t.expect(tx.send(n).has_value());
                      std::vector<std::size_t> got{99};
                      for (std::size_t received = 0; received < room;) {
                        const auto more = got.size() % 2 == 0 ? rx.recv_many(got, most).value_or(0)
                                                              : rx.try_recv_many(got, most).value_or(0);
                        const auto there = (std::min)(most, room - received);
                        if (!t.expect(s.traits().exact_size ? more == there : more >= 1 && more <= there)) return;
                        received += more;
                        t.expect(got.size() == 1 + received);
                      }
                      std::vector<std::size_t> expected(room + 1);
                      std::iota(expected.begin() + 1, expected.end(), 0);
                      expected.front() = 99;
                      t.expect(got == expected);
                    }
                    if (room >= 3) {
                      // Also what came after the receiver last looked.
                      for (std::size_t n = 0; n < 2; ++n) t.expect(tx.send(n).has_value());
                      t.expect(rx.recv() == 0u);
                      t.expect(tx.send(std::size_t{2}).has_value());
                      std::vector<std::size_t> got;
                      const std::size_t received = rx.recv_many(got, room).value_or(0);
                      t.expect(received == 2 || (!s.traits().exact_size && received == 1));
                      if (received == 1) t.expect(rx.recv() == 2u);
                    }
                    std::vector<std::size_t> none;
                    t.expect(rx.recv_many(none, 0) == 0 && rx.try_recv_many(none, 0) == 0);
                    t.expect(rx.try_recv_many(none, 3).error() == try_recv_error::empty && none.empty());
                  });
                }));

  contract.line(153, "a_batch_waits_for_one",
                "recv_many waits while the channel is empty, and returns `disconnected` once it is so for good.",
                on<both<needs_tries, needs_disconnect>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::vector<int> got;
                    helper_thread receiver(t, [&] { t.expect(rx.recv_many(got, 3) == 1); });
                    receiver.asleep();
                    t.expect(tx.send(7).has_value());
                    receiver.join();
                    t.expect(got == std::vector{7});
                    helper_thread last(t, [&] { t.expect(rx.recv_many(got, 3).error() == recv_error::disconnected); });
                    last.asleep();
                    tx.reset();
                    last.join();
                    t.expect(rx.try_recv_many(got, 3).error() == try_recv_error::disconnected && got.size() == 1);
                  });
                }));

  contract.line(
      154, "batches_lose_nothing",
      "Batches of several senders and receivers: each message is received once, and each sender's in order.",
      on<needs_tries>(every_core(), [](test_context& t, const channel& s) {
        const std::size_t senders = s.traits().producers == cardinality::many ? 3 : 1;
        const std::size_t receivers = s.traits().consumers == cardinality::many ? 3 : 1;
        each<stamped>(s, all, [&](auto& tx, auto& rx) {
          const std::size_t batches = t.times(5'000);
          std::atomic<std::size_t> left{senders * batches * 4};
          std::vector<std::atomic<std::uint64_t>> sums(senders);
          t.together(senders + receivers, [&](std::size_t i) {
            if (i < senders) {
              for (std::size_t n = 0; n < batches; ++n) {
                std::array<stamped, 4> batch{stamped{i, 4 * n}, {i, 4 * n + 1}, {i, 4 * n + 2}, {i, 4 * n + 3}};
                t.expect(tx.send_all(batch).has_value());
              }
              return;
            }
            std::vector<stamped> got;
            std::vector<std::size_t> next(senders, 0);
            while (left.load() != 0) {
              got.clear();
              if (!rx.try_recv_many(got, 1 + i % 3 * 4)) {
                std::this_thread::yield();
                continue;
              }
              for (const stamped& message : got) {
                t.expect(message.sequence >= next[message.producer]);
                next[message.producer] = message.sequence + 1;
                sums[message.producer] += message.sequence;
              }
              left -= got.size();
            }
          });
          const std::uint64_t count = batches * 4;
          for (const auto& sum : sums) t.expect(sum.load() == count * (count - 1) / 2);
        });
      }));
}

}  // namespace sluice::contract
