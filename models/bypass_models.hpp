#pragma once

#include <models/custom_model.hpp>
#include <models/suite.hpp>

#include <harness/requirements.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// How often a thread that waits is overtaken, in every interleaving of it, one that overtakes it, and a peer.
namespace sluice::models {

/// A channel, and what its messages tell: those of a thread that overtakes have numbers from `overtaking` on.
struct contended_channel {
  explicit contended_channel(std::optional<std::size_t> wanted) : contended_channel(tested->make<message>(wanted)) {
    capacity = wanted.value_or(0);
  }

  harness::erased_sender<message> tx;
  harness::erased_receiver<message> rx;
  std::size_t capacity = 0;
  std::size_t overtaken = 0;
  bool served = false;
  int got = -1;            ///< by the waiting receiver
  std::vector<int> taken;  ///< by the other receiver, while that one waited

  static constexpr int waiting = 1;
  static constexpr int overtaking = 2;
  static constexpr unsigned operations = 8;

  /// A thread that comes later: sends as often as that succeeds, and tells whether the waiting thread slept before.
  void overtake_sender() {
    for (unsigned sent = 0; sent < operations && !served;) {
      const bool waits = platform::model::asleep.has(0);
      sent += send_one(waits ? overtaking : 0);
    }
  }
  void overtake_receiver() {
    while (!served) {
      const bool waits = platform::model::asleep.has(0);
      const auto late = rx.try_recv();
      if (!late) {
        if (late.error() == try_recv_error::disconnected) return;
        platform::yield();
      } else if (waits) {
        taken.push_back(static_cast<int>(*late));
      }
    }
  }

  /// \returns  whether it was sent; another thread has run if not.
  bool send_one(int number) {
    if (tx.try_send(message(number))) return true;
    platform::yield();
    return false;
  }

  void expect_bounded() const {
    constexpr std::size_t others = 2;
    expect(overtaken <= tested->traits().bypass + capacity + others);
  }

private:
  using handles = std::pair<harness::erased_sender<message>, harness::erased_receiver<message>>;
  explicit contended_channel(handles made) : tx(std::move(made.first)), rx(std::move(made.second)) {}
};

inline constexpr std::array bypass_models{
    custom_model<contended_channel>{
        "sender_overtaken", "Is a sender that waits overtaken by no more sends than the channel promises?", "1 2",
        [](contended_channel& s, unsigned index) {
          if (index == 0) {
            for (std::size_t i = 0; i < s.capacity; ++i) expect(s.tx.send(message(0)).has_value());
            expect(s.tx.send(message(contended_channel::waiting)).has_value());
          } else if (index == 1) {
            s.overtake_sender();
          } else {
            while (!s.served) {
              const int got = static_cast<int>(*s.rx.recv());
              s.served = got == contended_channel::waiting;
              s.overtaken += got == contended_channel::overtaking;
            }
          }
        },
        [](contended_channel& s) { s.expect_bounded(); }},
    custom_model<contended_channel>{"receiver_overtaken",
                                    "Is a receiver that waits overtaken by no more receives than the channel promises?",
                                    "unbounded 1 2",
                                    [](contended_channel& s, unsigned index) {
                                      if (index == 0) {
                                        if (const auto got = s.rx.recv()) s.got = static_cast<int>(*got);
                                        s.served = true;
                                      } else if (index == 1) {
                                        s.overtake_receiver();
                                      } else {
                                        for (unsigned sent = 0; sent < contended_channel::operations && !s.served;) {
                                          sent += s.send_one(static_cast<int>(sent));
                                        }
                                        s.tx.reset();
                                      }
                                    },
                                    [](contended_channel& s) {
                                      for (const int number : s.taken) s.overtaken += s.got == -1 || number < s.got;
                                      s.expect_bounded();
                                    }},
};

/// Those models as checks of one channel.
inline std::vector<model_check> bypass_checks(const model_subject& channel) {
  const core_traits& traits = channel.traits();
  auto checks = checks_of(bypass_models);
  for (model_check& c : checks) {
    if (const char* reason = harness::needs_all(traits, harness::needs_bounded_bypass, harness::needs_tries)) {
      c.not_applicable = reason;
    }
    const bool many = (c.name == "sender_overtaken" ? traits.producers : traits.consumers) == cardinality::many;
    if (!many) c.not_applicable = "it has one thread on that side, which none can overtake";
    std::erase_if(c.capacities,
                  [&](const std::string& word) { return !traits.accepts(harness::parse_capacity(word)); });
    if (c.capacities.empty()) c.not_applicable = "it accepts none of the capacities that this is about";
  }
  return checks;
}

}  // namespace sluice::models
