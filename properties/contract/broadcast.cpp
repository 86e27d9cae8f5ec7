#include <properties/contract/contract.hpp>
#include <sluice/broadcast.hpp>
#include <sluice/select.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <stdexcept>

/// Lines 112 to 127: broadcast.
namespace sluice::contract {
namespace {

using broadcast::recv_error;
using broadcast::recv_reason;

/// What a receive that missed `n` messages says.
std::unexpected<recv_error> lagged(std::uint64_t n) { return std::unexpected(recv_error{recv_reason::lagged, n}); }
std::unexpected<recv_error> ended() { return std::unexpected(recv_error{recv_reason::disconnected}); }
std::unexpected<recv_error> nothing() { return std::unexpected(recv_error{recv_reason::empty}); }

template <class Tx, class... Values>
void send_all(test_context& t, Tx& tx, Values... values) {
  (t.expect(tx.send(values).has_value()), ...);
}

/// Counts how often its receivers look for a message.
struct observed : cores::broadcast<int> {
  using cores::broadcast<int>::broadcast;

  status recv_until(position& next, std::optional<int>& out, std::uint64_t& missed, deadline until) {
    return detail::wait(
        spin_, status::empty, until,
        [&] {
          ++looks;
          return try_recv(next, out, missed);
        },
        [&](detail::wait_entry& entry) { return register_recv_waiter(next, entry); },
        [&](detail::wait_entry& entry) { unregister_recv_waiter(entry); });
  }

  static inline std::atomic<int> looks{0};
};

template <class Test>
std::vector<cell> on_broadcast(Test test) {
  return only("broadcast", test);
}

void add_delivery(line_table& contract) {
  contract.line(112, "every_receiver_gets_every_message",
                "Every receiver gets every message in the order of the sends; a send tells how many.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(64);
                  auto other = tx.subscribe();
                  for (int i = 0; i < 50; ++i) t.expect(tx.send(i) == 2u);
                  for (int i = 0; i < 50; ++i) t.expect(rx.recv() == i && other.recv() == i);
                  other.reset();
                  t.expect(tx.send(1) == 1u && tx.receivers() == 1);
                }));

  contract.line(113, "lag_of_one", "With room for 2, after 10, 20 and 30 a receiver misses 1 and gets 20 and 30.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(2);
                  send_all(t, tx, 10, 20, 30);
                  t.expect(rx.recv() == lagged(1));
                  t.expect(rx.recv() == 20 && rx.recv() == 30);
                }));

  contract.line(114, "lag_after_a_start", "With room for 4, after 1 of 4 was read and 4 more sent, 3 are missed.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(4);
                  send_all(t, tx, 1, 2, 3, 4);
                  t.expect(rx.recv() == 1);
                  send_all(t, tx, 5, 6, 7, 8);
                  t.expect(rx.recv() == lagged(3));
                  for (int i = 5; i < 9; ++i) t.expect(rx.recv() == i);
                  t.expect(rx.try_recv() == nothing());
                }));

  contract.line(115, "lag_twice", "A receiver that lags again is told again; those that keep up are not disturbed.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(2);
                  auto fast = tx.subscribe();
                  for (int i = 1; i <= 3; ++i) {
                    send_all(t, tx, i);
                    t.expect(fast.recv() == i);
                  }
                  t.expect(rx.recv() == lagged(1));
                  for (int i = 4; i <= 6; ++i) {
                    send_all(t, tx, i);
                    t.expect(fast.recv() == i);
                  }
                  t.expect(rx.recv() == lagged(3));
                  t.expect(rx.recv() == 5 && rx.recv() == 6 && rx.try_recv() == nothing());
                }));

  contract.line(116, "received_and_missed_make_all",
                "What each receiver got and missed adds up to what was sent, exactly.",
                on_broadcast([](test_context& t) {
                  for (const std::size_t capacity : {1u, 2u, 3u, 64u}) {
                    auto [tx, rx] = broadcast::channel<std::size_t>(capacity);
                    const std::size_t count = t.times(100'000);
                    std::deque<broadcast::receiver<std::size_t>> receivers;
                    for (int i = 0; i < 4; ++i) receivers.push_back(rx.clone());
                    rx.reset();
                    t.together(5, [&, &tx = tx](std::size_t i) {
                      if (i == 4) {
                        for (std::size_t n = 0; n < count; ++n) t.expect(tx.send(n) == 4u);
                        tx.reset();
                        return;
                      }
                      // The message that follows what was read and missed is the next one: no more, no less.
                      for (std::size_t next = 0;;) {
                        const auto got = receivers[i].recv();
                        if (got) {
                          t.expect(*got == next++);
                        } else if (got.error().lagged()) {
                          next += got.error().missed;
                        } else {
                          t.expect(next == count);
                          return;
                        }
                      }
                    });
                  }
                }));

  contract.line(117, "the_end_takes_no_room",
                "After the senders, a receiver hears its lag, reads the rest, and then the end.",
                on_broadcast([](test_context& t) {
                  for (const std::size_t capacity : {1u, 2u}) {
                    auto [tx, rx] = broadcast::channel<int>(capacity);
                    send_all(t, tx, 1, 2, 3);
                    tx.reset();
                    t.expect(rx.recv() == lagged(3 - capacity));
                    for (int i = 4 - static_cast<int>(capacity); i <= 3; ++i) t.expect(rx.recv() == i);
                    for (int i = 0; i < 3; ++i) t.expect(rx.recv() == ended() && rx.try_recv() == ended());
                  }
                  auto [tx, rx] = broadcast::channel<int>(1);
                  send_all(t, tx, 1);
                  tx.reset();
                  t.expect(rx.recv() == 1);
                }));
}

void add_waiting(line_table& contract) {
  contract.line(118, "woken_by_send_and_end_only",
                "Receivers that wait wake for a message and for the last sender's going, and for no other.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::make_channel<observed>(4);
                  std::deque<helper_thread> waiting;
                  for (int i = 0; i < 4; ++i) {
                    waiting.emplace_back(t, [&t, mine = rx.clone()]() mutable {
                      t.expect(mine.recv() == 1);
                      t.expect(mine.recv() == ended());
                    });
                  }
                  const auto all_asleep = [&] {
                    for (const auto& one : waiting) t.expect(!one.asleep().finished());
                  };
                  all_asleep();
                  const int looks = observed::looks;
                  { const auto clone = tx.clone(); }
                  { const auto clone = rx.clone(); }
                  { const auto late = tx.subscribe(); }
                  all_asleep();
                  t.expect(observed::looks == looks);
                  send_all(t, tx, 1);
                  all_asleep();
                  tx.reset();
                }));

  contract.line(119, "subscribers_see_what_comes",
                "A subscriber sees only what is sent after it came; on a closed channel, the end.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(4);
                  send_all(t, tx, 1);
                  auto late = tx.subscribe();
                  auto again = rx.resubscribe();
                  send_all(t, tx, 2);
                  t.expect(late.recv() == 2 && again.recv() == 2 && rx.recv() == 1 && rx.recv() == 2);
                  tx.reset();
                  auto last = rx.resubscribe();
                  t.expect(last.recv() == ended());
                }));

  contract.line(120, "no_receivers",
                "Without receivers a send gives its message back; a later subscriber makes it work again.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<std::shared_ptr<int>>(2);
                  rx.reset();
                  const auto value = std::make_shared<int>(1);
                  t.expect(tx.send(value).error().value == value);
                  t.expect(value.use_count() == 1);
                  auto late = tx.subscribe();
                  t.expect(tx.send(value) == 1u && late.recv() == value);
                }));

  contract.line(121, "a_receivers_end_frees", "What only one receiver had still to read goes with it.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<std::shared_ptr<int>>(4);
                  auto other = tx.subscribe();
                  const auto value = std::make_shared<int>(1);
                  send_all(t, tx, value);
                  t.expect(value.use_count() == 2);
                  t.expect(other.recv() == value);
                  t.expect(value.use_count() == 2);
                  rx.reset();
                  t.expect(value.use_count() == 1 && tx.empty());
                }));

  contract.line(122, "what_is_pending",
                "A receiver's size counts overwritten messages until it is told of them; a sender's those that some "
                "receiver has still to read.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(2);
                  auto fast = tx.subscribe();
                  for (int i = 0; i < 4; ++i) {
                    send_all(t, tx, i);
                    t.expect(fast.recv() == i);
                    t.expect(tx.size() == std::min<std::size_t>(static_cast<std::size_t>(i) + 1, 2));
                  }
                  t.expect(rx.size() == 4 && fast.empty());
                  t.expect(rx.recv() == lagged(2) && rx.size() == 2);
                  t.expect(rx.recv() == 2 && rx.size() == 1 && tx.size() == 1);
                  t.expect(rx.recv() == 3 && rx.empty() && tx.empty());
                }));

  contract.line(123, "exact_capacity", "Exactly as many messages are kept as asked for, not the next power of two.",
                on_broadcast([](test_context& t) {
                  for (std::size_t capacity = 1; capacity < 20; ++capacity) {
                    auto [tx, rx] = broadcast::channel<std::size_t>(capacity);
                    for (std::size_t i = 0; i < capacity + 1; ++i) t.expect(tx.send(i).has_value());
                    t.expect(tx.capacity() == capacity && tx.size() == capacity);
                    t.expect(rx.recv() == lagged(1));
                    for (std::size_t i = 1; i < capacity + 1; ++i) t.expect(rx.recv() == i);
                  }
                }));

  contract.line(124, "no_capacity_no_channel", "A capacity of 0 is refused; a send never waits, whatever receivers do.",
                on_broadcast([](test_context& t) {
                  for (const std::size_t impossible : {std::size_t{0}, ~std::size_t{0}}) {
                    bool refused = false;
                    try {
                      (void)broadcast::channel<int>(impossible);
                    } catch (const std::length_error&) {
                      refused = true;
                    }
                    t.expect(refused);
                  }
                  auto [tx, rx] = broadcast::channel<int>(1);
                  for (int i = 0; i < 100'000; ++i) t.expect(tx.send(i) == 1u);
                  t.expect(rx.recv() == lagged(99'999) && rx.recv() == 99'999);
                }));
}

/// Its copies fail while told to, and it notices when two are made at once.
class touchy {
public:
  struct state {
    std::atomic<bool> fails{false};
    std::atomic<int> copying{0};
    std::atomic<bool> met{false};
  };

  touchy(state& s, int v) noexcept : state_(&s), value(v) {}
  touchy(touchy&&) noexcept = default;
  touchy(const touchy& other) : state_(other.state_), value(other.value) {
    if (state_->fails) throw std::runtime_error("this copy fails");
    if (++state_->copying != 1) state_->met = true;
    for (int i = 0; i < 100; ++i) platform::pause();
    --state_->copying;
  }

private:
  state* state_;

public:
  int value;
};

void add_copies(line_table& contract) {
  contract.line(125, "a_copy_may_fail",
                "What a copy throws comes out of recv; that message is done with, and the next is fine.",
                on_broadcast([](test_context& t) {
                  touchy::state state;
                  auto [tx, rx] = broadcast::channel<touchy>(2);
                  t.expect(tx.send(touchy(state, 1)).has_value() && tx.send(touchy(state, 2)).has_value());
                  state.fails = true;
                  bool caught = false;
                  try {
                    (void)rx.recv();
                  } catch (const std::runtime_error&) {
                    caught = true;
                  }
                  state.fails = false;
                  t.expect(caught && rx.recv()->value == 2 && rx.empty() && tx.empty());
                }));

  contract.line(126, "clones_keep_their_place", "A clone of a receiver goes on from where its original is.",
                on_broadcast([](test_context& t) {
                  auto [tx, rx] = broadcast::channel<int>(4);
                  send_all(t, tx, 1, 2, 3);
                  t.expect(rx.recv() == 1);
                  auto clone = rx.clone();
                  t.expect(clone.recv() == 2 && clone.recv() == 3 && clone.try_recv() == nothing());
                  t.expect(rx.recv() == 2 && rx.recv() == 3);
                  send_all(t, tx, 4, 5, 6, 7, 8);
                  auto lagging = rx.clone();
                  t.expect(lagging.recv() == lagged(1) && rx.recv() == lagged(1) && lagging.recv() == 5);
                }));

  contract.line(127, "one_copy_at_a_time",
                "One message is not copied by two threads at once, unless its type is declared safe for it.",
                on_broadcast([](test_context& t) {
                  static_assert(!concurrent_copy<touchy> && concurrent_copy<int>);
                  std::array<touchy::state, 64> states;
                  auto [tx, rx] = broadcast::channel<touchy>(states.size());
                  std::deque<broadcast::receiver<touchy>> receivers;
                  for (int i = 0; i < 4; ++i) receivers.push_back(rx.clone());
                  rx.reset();
                  const int count = static_cast<int>(t.times(10'000));
                  for (int round = 0; round < count; round += 64) {
                    for (auto& state : states) t.expect(tx.send(touchy(state, 0)) == 4u);
                    t.together(4, [&](std::size_t r) {
                      for (std::size_t i = 0; i < states.size(); ++i) t.expect(receivers[r].recv().has_value());
                    });
                  }
                  for (const auto& state : states) t.expect(!state.met);
                }));
}

}  // namespace

void add_broadcast(line_table& contract) {
  add_delivery(contract);
  add_waiting(contract);
  add_copies(contract);
}

}  // namespace sluice::contract
