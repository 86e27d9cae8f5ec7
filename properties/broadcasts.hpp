#pragma once

#include <properties/property.hpp>
#include <properties/scenario_properties.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// Longer runs of a broadcast.
namespace sluice::properties {

namespace detail {

/// A message, or how many were missed.
struct entry {
  int value;
  std::uint64_t missed;
};

struct broadcast_shape {
  std::optional<std::size_t> capacity;
  unsigned senders;
  unsigned receivers;
  unsigned each;
  std::uint64_t seed;  ///< of the threads' disturbance

  static constexpr int most = 1000;  ///< messages of a sender
};

inline broadcast_shape any_broadcast(const broadcast_run& r) {
  const broadcast_shape shape{any_capacity(r), *rc::gen::inRange(1u, 4u), *rc::gen::inRange(1u, 4u),
                              *rc::gen::inRange(1u, 400u), any_seed()};
  RC_LOG() << shape.senders << " senders of " << shape.each << " messages, " << shape.receivers
           << " receivers, capacity " << harness::to_string(shape.capacity) << "\n";
  return shape;
}

/// What each receiver was told, until the disconnect. It uses every form of the operation in turn.
inline std::vector<std::vector<entry>> broadcast_to_all(broadcast_run& r, const broadcast_shape& shape,
                                                        harness::live_count& live) {
  using namespace std::chrono_literals;
  std::vector<std::vector<entry>> told(shape.receivers);
  auto [tx, rx] = r.channel().make(shape.capacity);
  thread_group threads(r.dog());
  for (unsigned s = 0; s < shape.senders; ++s) {
    threads.add("sender " + std::to_string(s),
                [&live, &shape, s, mine = std::make_shared<decltype(tx)>(tx.clone())](worker& self) {
                  harness::disturb_by(shape.seed * 64 + s);
                  for (unsigned n = 0; n < shape.each; ++n) {
                    self.about_to("send");
                    const int value = static_cast<int>(s) * broadcast_shape::most + static_cast<int>(n);
                    // Never, since the receivers stay until the end. Their sums would tell.
                    if (!mine->send(harness::copied_message(value, live))) break;
                  }
                  mine->reset();
                });
  }
  for (unsigned c = 0; c < shape.receivers; ++c) {
    threads.add("receiver " + std::to_string(c),
                [&told, &shape, c, mine = std::make_shared<decltype(rx)>(tx.subscribe())](worker& self) {
                  harness::disturb_by(shape.seed * 64 + 32 + c);
                  for (unsigned n = 0;; ++n) {
                    self.about_to("receive");
                    const auto got = n % 3 == 0 ? mine->recv() : n % 3 == 1 ? mine->try_recv() : mine->recv_for(50us);
                    if (got) {
                      told[c].push_back({static_cast<int>(*got), 0});
                    } else if (got.error().lagged()) {
                      told[c].push_back({0, got.error().missed});
                    } else if (got.error().disconnected()) {
                      break;
                    }
                  }
                  mine->reset();
                });
  }
  tx.reset();
  rx.reset();
  threads.run();
  return told;
}

}  // namespace detail

/// Compares what the receivers read and missed with each other and with what was sent.
struct every_message_or_missed {
  static constexpr std::string_view name = "every_message_or_missed";
  static constexpr std::string_view claim =
      "What a receiver reads and what it is told to have missed add up to all that was sent, in each sender's order; "
      "all "
      "receivers see one order.";
  static constexpr const char* not_applicable(const broadcast_traits&) { return nullptr; }

  static void check(broadcast_run& r) {
    r.forall([&] {
      const auto shape = detail::any_broadcast(r);
      harness::live_count live;
      const auto told = detail::broadcast_to_all(r, shape, live);
      RC_ASSERT(live.get() == 0);

      const std::size_t all = std::size_t{shape.senders} * shape.each;
      constexpr int unknown = -1;
      std::vector<int> order(all, unknown);
      for (const auto& of_one : told) {
        std::vector<int> next(shape.senders);
        std::size_t position = 0;
        for (const detail::entry& e : of_one) {
          position += e.missed;
          if (e.missed != 0) continue;
          RC_ASSERT(position < all);
          const auto sender = static_cast<std::size_t>(e.value) / shape.most;
          const int number = e.value % shape.most;
          RC_ASSERT(sender < shape.senders && number >= next[sender]);
          next[sender] = number + 1;
          if (order[position] != unknown) RC_ASSERT(order[position] == e.value);
          order[position++] = e.value;
        }
        RC_ASSERT(position == all);
      }
    });
  }
};

/// Timeouts of receives.
struct broadcast_deadlines {
  static constexpr std::string_view name = "deadlines";
  static constexpr std::string_view claim =
      "A timed receive never times out early, however far its deadline, and its receiver works after a timeout.";
  static constexpr const char* not_applicable(const broadcast_traits&) { return nullptr; }

  static void check(broadcast_run& r) {
    using namespace std::chrono_literals;
    using broadcast::recv_reason;
    r.forall([&] {
      harness::live_count live;
      auto [tx, rx] = r.channel().make(any_capacity(r));
      const auto wait = std::chrono::microseconds(*rc::gen::inRange(0, 2000));
      expect_timeout(wait, [&] { return rx.recv_for(wait).error().reason == recv_reason::timeout; });
      RC_ASSERT(rx.recv_for(-1h).error().reason == recv_reason::timeout);
      RC_ASSERT(rx.recv_until(deadline::min()).error().reason == recv_reason::timeout);

      // Some of these exceed 2^31 or 2^32 milliseconds, where conversions overflow.
      const auto days = 24h * *rc::gen::inRange(1, 2000);
      bool received = false;
      thread_group threads(r.dog());
      const worker& receiver = threads.add("receiver", [&](worker& self) {
        self.about_to("recv_for");
        received = rx.recv_for(days).has_value();
      });
      threads.start();
      receiver.await_asleep();
      RC_ASSERT(tx.send(harness::copied_message(1, live)).has_value());
      threads.join();
      RC_ASSERT(received);
    });
  }
};

/// Messages watch their copies.
struct one_copy_at_a_time {
  static constexpr std::string_view name = "one_copy_at_a_time";
  static constexpr std::string_view claim =
      "No two threads copy one message concurrently, unless its type allows that: a copy may change what it copies.";
  static constexpr const char* not_applicable(const broadcast_traits& traits) {
    return traits.serializes_copies ? nullptr : "it copies concurrently";
  }

  static void check(broadcast_run& r) {
    r.forall([&] {
      harness::live_count live;
      detail::broadcast_to_all(r, detail::any_broadcast(r), live);
      RC_ASSERT(!live.any_copied_concurrently());
    });
  }
};

}  // namespace sluice::properties
