#pragma once

#include <models/custom_model.hpp>
#include <models/one_channel.hpp>
#include <models/suite.hpp>

#include <harness/requirements.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Whether all that wait on one side are served while others come, in every interleaving of four threads.
namespace sluice::models {

/// A channel that four threads use at once: two of one side wait, a third comes, and one of the other side.
struct shared_channel : one_channel {
  using one_channel::one_channel;
  static constexpr rl::thread_id_t threads = 4;
  static constexpr int others = 3;
  int ended = 0;  ///< operations of the three
};

/// Full at first; thread 3 receives by batches, the others send.
struct three_senders : shared_channel {
  explicit three_senders(std::optional<std::size_t> capacity) : shared_channel(capacity) {
    for (; buffered < static_cast<int>(capacity.value_or(0)); ++buffered) expect(tx.send(message(0)).has_value());
  }
  int buffered = 0;

  void run(unsigned index) {
    if (index != 3) {
      ended += tx.send(message(1)).has_value();
      return;
    }
    std::vector<message> got;
    while (static_cast<int>(got.size()) < buffered + others) expect(rx.recv_many(got, 2).has_value());
  }
};

/// Thread 3 sends a batch and one message more, the others receive.
struct three_receivers : shared_channel {
  using shared_channel::shared_channel;

  void run(unsigned index) {
    if (index != 3) {
      ended += rx.recv().has_value();
      return;
    }
    std::vector<message> batch;
    for (int i = 0; i < 2; ++i) batch.emplace_back(1);
    expect(tx.send_all(batch).has_value() && tx.send(message(1)).has_value());
  }
};

template <class Fixture>
constexpr custom_model<Fixture> four_thread_model(std::string_view name, std::string_view question,
                                                  std::string_view capacities) {
  return {name, question, capacities, [](Fixture& s, unsigned index) { s.run(index); },
          [](Fixture& s) { expect(s.ended == s.others); }};
}

inline constexpr std::array three_senders_wait{four_thread_model<three_senders>(
    "three_senders_wait", "Do three sends end if a batch makes room for two of them?", "1 2 3")};
inline constexpr std::array three_receivers_wait{four_thread_model<three_receivers>(
    "three_receivers_wait", "Do three receives end if a batch comes for two of them?", "unbounded 0 1 2 3")};

/// Those models as checks of one channel.
inline std::vector<model_check> four_thread_checks(const model_subject& channel) {
  const core_traits& traits = channel.traits();
  auto checks = checks_of(three_senders_wait, traits);
  std::ranges::move(checks_of(three_receivers_wait, traits), std::back_inserter(checks));
  for (model_check& c : checks) {
    const cardinality side = c.name.starts_with("three_senders") ? traits.producers : traits.consumers;
    if (side == cardinality::one) c.not_applicable = "it has one thread on that side";
    if (const char* reason = harness::needs_tries(traits)) c.not_applicable = reason;
  }
  return checks;
}

}  // namespace sluice::models
