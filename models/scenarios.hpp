#pragma once

#include <models/questions.hpp>
#include <models/suite.hpp>

#include <harness/generate.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// The questions that models answer. Each is a program (harness/program.hpp) for every capacity that a core can have of
/// those listed; what its threads see must be explained by the sequential channel (harness/spec.hpp), with no race,
/// deadlock, leak or message left alive in any execution.
namespace sluice::models {

struct scenario {
  std::string_view name;
  std::string_view question;
  std::string_view capacities;  ///< separated by blanks
  std::string_view threads;     ///< as in a program's text
};

inline constexpr std::array scenarios{
    scenario{"handoff", "Does a receiver see each message whole and in order, from a sender that may have to wait?",
             "unbounded 0 1 2", "send send | recv recv recv"},
    scenario{"woken", "Does a receiver that waits wake for a message alone, and a sender for room alone?",
             "unbounded 0 1", "send send keep | recv recv keep"},
    scenario{"woken_both", "Do two messages wake two receivers, whatever order they come in?", "unbounded 0 1 2",
             "send send keep | recv keep | recv keep"},
    scenario{"woken_by_try", "Does a receiver that waits wake for a message that try_send sent?", "unbounded 1",
             "try_send keep | recv keep"},
    scenario{"two_producers", "Do two senders that claim at the same time lose, double or reorder a message?",
             "unbounded 0 1 2", "send send | send | recv recv recv"},
    scenario{"two_consumers", "Do two receivers that claim at the same time share a message, or does one sleep on?",
             "unbounded 0 1 2", "send send | recv | recv"},
    scenario{"last_message", "Can a receiver miss the last message because the sender goes right after it?",
             "unbounded 0 1", "send drop_sender | recv recv"},
    scenario{"last_message_tried", "Does try_recv say disconnected while the last message is still on its way?",
             "unbounded 1", "send drop_sender | try_recv try_recv try_recv"},
    scenario{"receiver_leaves", "Does a sender that waits for room wake, with its message, when the receiver goes?",
             "0 1 2", "send send send | recv drop_receiver"},
    scenario{"receiver_leaves_two", "Do all senders that wait wake when the receiver goes?", "0 1",
             "send send | send | drop_receiver"},
    scenario{"sender_leaves_two", "Do all receivers that wait wake when the sender goes?", "unbounded 0 1",
             "drop_sender | recv | recv"},
    scenario{"sent_into_the_void", "Is a message that is sent as the receiver goes destroyed or given back?",
             "unbounded 0 1 2", "try_send try_send send | drop_receiver"},
    scenario{"both_leave", "Is the channel freed once when both sides go at the same time?", "unbounded 0 1",
             "drop_sender | drop_receiver | drop_sender"},
    scenario{"recv_expires", "Is a message lost whose receiver gives up as it arrives?", "unbounded 0 1",
             "send send | recv_for recv"},
    scenario{"send_expires", "Is a message both given back and received when its sender gives up as room comes?", "0 1",
             "send_for send_for | recv recv"},
    scenario{"wake_passed_on", "Is a wake-up lost that was given to a receiver whose deadline passed?", "unbounded 0 1",
             "send send | recv_for | recv"},
    scenario{"room_passed_on", "Is a wake-up lost that was given to a sender whose deadline passed?", "0 1",
             "send_for send_for | send | recv recv"},
    scenario{"reuse", "Is a slot or block given out again while somebody still uses it?", "unbounded 1 2 3",
             "send send send send send | recv recv recv recv recv"},
    scenario{"reuse_by_two", "Is a block freed while one of two receivers still reads from it?", "unbounded 1 2",
             "send send send send | recv recv | recv recv"},
    scenario{"append_by_two", "Do two senders that reach the end of a block or ring together agree on what follows?",
             "unbounded 1 2", "send send | send send | recv recv recv recv"},
    scenario{"tried", "Do try_send and try_recv ever answer full or empty wrongly, or fail to wake the other?",
             "unbounded 0 1 2", "try_send try_send | try_recv recv"},
    scenario{"tried_by_two", "Does a send that has returned count for every later attempt, whoever makes it?",
             "unbounded 1 2", "try_send try_send | try_send | try_recv try_recv recv"},
    scenario{"handles_cloned", "Do clones that come and go while others wait close the channel early or late?",
             "unbounded 0 1",
             "clone_sender send drop_sender drop_sender | recv recv | clone_receiver recv drop_receiver"},
    scenario{"closed_or_full", "Is a channel found full after somebody else found it closed?", "1 2",
             "send try_send | drop_receiver | try_send"},
    scenario{"full_then_empty", "Can a sender and a receiver both miss what the other did last?", "2",
             "send send try_send | recv try_recv"},
    scenario{"full_then_none", "Does a sender find a channel full that its receiver has found to hold nothing?", "2",
             "send send try_send | recv size"},
    scenario{"sized_after_send", "Is a message that was sent counted, whoever asks?", "unbounded 1 2",
             "send keep | size size"},
    scenario{"sized_after_recv", "Is a message that was received still counted?", "unbounded 1 2",
             "send recv keep | size size"},
    scenario{"room_for_four", "Does a ring hold as many messages as asked for, and no more?", "3 1 2",
             "try_send try_send try_send try_send | drop_receiver"},
};

namespace detail {

/// Why a channel of these promises is not asked to carry out this program, or empty.
inline std::string why_not(const core_traits& traits, const harness::program& p) {
  const auto clones = [&](harness::op_kind kind) {
    return std::ranges::any_of(p.threads, [&](const auto& ops) { return std::ranges::count(ops, kind) != 0; });
  };
  const auto initial = initial_state(p);
  using harness::op_kind;
  if (traits.producers == cardinality::one && (initial.senders() > 1 || clones(op_kind::clone_sender))) {
    return "it has one producer";
  }
  if (traits.consumers == cardinality::one && (initial.receivers() > 1 || clones(op_kind::clone_receiver))) {
    return "it has one consumer";
  }
  if (!harness::within(traits, p)) return "it has no timed operations";
  return unfit(traits);
}

}  // namespace detail

/// The scenarios as questions about one channel.
template <class Subject>
std::vector<model_check> program_checks() {
  std::vector<model_check> checks;
  for (const scenario& s : scenarios) {
    const auto program_at = [threads = std::string(s.threads)](std::string_view capacity) {
      return harness::parse_program("capacity " + std::string(capacity) + ": " + threads);
    };
    checks.push_back({.name = std::string(s.name),
                      .question = std::string(s.question),
                      .not_applicable = detail::why_not(Subject::traits, program_at("1")),
                      .capacities = accepted(Subject::traits, s.capacities),
                      .explore = [program_at](std::string_view capacity,
                                              strategy& how) { return explore<Subject>(program_at(capacity), how); },
                      .threads = std::string(s.threads)});
  }
  return checks;
}

/// What a channel can be asked about programs that are no scenario.
template <class Subject>
program_questions programs_of() {
  return {
      .traits = Subject::traits,
      .explore = [](const harness::program& p, strategy& how,
                    bool shrinks) { return explore<Subject>(p, how, shrinks); },
      .explore_all = [](std::size_t threads, strategy& how) { return explore_programs<Subject>(threads, how, false); }};
}

}  // namespace sluice::models
