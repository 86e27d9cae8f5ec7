#pragma once

#include <properties/disconnect.hpp>
#include <properties/property.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

/// Messages are constructed once and destroyed once, whatever happens to the channel.
namespace sluice::properties {

struct lifetime {
  static constexpr std::string_view name = "lifetime";
  static constexpr std::string_view claim =
      "However senders and receivers connect and disconnect, each message is moved, never copied, and destroyed once, "
      "and none outlives the channel.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_disconnect(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const int producers = r.channel().traits().producers == cardinality::many ? *rc::gen::inRange(1, 4) : 1;
      const int consumers = r.channel().traits().consumers == cardinality::many ? *rc::gen::inRange(1, 4) : 1;
      const int each = *rc::gen::inRange(0, 200);
      const int wanted = *rc::gen::inRange(0, 200);
      message_counts counts;
      {
        auto [tx, rx] = r.channel().make<counted>(capacity);
        thread_group threads(r.dog());
        for (int p = 0; p < producers; ++p) {
          threads.add("producer " + std::to_string(p),
                      [&, mine = std::make_shared<decltype(tx)>(tx.clone())](worker& self) {
                        for (int i = 0; i < each; ++i) {
                          self.about_to("send");
                          if (!mine->send(counted(counts))) break;
                        }
                        self.about_to("drop its sender");
                        mine->reset();
                      });
        }
        for (int c = 0; c < consumers; ++c) {
          // Each disconnects after a while, so that senders find a channel without receivers.
          threads.add("consumer " + std::to_string(c),
                      [&, mine = std::make_shared<decltype(rx)>(rx.clone())](worker& self) {
                        for (int i = 0; i < wanted; ++i) {
                          self.about_to("recv");
                          if (!mine->recv()) break;
                        }
                        self.about_to("drop its receiver");
                        mine->reset();
                      });
        }
        tx.reset();
        rx.reset();
        threads.run();
      }
      const auto none_of = [](int number, const char* what) {
        if (number != 0) RC_FAIL(std::to_string(number) + what);
      };
      none_of(counts.messages, " messages too many live on; if negative, so many were destroyed twice");
      none_of(counts.objects,
              " objects too many live on, moved-from ones among them; if negative, so many were destroyed twice");
      none_of(counts.copies, " copies of messages were made");
    });
  }
};

/// Messages whose destructors send on the channel that drops them.
struct busy_messages {
  static constexpr std::string_view name = "busy_messages";
  static constexpr std::string_view claim = "A message may use its own channel in its destructor.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_buffer, needs_discard, needs_tries);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r, buffered_capacities);
      const int messages = detail::any_fill(capacity, 20);
      int refused = 0;
      {
        thread_group threads(r.dog());
        threads.add("drops the receiver", [&](worker& self) {
          auto [tx, rx] = r.channel().make<busy>(capacity);
          // No receiver is left, so the message is returned.
          const std::function<void()> send = [&refused, &tx] {
            const auto sent = tx.try_send(busy());
            refused += !sent && sent.error().disconnected();
          };
          for (int i = 0; i < messages; ++i) (void)tx.try_send(busy(send));
          self.about_to("drop the receiver of messages that send");
          rx.reset();
        });
        threads.run();
      }
      RC_ASSERT(refused == messages);
    });
  }
};

/// Over-aligned messages.
struct aligned_messages {
  static constexpr std::string_view name = "aligned_messages";
  static constexpr std::string_view claim = "An over-aligned message is stored, and returned, at an aligned address.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_buffer, needs_tries);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r, buffered_capacities);
      const int messages = detail::any_fill(capacity, 70);
      int misplaced = 0;
      auto [tx, rx] = r.channel().make<block>(capacity);
      for (int i = 0; i < messages; ++i) RC_ASSERT(tx.try_send(block(i, misplaced)).has_value());
      for (int i = 0; i < messages; ++i) RC_ASSERT(rx.try_recv().value().number == i);
      if (misplaced != 0)
        RC_FAIL(std::to_string(misplaced) + " times a message of alignment 64 was at an unaligned address");
    });
  }
};

}  // namespace sluice::properties
