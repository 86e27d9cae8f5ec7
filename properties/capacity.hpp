#pragma once

#include <properties/property.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

/// What a capacity means.
namespace sluice::properties {

/// Fills and empties a channel on one thread.
struct exact_capacity {
  static constexpr std::string_view name = "exact_capacity";
  static constexpr std::string_view claim =
      "A channel of capacity C takes C messages and no more, and after each receive exactly one more.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (!traits.bounded) return "it has no bound";
    return needs_all(traits, needs_buffer, needs_tries, needs_exact_capacity, needs_exact_size);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity =
          *rc::gen::inRange<std::size_t>(std::max<std::size_t>(1, r.channel().traits().least_capacity),
                                         std::min<std::size_t>(200, r.channel().traits().greatest_capacity) + 1);
      const auto laps = *rc::gen::inRange<std::size_t>(1, 4);
      auto [tx, rx] = r.channel().make<int>(capacity);
      RC_ASSERT(tx.capacity() == capacity);
      int sent = 0;
      while (static_cast<std::size_t>(sent) <= 2 * capacity && tx.try_send(int{sent})) ++sent;
      if (static_cast<std::size_t>(sent) != capacity) {
        RC_FAIL("capacity " + std::to_string(capacity) + " took " + std::to_string(sent) + " messages");
      }
      for (int i = 0; static_cast<std::size_t>(i) < laps * capacity; ++i) {
        RC_ASSERT(tx.size() == capacity);
        RC_ASSERT(rx.full());
        RC_ASSERT(rx.try_recv().value() == i);
        RC_ASSERT(rx.size() == capacity - 1);
        RC_ASSERT(tx.try_send(int{sent++}).has_value());
        RC_ASSERT(tx.try_send(0).error().full());
      }
    });
  }
};

/// Bounds the number of buffered messages while threads operate.
struct never_over_capacity {
  static constexpr std::string_view name = "never_over_capacity";
  static constexpr std::string_view claim =
      "At no time have more than C sends completed whose messages no receive has begun to take.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (!traits.bounded) return "it has no bound";
    return needs_exact_capacity(traits);
  }

  static void check(run& r) {
    r.forall([&] {
      static constexpr std::array<std::optional<std::size_t>, 5> bounded{0, 1, 2, 3, 7};
      const std::size_t capacity = *any_capacity(r, bounded);
      const auto messages = *rc::gen::inRange(1, 500);
      // Incremented after a send and before a receive: the difference never exceeds what the channel holds.
      std::atomic<long> sent{0};
      std::atomic<long> begun{0};
      long most = 0;
      {
        auto [tx, rx] = r.channel().make<int>(capacity);
        thread_group threads(r.dog());
        threads.add("producer", [&](worker& self) {
          for (int i = 0; i < messages; ++i) {
            self.about_to("send");
            if (!tx.send(int{i})) break;
            // A receive that begins in between only makes the difference smaller.
            const long complete = sent.fetch_add(1, std::memory_order::seq_cst) + 1;
            most = std::max(most, complete - begun.load(std::memory_order::seq_cst));
          }
        });
        threads.add("consumer", [&](worker& self) {
          for (int i = 0; i < messages; ++i) {
            self.about_to("recv");
            begun.fetch_add(1, std::memory_order::seq_cst);
            (void)rx.recv();
          }
        });
        threads.run();
      }
      if (most > static_cast<long>(capacity)) {
        RC_FAIL("capacity " + std::to_string(capacity) + " held " + std::to_string(most) + " messages");
      }
    });
  }
};

}  // namespace sluice::properties
