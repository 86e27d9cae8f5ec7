#pragma once

#include <properties/property.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

/// Longer runs of producers and consumers: which messages arrive, and in which order.
namespace sluice::properties {

namespace detail {

struct stream_shape {
  std::optional<std::size_t> capacity;
  std::uint32_t producers;
  std::uint32_t consumers;
  std::uint32_t each;
};

inline stream_shape any_stream(const run& r) {
  const auto up_to = [](cardinality c) { return c == cardinality::many ? 4u : 1u; };
  stream_shape shape{};
  shape.capacity = any_capacity(r);
  shape.producers = *rc::gen::inRange(1u, up_to(r.channel().traits().producers) + 1);
  shape.consumers = *rc::gen::inRange(1u, up_to(r.channel().traits().consumers) + 1);
  shape.each = *rc::gen::inRange(1u, 400u);
  RC_LOG() << shape.producers << " producers of " << shape.each << " messages, " << shape.consumers
           << " consumers, capacity " << harness::to_string(shape.capacity) << "\n";
  return shape;
}

/// What each consumer received, in order.
///
/// Producers and consumers use every form of their operation in turn.
inline std::vector<std::vector<parcel>> stream(run& r, const stream_shape& shape) {
  std::vector<std::vector<parcel>> got(shape.consumers);
  std::atomic<bool> refused{false};
  const bool tries = r.channel().traits().tries;
  {
    auto [tx, rx] = r.channel().make<parcel>(shape.capacity);
    thread_group threads(r.dog());
    for (std::uint32_t p = 0; p < shape.producers; ++p) {
      threads.add("producer " + std::to_string(p),
                  [&, p, mine = std::make_shared<decltype(tx)>(tx.clone())](worker& self) {
                    for (std::uint32_t n = 0; n < shape.each; ++n) {
                      if (n % 3 == 0 && tries) {
                        self.about_to("try_send");
                        if (mine->try_send(parcel(p, n))) continue;
                      }
                      self.about_to("send");
                      if (!mine->send(parcel(p, n))) refused = true;
                    }
                    mine->reset();
                  });
    }
    for (std::uint32_t c = 0; c < shape.consumers; ++c) {
      threads.add("consumer " + std::to_string(c),
                  [&, c, mine = std::make_shared<decltype(rx)>(rx.clone())](worker& self) {
                    for (;;) {
                      if (tries) {
                        self.about_to("try_recv");
                        if (auto message = mine->try_recv()) got[c].push_back(*message);
                      }
                      self.about_to("recv");
                      auto message = mine->recv();
                      if (!message) break;
                      got[c].push_back(*message);
                    }
                    mine->reset();
                  });
    }
    tx.reset();
    rx.reset();
    threads.run();
  }
  RC_ASSERT(!refused);
  return got;
}

}  // namespace detail

/// Compares what was received with what was sent.
struct conservation {
  static constexpr std::string_view name = "conservation";
  static constexpr std::string_view claim =
      "Every message sent is received once and whole: none is lost, invented, torn or received twice.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_disconnect(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto shape = detail::any_stream(r);
      std::map<std::pair<std::uint32_t, std::uint32_t>, int> times;
      for (const auto& messages : detail::stream(r, shape)) {
        for (const auto& m : messages) {
          RC_ASSERT(m.whole());
          ++times[{m.producer, m.number}];
        }
      }
      for (std::uint32_t p = 0; p < shape.producers; ++p) {
        for (std::uint32_t n = 0; n < shape.each; ++n) {
          const int received = times[{p, n}];
          if (received != 1) {
            RC_FAIL("message " + std::to_string(n) + " of producer " + std::to_string(p) + " was received " +
                    std::to_string(received) + " times");
          }
        }
      }
      RC_ASSERT(times.size() == std::size_t{shape.producers} * shape.each);
    });
  }
};

/// The order of each producer's messages at each consumer.
struct producer_order {
  static constexpr std::string_view name = "producer_order";
  static constexpr std::string_view claim = "Each consumer sees each producer's messages in the order they were sent.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_disconnect(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto shape = detail::any_stream(r);
      for (const auto& messages : detail::stream(r, shape)) {
        std::vector<std::int64_t> last(shape.producers, -1);
        for (const auto& m : messages) {
          RC_ASSERT(m.producer < shape.producers);
          if (m.number <= last[m.producer]) {
            RC_FAIL("producer " + std::to_string(m.producer) + ": message " + std::to_string(m.number) +
                    " came after message " + std::to_string(last[m.producer]));
          }
          last[m.producer] = m.number;
        }
      }
    });
  }
};

/// Producers that take turns, so that no two sends overlap.
struct global_order {
  static constexpr std::string_view name = "global_order";
  static constexpr std::string_view claim =
      "Sends that do not overlap are received in their order, whichever thread made them.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (const char* reason = needs_global_order(traits)) return reason;
    return traits.producers == cardinality::many ? nullptr : "it has one producer";
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const auto producers = *rc::gen::inRange(2u, 5u);
      const auto messages = *rc::gen::inRange(1u, 300u);
      std::vector<int> got;
      std::atomic<std::uint32_t> turn{0};
      {
        auto [tx, rx] = r.channel().make<int>(capacity);
        thread_group threads(r.dog());
        for (std::uint32_t p = 0; p < producers; ++p) {
          threads.add("producer " + std::to_string(p),
                      [&, p, mine = std::make_shared<decltype(tx)>(tx.clone())](worker& self) {
                        for (std::uint32_t n = p; n < messages; n += producers) {
                          self.about_to("wait for its turn");
                          while (turn.load(std::memory_order::acquire) != n) std::this_thread::yield();
                          self.about_to("send");
                          (void)mine->send(static_cast<int>(n));
                          turn.store(n + 1, std::memory_order::release);
                        }
                        mine->reset();
                      });
        }
        threads.add("consumer", [&](worker& self) {
          for (std::uint32_t n = 0; n < messages; ++n) {
            self.about_to("recv");
            got.push_back(rx.recv().value_or(-1));
          }
        });
        tx.reset();
        threads.run();
      }
      RC_ASSERT(got.size() == messages);
      for (std::uint32_t n = 0; n < messages; ++n) {
        if (got[n] != static_cast<int>(n)) {
          RC_FAIL("send " + std::to_string(got[n]) + " was received in place of send " + std::to_string(n));
        }
      }
    });
  }
};

}  // namespace sluice::properties
