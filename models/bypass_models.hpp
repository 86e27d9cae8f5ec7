#pragma once

#include <models/custom_model.hpp>
#include <models/one_channel.hpp>
#include <models/suite.hpp>

#include <harness/requirements.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// How often a thread that waits is overtaken, in every interleaving of it, one that overtakes it, and a peer.
namespace sluice::models {

/// A channel, and what its messages tell: those of a thread that overtakes have numbers from `overtaking` on.
struct contended_channel : one_channel {
  explicit contended_channel(std::optional<std::size_t> wanted) : one_channel(wanted), capacity(wanted.value_or(0)) {}

  std::size_t capacity = 0;
  std::size_t overtaken = 0;
  int senders_ended = 0;
  bool full = false;       ///< the waiting sender has filled the channel
  bool served = false;     ///< the waiting sender
  int got = -1;            ///< by the waiting receiver
  std::vector<int> taken;  ///< by the other receiver, while that one waited

  static constexpr int waiting = 1;
  static constexpr int overtaking = 2;
  static constexpr unsigned operations = 8;

  /// Thread 0 waits for room; thread 1 sends by attempts, or by waiting; thread 2 receives.
  void sends(unsigned index, bool attempts) {
    if (index == 0) {
      for (std::size_t i = 0; i < capacity; ++i) expect(tx.send(message(0)).has_value());
      full = true;
      expect(tx.send(message(waiting)).has_value());
    } else if (index == 1) {
      for (unsigned sent = 0; sent < operations;) {
        const int number = full && platform::model::asleep.has(0) ? overtaking : 0;
        sent += attempts ? try_one(number) : tx.send(message(number)).has_value();
      }
    } else {
      while (const auto next = rx.recv()) {
        served |= static_cast<int>(*next) == waiting;
        overtaken += !served && static_cast<int>(*next) == overtaking;
        expect_bounded();
      }
    }
    if (index != 2 && ++senders_ended == 2) tx.reset();
  }

  /// Thread 0 waits for a message; thread 1 receives by attempts, or by waiting; thread 2 sends.
  void receives(unsigned index, bool attempts) {
    if (index == 0) {
      if (const auto one = rx.recv()) got = static_cast<int>(*one);
    } else if (index == 1) {
      for (bool over = false; !over;) {
        const bool waits = platform::model::asleep.has(0);
        const auto late = attempts ? try_receive(over) : rx.recv();
        if (late && waits) taken.push_back(static_cast<int>(*late));
        if (!late && !attempts) over = true;
      }
    } else {
      for (unsigned sent = 0; sent < operations;) sent += try_one(static_cast<int>(sent));
      tx.reset();
    }
  }

  /// \returns  whether it was sent; another thread has run if not.
  bool try_one(int number) {
    if (tx.try_send(message(number))) return true;
    platform::yield();
    return false;
  }

  /// \param over  set if the channel is disconnected; another thread has run if there was no message.
  std::expected<message, recv_error> try_receive(bool& over) {
    auto found = rx.try_recv();
    if (found) return std::move(*found);
    over = found.error() == try_recv_error::disconnected;
    if (!over) platform::yield();
    return std::unexpected(recv_error::disconnected);
  }

  void expect_bounded() const {
    constexpr std::size_t others = 2;
    const auto before = std::ranges::count_if(taken, [this](int number) { return got == -1 || number < got; });
    expect(overtaken + static_cast<std::size_t>(before) <= tested->traits().bypass + others);
  }
};

inline constexpr std::array bypass_models{
    custom_model<contended_channel>{
        "sender_overtaken", "Is a sender that waits overtaken by no more attempts to send than the channel promises?",
        "1 2", [](contended_channel& s, unsigned index) { s.sends(index, true); },
        [](contended_channel& s) { s.expect_bounded(); }},
    custom_model<contended_channel>{"sender_overtaken_by_sends", "Is it overtaken by no more sends that may wait?",
                                    "1 2", [](contended_channel& s, unsigned index) { s.sends(index, false); },
                                    [](contended_channel& s) { s.expect_bounded(); }},
    custom_model<contended_channel>{
        "receiver_overtaken",
        "Is a receiver that waits overtaken by no more attempts to receive than the channel promises?", "unbounded 1 2",
        [](contended_channel& s, unsigned index) { s.receives(index, true); },
        [](contended_channel& s) { s.expect_bounded(); }},
    custom_model<contended_channel>{"receiver_overtaken_by_receives",
                                    "Is it overtaken by no more receives that may wait?", "unbounded 1 2",
                                    [](contended_channel& s, unsigned index) { s.receives(index, false); },
                                    [](contended_channel& s) { s.expect_bounded(); }},
};

/// Those models as checks of one channel.
inline std::vector<model_check> bypass_checks(const model_subject& channel) {
  const core_traits& traits = channel.traits();
  auto checks = checks_of(bypass_models, traits);
  for (model_check& c : checks) {
    if (const char* reason = harness::needs_all(traits, harness::needs_bounded_bypass, harness::needs_tries)) {
      c.not_applicable = reason;
    }
    const bool many = (c.name.starts_with("sender") ? traits.producers : traits.consumers) == cardinality::many;
    if (!many) c.not_applicable = "it has one thread on that side, which none can overtake";
    if (c.capacities.empty()) c.not_applicable = "it accepts none of the capacities that this is about";
  }
  return checks;
}

}  // namespace sluice::models
