#pragma once

#include <models/questions.hpp>
#include <models/suite.hpp>

#include <harness/generate.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// Named scenarios, each with the question that it answers. They are explored at every listed capacity that the channel
/// accepts. In every execution the history must be linearizable (or sequentially consistent, as declared), with no data
/// race, deadlock, leak or message left alive.
namespace sluice::models {

struct named_scenario {
  std::string_view name;
  std::string_view question;
  std::string_view capacities;  ///< separated by blanks
  std::string_view threads;     ///< as in a scenario's text
};

inline constexpr std::array named_scenarios{
    named_scenario{"handoff",
                   "Does a receiver see each message whole and in order, from a sender that may have to wait?",
                   "unbounded 0 1 2", "send send | recv recv recv"},
    named_scenario{"woken", "Does a message alone wake a waiting receiver, and room alone a waiting sender?",
                   "unbounded 0 1", "send send hold | recv recv hold"},
    named_scenario{"woken_both", "Do two messages wake two receivers, in whatever order they arrive?",
                   "unbounded 0 1 2", "send send hold | recv hold | recv hold"},
    named_scenario{"woken_by_try", "Does a message sent by try_send wake a waiting receiver?", "unbounded 1",
                   "try_send hold | recv hold"},
    named_scenario{"two_producers", "Do two senders that claim at the same time lose, duplicate or reorder a message?",
                   "unbounded 0 1 2", "send send | send | recv recv recv"},
    named_scenario{"two_consumers",
                   "Do two receivers that claim at the same time get one message twice, or does one sleep on?",
                   "unbounded 0 1 2", "send send | recv | recv"},
    named_scenario{"last_message",
                   "Can a receiver miss the last message because the sender disconnects right after it?",
                   "unbounded 0 1", "send drop_sender | recv recv"},
    named_scenario{"last_message_tried",
                   "Does try_recv return `disconnected` while the last message is still being sent?", "unbounded 1",
                   "send drop_sender | try_recv try_recv try_recv"},
    named_scenario{"receiver_leaves",
                   "Does a sender that waits for room wake, with its message, when the receiver disconnects?", "0 1 2",
                   "send send send | recv drop_receiver"},
    named_scenario{"receiver_leaves_two", "Do all waiting senders wake when the receiver disconnects?", "0 1",
                   "send send | send | drop_receiver"},
    named_scenario{"sender_leaves_two", "Do all waiting receivers wake when the sender disconnects?", "unbounded 0 1",
                   "drop_sender | recv | recv"},
    named_scenario{"sent_into_the_void", "Is a message that is sent as the receiver disconnects destroyed or returned?",
                   "unbounded 0 1 2", "try_send try_send send | drop_receiver"},
    named_scenario{"both_leave", "Is the channel freed once when both sides disconnect at the same time?",
                   "unbounded 0 1", "drop_sender | drop_receiver | drop_sender"},
    named_scenario{"recv_expires", "Is a message lost whose receiver times out as it arrives?", "unbounded 0 1",
                   "send send | recv_for recv"},
    named_scenario{"send_expires", "Is a message both returned and received when its sender times out as room appears?",
                   "0 1", "send_for send_for | recv recv"},
    named_scenario{"wake_passed_on", "Is a wake-up lost that went to a receiver which timed out?", "unbounded 0 1",
                   "send send | recv_for | recv"},
    named_scenario{"room_passed_on", "Is a wake-up lost that went to a sender which timed out?", "0 1",
                   "send_for send_for | send | recv recv"},
    named_scenario{"late_receiver", "Is a message left behind that woke a receiver only after its deadline?",
                   "unbounded 0 1", "send hold | recv_for hold | recv hold"},
    named_scenario{"late_sender", "Is room left unused that woke a sender only after its deadline?", "0 1",
                   "send send_for hold | send hold | recv recv hold"},
    named_scenario{"recv_stopped", "Does a requested stop wake a receiver that waits?", "unbounded 0 1",
                   "stoppable_recv hold | request_stop hold | send"},
    named_scenario{"send_stopped", "Does a requested stop wake a sender that waits, with its message?", "0 1",
                   "stoppable_send stoppable_send hold | request_stop hold | recv"},
    named_scenario{"stop_passed_on", "Is a wake-up lost that went to a receiver which was stopped?", "unbounded 0 1",
                   "send request_stop hold | stoppable_recv hold | recv hold"},
    named_scenario{"stops_race", "Do a stop and a disconnect that race end a wait once, and free the channel once?",
                   "unbounded 0 1", "stoppable_recv | request_stop drop_sender | stoppable_send"},
    named_scenario{
        "batch_handoff",
        "Does a receiver see each message of a batch whole and in order, from a sender that may have to wait?",
        "unbounded 0 1 2 3", "send_all send_all | recv_many recv_many"},
    named_scenario{"batch_wakes_two", "Does a batch wake as many receivers as it has messages?", "unbounded 0 2",
                   "send_all hold | recv hold | recv hold"},
    named_scenario{"batch_makes_room_for_two",
                   "Does a batch that is received wake as many senders as there is room for?", "2",
                   "send_all recv_many hold | send hold | send hold"},
    named_scenario{"batches_sent_by_two",
                   "Do two batches that are sent at the same time lose, duplicate or reorder a message?",
                   "unbounded 0 1 2 3", "send_all | send_all | recv_many recv_many"},
    named_scenario{"batches_received_by_two", "Is a message of a batch received twice, or does a receiver sleep on?",
                   "unbounded 0 1 2", "send_all | recv_many hold | recv_many hold"},
    named_scenario{"batch_tried", "Does an attempt to receive a batch find what was sent, and wake the sender?",
                   "unbounded 0 1 2", "send_all send | try_recv_many recv_many"},
    named_scenario{"batch_left", "Does the rest of a batch come back when the receiver disconnects?", "unbounded 0 1 2",
                   "send_all send_all | recv drop_receiver"},
    named_scenario{"batch_disconnected", "Is the last batch received whose sender disconnects right after it?",
                   "unbounded 0 1 2", "send_all drop_sender | recv_many recv_many recv_many"},
    named_scenario{"watcher_wakes", "Does the last receiver's disconnect wake every thread that waits for it?",
                   "unbounded 0 1",
                   "wait_disconnected hold | clone_receiver drop_receiver drop_receiver | wait_disconnected hold"},
    named_scenario{"watcher_sends", "Does every send fail once the disconnect was seen?", "unbounded 0 1",
                   "wait_disconnected send | drop_receiver"},
    named_scenario{"watcher_and_receiver", "Do a watcher and a receiver that hold each other's ends sleep?",
                   "unbounded 1", "wait_disconnected | recv"},
    named_scenario{"watcher_and_sender", "Does a thread that waits for the disconnect take a sender's wake-up?", "0 1",
                   "wait_disconnected hold | send send hold | recv recv hold"},
    named_scenario{"reuse", "Is a slot or block reused while another thread still accesses it?", "unbounded 1 2 3",
                   "send send send send send | recv recv recv recv recv"},
    named_scenario{"reuse_by_two", "Is a block freed while one of two receivers still reads from it?", "unbounded 1 2",
                   "send send send send | recv recv | recv recv"},
    named_scenario{"append_by_two",
                   "Do two senders that reach the end of a block or ring together agree on what follows?",
                   "unbounded 1 2", "send send | send send | recv recv recv recv"},
    named_scenario{"tried", "Do try_send and try_recv ever return a wrong `full` or `empty`, or fail to wake a peer?",
                   "unbounded 0 1 2", "try_send try_send | try_recv recv"},
    named_scenario{"tried_by_two", "Does a send that has returned count for every later attempt of any thread?",
                   "unbounded 1 2", "try_send try_send | try_send | try_recv try_recv recv"},
    named_scenario{"emptied_by_two",
                   "Is a channel found empty whose sender had disconnected before its last message was taken?",
                   "unbounded 2", "send send | try_recv try_recv | try_recv try_recv"},
    named_scenario{"handles_cloned", "Do clones made and dropped while others wait close the channel early or late?",
                   "unbounded 0 1",
                   "clone_sender send drop_sender drop_sender | recv recv | clone_receiver recv drop_receiver"},
    named_scenario{"closed_or_full", "Is a channel found full after another thread found it closed?", "1 2",
                   "send try_send | drop_receiver | try_send"},
    named_scenario{"full_then_empty", "Can a sender and a receiver both miss the other's last step?", "2",
                   "send send try_send | recv try_recv"},
    named_scenario{"full_then_none", "Does a sender find a channel full that its receiver has found empty?", "2",
                   "send send try_send | recv size"},
    named_scenario{"sized_after_send", "Is a message that was sent counted by every thread?", "unbounded 1 2",
                   "send hold | size size"},
    named_scenario{"sized_after_recv", "Is a message that was received still counted?", "unbounded 1 2",
                   "send recv hold | size size"},
    named_scenario{"room_for_four", "Does a ring hold as many messages as asked for, and no more?", "3 1 2",
                   "try_send try_send try_send try_send | drop_receiver"},
};

namespace detail {

/// Why a scenario does not apply to a channel with these traits, or empty.
inline std::string why_not(const core_traits& traits, const harness::scenario& p) {
  for (const auto& ops : p.threads) {
    for (const harness::op_kind kind : ops) {
      if (const char* reason = harness::why_not_offered(traits, kind)) return reason;
    }
  }
  const auto initial = initial_state(p);
  if (traits.producers == cardinality::one && initial.senders() > 1) return "it has one producer";
  if (traits.consumers == cardinality::one && initial.receivers() > 1) return "it has one consumer";
  return outside_specification(traits);
}

}  // namespace detail

/// The named scenarios as checks of a channel.
inline std::vector<model_check> scenario_checks(const core_traits& traits) {
  std::vector<model_check> checks;
  for (const named_scenario& s : named_scenarios) {
    const auto scenario_at = [threads = std::string(s.threads)](std::string_view capacity) {
      return harness::parse_scenario("capacity " + std::string(capacity) + ": " + threads);
    };
    checks.push_back({.name = std::string(s.name),
                      .question = std::string(s.question),
                      .not_applicable = detail::why_not(traits, scenario_at("1")),
                      .capacities = accepted(traits, s.capacities),
                      .explore = [scenario_at](std::string_view capacity,
                                               strategy& how) { return explore(scenario_at(capacity), how); },
                      .threads = std::string(s.threads)});
  }
  return checks;
}

/// Exploring any other scenario.
inline scenario_questions scenarios_of(const core_traits& traits) {
  return {.traits = traits,
          .explore = [](const harness::scenario& p, strategy& how, bool shrinks) { return explore(p, how, shrinks); },
          .explore_all = [](std::size_t threads, strategy& how) { return explore_scenarios(threads, how, false); }};
}

}  // namespace sluice::models
