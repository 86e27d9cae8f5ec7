#pragma once

#include <models/custom_model.hpp>
#include <models/run_models.hpp>
#include <models/suite.hpp>

#include <sluice/core.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What a queue of P0260 promises if one thread closes it while others use it, in every interleaving of four threads.
namespace sluice::models {

/// A queue that one thread closes.
struct closed_queue {
  static constexpr rl::thread_id_t threads = 4;

  explicit closed_queue(std::optional<std::size_t> capacity) : queue(tested->make_core<message>(capacity)) {}

  std::unique_ptr<harness::core_interface<message>> queue;
  int sent = 0;
  int received = 0;

  void send() {
    message one(7);
    sent += queue->send_until(one, no_deadline) == status::ok;
  }
  void receive() {
    std::optional<message> one;
    received += queue->recv_until(one, no_deadline) == status::ok;
  }
};

inline constexpr std::array close_models{
    custom_model<closed_queue>{"close_among_receivers",
                               "Do two receives end, and is a message received once, if the queue is closed then?",
                               "1 2",
                               [](closed_queue& s, unsigned index) {
                                 if (index < 2) {
                                   s.receive();
                                 } else if (index == 2) {
                                   s.send();
                                 } else {
                                   s.queue->close_senders();
                                 }
                               },
                               [](closed_queue& s) { expect(s.received == s.sent); }},
    custom_model<closed_queue>{"close_among_senders",
                               "Do three sends end, and is each that succeeds received, if the queue is closed then?",
                               "1 2",
                               [](closed_queue& s, unsigned index) {
                                 if (index < 2) {
                                   s.send();
                                 } else if (index == 2) {
                                   s.send();
                                   s.receive();
                                 } else {
                                   s.queue->close_senders();
                                 }
                               },
                               [](closed_queue& s) {
                                 for (int left = s.sent - s.received; left > 0; --left) s.receive();
                                 expect(s.received == s.sent);
                               }},
};

/// Those models as checks of one channel.
inline std::vector<model_check> close_checks(const model_subject& channel) {
  auto checks = checks_of(close_models, channel.traits());
  for (model_check& c : checks) {
    if (!channel.closable()) c.not_applicable = "it is not closed but by its handles";
  }
  return checks;
}

}  // namespace sluice::models
