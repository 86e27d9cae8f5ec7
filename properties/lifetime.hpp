#pragma once

#include <properties/disconnect.hpp>
#include <properties/property.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

/// Messages are made once and destroyed once, whatever happens to the channel.
namespace sluice::properties {

template <class Subject>
struct lifetime {
  static constexpr std::string_view name = "lifetime";
  static constexpr std::string_view claim =
      "However senders and receivers come and go, each message is destroyed once, and none outlives the channel.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_disconnect(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity<Subject>();
      const int producers = Subject::traits.producers == cardinality::many ? *rc::gen::inRange(1, 4) : 1;
      const int consumers = Subject::traits.consumers == cardinality::many ? *rc::gen::inRange(1, 4) : 1;
      const int each = *rc::gen::inRange(0, 200);
      const int wanted = *rc::gen::inRange(0, 200);
      std::atomic<int> alive{0};
      {
        auto [tx, rx] = Subject::template make<counted>(capacity);
        crew threads(r.dog());
        for (int p = 0; p < producers; ++p) {
          threads.add("producer " + std::to_string(p),
                      [&, mine = std::make_shared<decltype(tx)>(tx.clone())](worker& self) {
                        for (int i = 0; i < each; ++i) {
                          self.about_to("send");
                          if (!mine->send(counted(alive))) break;
                        }
                        self.about_to("drop its sender");
                        mine->reset();
                      });
        }
        for (int c = 0; c < consumers; ++c) {
          // Each leaves after a while, so that senders are met by a channel without receivers.
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
      if (alive != 0) RC_FAIL(std::to_string(alive) + " messages too many, or too few where negative, live on");
    });
  }
};

}  // namespace sluice::properties
