#pragma once

#include <properties/property.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

/// What the disconnect of one side means for the other.
namespace sluice::properties {

namespace detail {

/// A random number of messages that fit into the channel, at most `most`.
inline int any_fill(std::optional<std::size_t> capacity, int most) {
  const int room = capacity ? static_cast<int>(std::min<std::size_t>(*capacity, static_cast<std::size_t>(most))) : most;
  return *rc::gen::inRange(0, room + 1);
}

}  // namespace detail

/// The last sender disconnects, with messages buffered.
struct senders_disconnected {
  static constexpr std::string_view name = "senders_disconnected";
  static constexpr std::string_view claim =
      "After the last sender, receivers get what is buffered, in order, and then `disconnected` for ever.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_disconnect, needs_tries);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const int buffered = detail::any_fill(capacity, 70);
      auto [tx, rx] = r.channel().make<int>(capacity);
      for (int i = 0; i < buffered; ++i) RC_ASSERT(tx.try_send(int{i}).has_value());
      if (r.channel().traits().producers == cardinality::many) {
        auto other = tx.clone();
        tx.reset();
        if (buffered == 0) RC_ASSERT(rx.try_recv().error() == try_recv_error::empty);
      } else {
        tx.reset();
      }
      for (int i = 0; i < buffered; ++i) RC_ASSERT(rx.recv().value() == i);
      for (int again = 0; again < 2; ++again) {
        RC_ASSERT(rx.recv().error() == recv_error::disconnected);
        RC_ASSERT(rx.try_recv().error() == try_recv_error::disconnected);
        RC_ASSERT(rx.recv_for(std::chrono::seconds(10)).error() == recv_timeout_error::disconnected);
      }
    });
  }
};

/// The last sender disconnects while receivers sleep.
struct senders_disconnected_wakes {
  static constexpr std::string_view name = "senders_disconnected_wakes";
  static constexpr std::string_view claim =
      "When the last sender disconnects, every waiting receiver wakes: with a message while there are any, else "
      "`disconnected`.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_disconnect(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const bool many = r.channel().traits().consumers == cardinality::many;
      const int receivers = many ? *rc::gen::inRange(1, 9) : 1;
      const int messages = *rc::gen::inRange(0, receivers);
      const bool timed = r.channel().traits().timed && *rc::gen::arbitrary<bool>();
      std::atomic<int> received{0};
      std::atomic<int> disconnected{0};
      std::atomic<int> late{0};
      {
        auto [tx, rx] = r.channel().make<int>(capacity);
        thread_group threads(r.dog());
        std::vector<worker*> waiting;
        for (int i = 0; i < receivers; ++i) {
          waiting.push_back(&threads.add("receiver " + std::to_string(i), [&](worker& self) {
            self.about_to(timed ? "recv_for" : "recv");
            if (timed) {
              const auto got = rx.recv_for(std::chrono::hours(1));
              ++(got ? received : got.error() == recv_timeout_error::disconnected ? disconnected : late);
            } else {
              ++(rx.recv() ? received : disconnected);
            }
          }));
        }
        threads.start();
        for (const worker* w : waiting) w->await_asleep();
        int refused = 0;
        for (int i = 0; i < messages; ++i) refused += !tx.send(int{i});
        tx.reset();
        threads.join();
        RC_ASSERT(refused == 0);
      }
      RC_ASSERT(late == 0);
      RC_ASSERT(received == messages);
      RC_ASSERT(disconnected == receivers - messages);
    });
  }
};

/// The last receiver disconnects, with messages buffered.
struct receivers_disconnected {
  static constexpr std::string_view name = "receivers_disconnected";
  static constexpr std::string_view claim =
      "When the last receiver disconnects, buffered messages are destroyed at once (if declared), and every later send "
      "returns its message.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_disconnect, needs_tries);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const int buffered = detail::any_fill(capacity, 70);
      message_counts counts;
      const std::atomic<int>& alive = counts.messages;
      auto [tx, rx] = r.channel().make<counted>(capacity);
      for (int i = 0; i < buffered; ++i) RC_ASSERT(tx.try_send(counted(counts)).has_value());
      RC_ASSERT(alive == buffered);
      rx.reset();
      if (alive != 0 && r.channel().traits().discards)
        RC_FAIL(std::to_string(alive) + " of " + std::to_string(buffered) + " messages live on");
      const int kept = alive;
      {
        const auto refused = tx.send(counted(counts));
        RC_ASSERT(!refused.has_value());
        RC_ASSERT(alive == kept + 1);
      }
      RC_ASSERT(tx.try_send(counted(counts)).error().disconnected());
      RC_ASSERT(tx.send_for(counted(counts), std::chrono::seconds(10)).error().disconnected());
      RC_ASSERT(alive == kept);
      if (r.channel().traits().producers == cardinality::many) {
        RC_ASSERT(tx.clone().try_send(counted(counts)).error().disconnected());
      }
    });
  }
};

/// The last receiver disconnects while senders sleep.
struct receivers_disconnected_wakes {
  static constexpr std::string_view name = "receivers_disconnected_wakes";
  static constexpr std::string_view claim =
      "When the last receiver disconnects, every waiting sender wakes and gets its message back.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (!traits.bounded) return "its senders never wait";
    return needs_disconnect(traits);
  }

  static void check(run& r) {
    r.forall([&] {
      static constexpr std::array<std::optional<std::size_t>, 4> bounded{0, 1, 2, 3};
      const auto capacity = any_capacity(r, bounded);
      const int senders = r.channel().traits().producers == cardinality::many ? *rc::gen::inRange(1, 9) : 1;
      const bool timed = r.channel().traits().timed && *rc::gen::arbitrary<bool>();
      std::atomic<int> refused{0};
      {
        auto [tx, rx] = r.channel().make<std::unique_ptr<int>>(capacity);
        fill(r, tx, [] { return std::make_unique<int>(-1); });
        thread_group threads(r.dog());
        std::vector<worker*> waiting;
        for (int i = 0; i < senders; ++i) {
          waiting.push_back(&threads.add("sender " + std::to_string(i), [&, i](worker& self) {
            self.about_to(timed ? "send_for" : "send");
            // A wrong channel may return no message at all.
            const auto own = [i](const std::unique_ptr<int>& message) { return message && *message == i; };
            if (timed) {
              const auto sent = tx.send_for(std::make_unique<int>(i), std::chrono::hours(1));
              if (!sent && sent.error().disconnected() && own(sent.error().value)) ++refused;
            } else {
              const auto sent = tx.send(std::make_unique<int>(i));
              if (!sent && own(sent.error().value)) ++refused;
            }
          }));
        }
        threads.start();
        for (const worker* w : waiting) w->await_asleep();
        rx.reset();
        threads.join();
      }
      RC_ASSERT(refused == senders);
    });
  }
};

}  // namespace sluice::properties
