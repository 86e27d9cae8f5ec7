#include <properties/contract/contract.hpp>

#include <array>
#include <memory>
#include <random>

/// Lines 62 to 73: ownership of messages, and their types.
namespace sluice::contract {
namespace {

template <std::size_t Bytes>
void pass_large(test_context& t, const channel& s) {
  each<large<Bytes>>(s, all, [&](auto& tx, auto& rx) {
    auto sent = std::make_unique<large<Bytes>>();
    for (std::size_t i = 0; i < Bytes; ++i) sent->bytes[i] = static_cast<unsigned char>(i * 7);
    helper_thread sender(t, [&] { t.expect(tx.send(*sent).has_value()); });
    const auto got = rx.recv();
    t.expect(got.has_value() && got->bytes == sent->bytes);
  });
}

void add_types(line_table& contract) {
  contract.line(62, "barely_movable_messages", "Messages need no copy, default construction or assignment.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<bare>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&] {
                      t.expect(tx.send(bare(1)).has_value());
                      t.expect(tx.send_for(bare(2), 1h).has_value());
                    });
                    t.expect(*rx.recv()->value == 1);
                    t.expect(*rx.recv_for(1h)->value == 2);
                    t.expect(!rx.try_recv());
                    sender.join();
                    rx.reset();
                    t.expect(*tx.send(bare(3)).error().value.value == 3);
                    t.expect(*tx.try_send(bare(4)).error().value.value == 4);
                    t.expect(*tx.send_for(bare(5), 1s).error().value.value == 5);
                  });
                }));

  contract.line(65, "odd_types", "Over-aligned and empty messages keep their alignment.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<aligned>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&] { t.expect(tx.send(aligned{}).has_value()); });
                    const auto got = rx.recv();
                    t.expect(got.has_value() && reinterpret_cast<std::uintptr_t>(&*got) % 1024 == 0);
                  });
                  each<nothing>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&] {
                      for (int i = 0; i < 100; ++i) t.expect(tx.send(nothing{}).has_value());
                    });
                    for (int i = 0; i < 100; ++i) t.expect(rx.recv().has_value());
                  });
                }));

  contract.line(66, "large_messages", "Messages of 4 and 32 KiB arrive as they were sent.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  pass_large<4096>(t, s);
                  pass_large<32768>(t, s);
                }));

  contract.line(67, "moved_never_copied", "Sending an rvalue and receiving never copy.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<uncopied>(s, all, [&](auto& tx, auto& rx) {
                    std::atomic<int> copies{0};
                    helper_thread sender(t, [&] {
                      t.expect(tx.send(uncopied(copies)).has_value());
                      t.expect(tx.send_for(uncopied(copies), 1h).has_value());
                      while (!tx.try_send(uncopied(copies))) std::this_thread::yield();
                      t.expect(tx.send(uncopied(copies)).has_value());
                    });
                    t.expect(rx.recv().has_value() && rx.recv_for(1h).has_value() && rx.recv().has_value());
                    while (!rx.try_recv()) std::this_thread::yield();
                    sender.join();
                    t.expect(copies == 0);
                  });
                }));
}

struct throwing_move {
  throwing_move(throwing_move&&) noexcept(false);
};
struct throwing_destructor {
  throwing_destructor(throwing_destructor&&) noexcept;
  ~throwing_destructor() noexcept(false);
};

void add_rejections(line_table& contract) {
  contract.line(69, "no_throwing_moves",
                "A message whose move may throw is rejected when it is compiled, with the remedy.",
                only("message", [](test_context& t) { t.expect(message<bare> && !message<throwing_move>); }));
  contract.line(70, "merged", "Merged into line 69.",
                {{.channel = "message", .not_applicable = "it says nothing that line 69 does not", .test = {}}});
  contract.line(72, "no_throwing_destructors",
                "A message whose destructor may throw is rejected when it is compiled, with the remedy.",
                only("message", [](test_context& t) { t.expect(!message<throwing_destructor>); }));
}

void add_lives(line_table& contract) {
  contract.line(63, "destroyed_once", "Each message is destroyed once, whether it was received or not.",
                on<needs_disconnect>(every_core(), [](test_context& t, const channel& s) {
                  std::minstd_rand random(1);
                  for (std::size_t run = 0; run < t.times(100); ++run) {
                    const std::size_t steps = random() % 10'000;
                    const std::size_t extra = random() % 1000;
                    each<counted>(s, {std::nullopt, 0, 50}, [&](auto& tx, auto& rx) {
                      std::atomic<int> alive{0};
                      helper_thread sender(t, [&, tx = std::move(tx)]() mutable {
                        for (std::size_t n = 0; n < steps + extra && tx.send(counted(alive)); ++n) {
                        }
                      });
                      for (std::size_t n = 0; n < steps; ++n) t.expect(rx.recv().has_value());
                      rx.reset();
                      sender.join();
                      t.expect(alive == 0);
                    });
                  }
                }));

  contract.line(64, "failed_sends_harm_nothing",
                "A failed send leaves its message unchanged, and it is destroyed once.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::shared_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    const auto watched = std::make_shared<int>(3);
                    rx.reset();
                    {
                      auto refused = tx.send(std::shared_ptr(watched));
                      t.expect(refused.error().value == watched && watched.use_count() == 2);
                      refused = tx.send(std::move(refused.error().value));
                      t.expect(refused.error().value == watched && watched.use_count() == 2);
                    }
                    t.expect(watched.use_count() == 1);
                  });
                }));

  contract.line(68, "slots_let_go", "Once a message is received, the channel holds nothing of it.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<std::shared_ptr<int>>(s, all, [&](auto& tx, auto& rx) {
                    const auto watched = std::make_shared<int>(3);
                    helper_thread sender(t, [&] { t.expect(tx.send(watched).has_value()); });
                    t.expect(*rx.recv().value() == 3);
                    sender.join();
                    t.expect(watched.use_count() == 1);
                  });
                }));

  contract.line(
      71, "failed_allocations", "A send whose allocation fails throws, and leaves channel and message unchanged.",
      on<both<needs_unbounded, needs_strong_guarantee>>(every_channel(), [](test_context& t, const channel& s) {
        each<std::unique_ptr<int>>(s, unbounded, [&](auto& tx, auto& rx) {
          std::size_t failures = 0;
          for (int n = 0; n < 200; ++n) {
            auto value = std::make_unique<int>(n);
            for (bool sent = false; !sent;) {
              allocations::fail(0);
              try {
                sent = tx.send(std::move(value)).has_value();
              } catch (const std::bad_alloc&) {
                ++failures;
              }
              if (!allocations::failed()) break;
              t.expect(!sent && value && *value == n);
              t.expect(tx.size() == static_cast<std::size_t>(n) || !s.traits().exact_size);
              sent = tx.send(std::move(value)).has_value();
            }
          }
          if (failures == 0) return t.skip("it does not allocate by operator new, whose failures are tested");
          for (int n = 0; n < 200; ++n) t.expect(*rx.recv().value() == n);
        });
      }));

  contract.line(73, "no_cycle_stays",
                "A message that holds a sender of its own channel is destroyed with the last receiver.",
                on<both<needs_discard, both<needs_buffer, needs_producers>>>(
                    every_channel(), [](test_context& t, const channel& s) {
                      const std::size_t before = allocations::live();
                      for (const auto& capacity : accepted(s, buffered)) {
                        auto [tx, rx] = s.make<linked>(capacity);
                        linked message;
                        message.senders.push_back(tx.clone());
                        t.expect(tx.send(std::move(message)).has_value());
                      }
                      t.expect(allocations::live() == before);
                    }));
}

}  // namespace

void add_ownership(line_table& contract) {
  add_types(contract);
  add_rejections(contract);
  add_lives(contract);
}

}  // namespace sluice::contract
