#include <properties/contract/contract.hpp>
#include <sluice/broadcast.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>
#include <sluice/spsc.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

/// Lines 1 to 7: construction and handles.
namespace sluice::contract {
namespace {

template <class R>
concept clonable = requires(const R& r) {
  r.clone();
};

template <class Handle>
constexpr bool never_copied = !std::is_copy_constructible_v<Handle> && !std::is_copy_assignable_v<Handle> &&
                              std::is_nothrow_move_constructible_v<Handle>;

constexpr std::size_t any_capacity = (std::numeric_limits<std::size_t>::max)();

constexpr const char* needs_any_capacity(const core_traits& traits) noexcept {
  if (const char* reason = needs_room(traits)) return reason;
  return traits.accepts(any_capacity) ? nullptr : "it cannot be asked for it";
}

/// Assigns and swaps handles by their names: a temporary's destructor would hide a count that a moved-from handle
/// keeps.
///
/// \param reaches  checks that a message sent through the one handle arrives at the other.
/// \param ended    whether a receiver's senders have disconnected.
/// \param refused  whether a sender's receivers have disconnected.
void assign_by_name(test_context& t, auto make, auto reaches, auto ended, auto refused) {
  auto [tx, rx] = make();
  auto [next_tx, next_rx] = make();
  tx = std::move(next_tx);
  t.expect(tx && !next_tx && ended(rx));
  std::swap(rx, next_rx);
  t.expect(ended(next_rx));
  reaches(tx, rx);
  auto& same_tx = tx;
  tx = std::move(same_tx);
  auto& same_rx = rx;
  rx = std::move(same_rx);
  reaches(tx, rx);
  auto [last_tx, last_rx] = make();
  rx = std::move(last_rx);
  t.expect(rx && !last_rx && refused(tx));
}

std::vector<cell> and_also(std::vector<cell> cells, std::vector<cell> others) {
  std::ranges::move(others, std::back_inserter(cells));
  return cells;
}

}  // namespace

void add_construction(line_table& contract) {
  contract.line(1, "pair_is_connected", "A new pair is connected: what is sent is received.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&] { t.expect(tx.send(7).has_value()); });
                    t.expect(rx.recv() == 7);
                  });
                }));

  contract.line(2, "clones_change_nothing", "Cloning a handle and dropping the clone does not end a wait.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    std::optional<int> got;
                    helper_thread receiver(
                        t, [&] { select_or_recv(s, rx, [&](auto message) { got = message.value_or(-1); }); });
                    receiver.asleep();
                    for (int i = 0; i < 10; ++i) {
                      if (s.traits().producers == cardinality::many) (void)tx.clone();
                      if (s.traits().consumers == cardinality::many) (void)rx.clone();
                    }
                    t.expect(!receiver.finished());
                    t.expect(tx.send(5).has_value());
                    receiver.join();
                    t.expect(got == 5);
                  });
                }));

  const auto assigned = [](test_context& t, const channel& s) {
    each<int>(s, all, [&](auto& tx, auto& rx) {
      auto other = std::move(tx);
      t.expect(!tx && other);
      t.expect(rx.try_recv().error() == try_recv_error::empty);
      const auto make = [&] { return s.make<int>(rx.capacity()); };
      other = make().first;
      t.expect(rx.recv().error() == recv_error::disconnected);
      assign_by_name(
          t, make,
          [&](auto& from, auto& to) {
            helper_thread sender(t, [&] { t.expect(from.send(7).has_value()); });
            t.expect(to.recv() == 7);
          },
          [](auto& receiver) {
            const auto got = receiver.try_recv();
            return !got && got.error() == try_recv_error::disconnected;
          },
          [](auto& sender) {
            const auto sent = sender.try_send(7);
            return !sent && sent.error().disconnected();
          });
    });
  };
  const auto broadcasts_assigned = [](test_context& t) {
    assign_by_name(
        t, [] { return broadcast::channel<int>(2); },
        [&](auto& from, auto& to) { t.expect(from.send(7) == 1u && to.recv() == 7); },
        [](auto& receiver) {
          const auto got = receiver.try_recv();
          return !got && got.error().disconnected();
        },
        [](auto& sender) { return !sender.send(7).has_value(); });
  };
  contract.line(3, "moved_from_holds_nothing",
                "A moved-from handle holds no count; assigning over the last handle of a side disconnects it.",
                and_also(on<needs_disconnect>(every_channel(), assigned), only("broadcast", broadcasts_assigned)));

  contract.line(4, "no_accidental_copies", "No handle can be copied; receivers have clone() where many may receive.",
                only("handles", [](test_context& t) {
                  static_assert(never_copied<mpmc::sender<int>> && never_copied<mpmc::receiver<int>>);
                  static_assert(never_copied<mpsc::sender<int>> && never_copied<mpsc::receiver<int>>);
                  static_assert(never_copied<spsc::sender<int>> && never_copied<spsc::receiver<int>>);
                  t.expect(clonable<mpmc::sender<int>> && clonable<mpmc::receiver<int>>);
                  t.expect(clonable<mpsc::sender<int>> && !clonable<mpsc::receiver<int>>);
                  t.expect(!clonable<spsc::sender<int>> && !clonable<spsc::receiver<int>>);
                }));

  contract.line(5, "channels_through_channels", "A channel travels through a channel, a thousand times over.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  for (const auto& capacity : capacities{std::nullopt, 0, 1, 2, 3}) {
                    if (!s.traits().accepts(capacity)) continue;
                    const std::size_t hops = 1000;
                    auto [first_tx, first_rx] = s.make<hop>(capacity);
                    helper_thread sender(t, [&, capacity, tx = std::move(first_tx)]() mutable {
                      for (std::size_t i = 0; i < hops; ++i) {
                        auto [next_tx, next_rx] = s.make<hop>(capacity);
                        t.expect(tx.send(hop{std::make_unique<receiver<hop>>(std::move(next_rx))}).has_value());
                        tx = std::move(next_tx);
                      }
                    });
                    auto rx = std::move(first_rx);
                    std::size_t seen = 0;
                    while (auto got = rx.recv()) {
                      ++seen;
                      auto next = std::move(got->next);
                      rx = std::move(*next);
                    }
                    t.expect(seen == hops);
                  }
                }));

  contract.line(6, "one_handle_many_threads", "One handle object can be used by several threads at once.",
                on<needs_producers>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const std::size_t receivers = s.traits().consumers == cardinality::many ? 4 : 1;
                    std::atomic<int> sum{0};
                    std::atomic<std::size_t> left{4};
                    t.together(4 + receivers, [&](std::size_t i) {
                      if (i < 4) {
                        for (int n = 1; n <= 500; ++n) t.expect(tx.send(n).has_value());
                        if (--left == 0) tx.reset();
                      } else {
                        while (auto got = rx.recv()) sum += *got;
                      }
                    });
                    t.expect(sum == 4 * 500 * 501 / 2);
                  });
                }));

  contract.line(7, "impossible_capacity",
                "A capacity beyond memory is refused cleanly, or takes memory only as messages come.",
                on<needs_any_capacity>(every_channel(), [](test_context& t, const channel& s) {
                  const std::size_t before = allocations::live();
                  bool sound = true;
                  try {
                    auto [tx, rx] = s.make<int>(any_capacity);
                    sound = tx.try_send(1).has_value() && rx.try_recv() == 1;
                  } catch (const std::length_error&) {
                  } catch (const std::bad_alloc&) {
                  }
                  t.expect(sound && allocations::live() == before);
                }));
}

}  // namespace sluice::contract
