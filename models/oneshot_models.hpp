#pragma once

#include <models/custom_model.hpp>
#include <models/message.hpp>

#include <sluice/oneshot.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

/// Custom models of oneshot.
namespace sluice::models {

struct one_shot {
  explicit one_shot(std::optional<std::size_t>) : ends(oneshot::channel<message>()) {}

  oneshot::sender<message>& tx() { return ends.first; }
  oneshot::receiver<message>& rx() { return ends.second; }

  std::pair<oneshot::sender<message>, oneshot::receiver<message>> ends;
  rl::var<int> note{0};
  bool sent = false;
  int got = 0;
};

inline constexpr std::array oneshot_models{
    custom_model<one_shot>{"shot_arrives", "Does a receiver that waits wake for the message, and see it whole?", "1",
                           [](one_shot& s, unsigned index) {
                             if (index == 0) {
                               s.sent = s.tx().send(message(5)).has_value();
                             } else if (index == 1) {
                               const auto got = s.rx().recv();
                               s.got = got ? static_cast<int>(*got) : -1;
                               s.rx().reset();
                             }
                           },
                           [](one_shot& s) { expect(s.sent && s.got == 5); }},
    custom_model<one_shot>{"shot_into_the_void",
                           "Is a message that is sent as the receiver disconnects returned or destroyed?", "1",
                           [](one_shot& s, unsigned index) {
                             if (index == 0) {
                               const auto sent = s.tx().send(message(5));
                               expect(sent || static_cast<int>(sent.error().value) == 5);
                             } else if (index == 1) {
                               s.rx().reset();
                             }
                           },
                           [](one_shot&) {}},
    custom_model<one_shot>{"shot_expires", "Is the message lost if its receiver times out as it arrives?", "1",
                           [](one_shot& s, unsigned index) {
                             if (index == 0) {
                               expect(s.tx().send(message(5)).has_value());
                             } else if (index == 1) {
                               const auto early = s.rx().recv_for(std::chrono::nanoseconds(1));
                               if (!early) expect(early.error() == recv_timeout_error::timeout);
                               s.got = early ? static_cast<int>(*early) : static_cast<int>(*s.rx().recv());
                             }
                           },
                           [](one_shot& s) { expect(s.got == 5); }},
    custom_model<one_shot>{
        "no_shot",
        "Does a receiver wake, and see all that the sender did, when the sender disconnects without a message?", "1",
        [](one_shot& s, unsigned index) {
          if (index == 0) {
            s.note(RL_INFO).store(3);
            s.tx().reset();
          } else if (index == 1) {
            expect(!s.rx().recv() && !s.rx().try_recv());
            expect(s.note(RL_INFO).load() == 3);
            s.rx().reset();
          }
        },
        [](one_shot&) {}},
};

/// The custom models as checks. \tparam Core  cores::oneshot.
template <template <class> class Core>
std::vector<model_check> oneshot_checks() {
  return checks_of(oneshot_models);
}

}  // namespace sluice::models
