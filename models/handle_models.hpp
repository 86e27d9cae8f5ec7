#pragma once

#include <models/custom_model.hpp>
#include <models/one_channel.hpp>
#include <models/suite.hpp>

#include <harness/requirements.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What handles tell, and what weak senders promise, in every interleaving of two or three threads.
namespace sluice::models {

/// A channel with one sender, one receiver and a weak sender.
struct weakly_held_channel : one_channel {
  using one_channel::one_channel;

  decltype(std::declval<harness::erased_sender<message>&>().downgrade()) weak = tx.downgrade();
  int sent = -1;      ///< by a sender that was locked
  int received = -1;  ///< -1: disconnected
};

inline constexpr std::array handle_models{
    custom_model<weakly_held_channel>{"counted_by_a_sender", "Does a sender count a message that has been received?",
                                      "unbounded 1 2",
                                      [](weakly_held_channel& s, unsigned index) {
                                        if (index == 0) {
                                          expect(s.tx.send(message(7)).has_value());
                                          for (int looks = 0; looks < 2; ++looks) {
                                            const bool over = s.received != -1;
                                            expect(s.tx.size() == 0 || !over);
                                          }
                                        } else if (index == 1) {
                                          s.received = static_cast<int>(*s.rx.recv());
                                        }
                                      },
                                      [](weakly_held_channel& s) { expect(s.received == 7); }},
    custom_model<weakly_held_channel>{
        "lock_races_the_last_sender",
        "Does lock() that races the last sender's disconnect give a sender to an open channel, or nothing?",
        "unbounded 0 1",
        [](weakly_held_channel& s, unsigned index) {
          if (index == 0) {
            s.tx.reset();
          } else if (index == 1) {
            if (auto locked = s.weak.lock()) {
              expect(locked->send(message(7)).has_value());
              s.sent = 7;
            }
          } else {
            const auto got = s.rx.recv();
            if (got) s.received = static_cast<int>(*got);
          }
        },
        [](weakly_held_channel& s) { expect(s.received == s.sent && !s.weak.lock()); }},
    custom_model<weakly_held_channel>{"the_last_handle_frees",
                                      "Is the channel freed once, whichever of its handles goes last?", "unbounded 1",
                                      [](weakly_held_channel& s, unsigned index) {
                                        if (index == 0) {
                                          s.tx.reset();
                                        } else if (index == 1) {
                                          s.rx.reset();
                                        } else {
                                          (void)s.weak.lock();
                                          s.weak.reset();
                                        }
                                      },
                                      [](weakly_held_channel&) {}},
};

/// Those models as checks of one channel.
inline std::vector<model_check> handle_checks(const model_subject& channel) {
  auto checks = checks_of(handle_models, channel.traits());
  for (model_check& c : checks) {
    if (const char* reason = harness::needs_disconnect(channel.traits())) c.not_applicable = reason;
    if (c.name == "counted_by_a_sender" && channel.traits().consistency != consistency::linearizable) {
      c.not_applicable = "what size() tells is a hint";
    }
    if (channel.traits().producers == cardinality::one) c.not_applicable = "it has one producer";
  }
  return checks;
}

}  // namespace sluice::models
