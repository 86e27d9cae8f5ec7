#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::harness {

/// The operations of a scenario, which a thread performs on its own handles.
enum class op_kind : std::uint8_t {
  send,
  try_send,
  send_for,
  send_far,
  stoppable_send,
  send_all,           ///< a batch
  wait_disconnected,  ///< until every receiver has disconnected
  recv,
  try_recv,
  recv_for,
  recv_far,
  stoppable_recv,
  recv_many,      ///< up to a batch
  try_recv_many,  ///< up to a batch
  size,           ///< asked through a receiver; exact only while no other thread operates
  clone_sender,
  drop_sender,
  clone_receiver,
  drop_receiver,
  subscribe,     ///< of a broadcast: one receiver more, of what is sent from now on
  request_stop,  ///< of the stop source whose token all stoppable operations of the scenario have
  hold,          ///< last in a list: what the thread still holds stays until quiescence
  quiescent,     ///< only in histories: every thread has finished or sleeps
};

/// The number of messages in a batch: so few, since a scenario is small.
inline constexpr std::size_t largest_batch = 2;

/// The handle that an operation uses.
enum class op_side : std::uint8_t { none, sender, receiver };

enum class op_action : std::uint8_t { transfer, query, clone, drop, subscribe, stop, marker };

enum class op_timing : std::uint8_t {
  immediate,      ///< never waits
  blocking,       ///< waits without a deadline
  near_deadline,  ///< waits for some microseconds
  far_deadline,   ///< has a deadline that lies beyond any test: weeks to years
};

/// What random threads do: combinations in which channels tend to fail. A column of the table of operations.
enum class thread_role : std::uint8_t {
  sends_and_leaves,
  tries_to_send,
  sends_by_deadline,
  receives_and_leaves,
  tries_to_receive,
  receives_by_deadline,
  clones_and_drops,
  does_everything,
  keeps_sending,    ///< of long runs: disconnects only at the end
  keeps_receiving,  ///< likewise
  is_alone,         ///< the only thread: size() is exact
};
inline constexpr std::size_t thread_roles = 11;
/// The first of them are those of random scenarios.
inline constexpr std::size_t random_roles = 8;

/// One operation: everything that depends on its kind.
struct op {
  op_kind kind;
  std::string_view name;
  op_side side;
  op_action action;
  op_timing timing;
  std::array<unsigned, thread_roles> weights;  ///< how likely a thread of each role performs it
};

// The weights' columns, as in thread_role:
//   sends and leaves, tries to send, sends by deadline, receives and leaves, tries to receive, receives by deadline,
//   clones and drops, does everything, keeps sending, keeps receiving, is alone
inline constexpr std::array op_table{
    op{op_kind::send,
       "send",
       op_side::sender,
       op_action::transfer,
       op_timing::blocking,
       {4, 1, 1, 0, 0, 0, 2, 3, 4, 0, 4}},
    op{op_kind::try_send,
       "try_send",
       op_side::sender,
       op_action::transfer,
       op_timing::immediate,
       {2, 6, 1, 0, 0, 0, 1, 3, 3, 0, 4}},
    op{op_kind::send_for,
       "send_for",
       op_side::sender,
       op_action::transfer,
       op_timing::near_deadline,
       {1, 1, 5, 0, 0, 0, 0, 2, 2, 0, 2}},
    op{op_kind::send_far,
       "send_far",
       op_side::sender,
       op_action::transfer,
       op_timing::far_deadline,
       {0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1}},
    op{op_kind::stoppable_send,
       "stoppable_send",
       op_side::sender,
       op_action::transfer,
       op_timing::blocking,
       {1, 0, 1, 0, 0, 0, 1, 2, 0, 0, 2}},
    op{op_kind::send_all,
       "send_all",
       op_side::sender,
       op_action::transfer,
       op_timing::blocking,
       {2, 0, 1, 0, 0, 0, 1, 2, 2, 0, 2}},
    op{op_kind::wait_disconnected,
       "wait_disconnected",
       op_side::sender,
       op_action::query,
       op_timing::blocking,
       {1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0}},
    op{op_kind::recv,
       "recv",
       op_side::receiver,
       op_action::transfer,
       op_timing::blocking,
       {0, 0, 0, 4, 1, 1, 2, 3, 0, 4, 4}},
    op{op_kind::try_recv,
       "try_recv",
       op_side::receiver,
       op_action::transfer,
       op_timing::immediate,
       {0, 0, 0, 2, 6, 2, 1, 3, 0, 3, 4}},
    op{op_kind::recv_for,
       "recv_for",
       op_side::receiver,
       op_action::transfer,
       op_timing::near_deadline,
       {0, 0, 0, 1, 1, 5, 0, 2, 0, 2, 2}},
    op{op_kind::recv_far,
       "recv_far",
       op_side::receiver,
       op_action::transfer,
       op_timing::far_deadline,
       {0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1}},
    op{op_kind::stoppable_recv,
       "stoppable_recv",
       op_side::receiver,
       op_action::transfer,
       op_timing::blocking,
       {0, 0, 0, 1, 0, 1, 1, 2, 0, 0, 2}},
    op{op_kind::recv_many,
       "recv_many",
       op_side::receiver,
       op_action::transfer,
       op_timing::blocking,
       {0, 0, 0, 2, 0, 1, 1, 2, 0, 2, 2}},
    op{op_kind::try_recv_many,
       "try_recv_many",
       op_side::receiver,
       op_action::transfer,
       op_timing::immediate,
       {0, 0, 0, 1, 3, 1, 0, 1, 0, 1, 2}},
    op{op_kind::size,
       "size",
       op_side::receiver,
       op_action::query,
       op_timing::immediate,
       {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4}},
    op{op_kind::clone_sender,
       "clone_sender",
       op_side::sender,
       op_action::clone,
       op_timing::immediate,
       {0, 0, 1, 0, 0, 0, 3, 1, 0, 0, 1}},
    op{op_kind::drop_sender,
       "drop_sender",
       op_side::sender,
       op_action::drop,
       op_timing::immediate,
       {2, 1, 2, 0, 0, 0, 4, 2, 0, 0, 1}},
    op{op_kind::clone_receiver,
       "clone_receiver",
       op_side::receiver,
       op_action::clone,
       op_timing::immediate,
       {0, 0, 0, 0, 0, 1, 3, 1, 0, 0, 1}},
    op{op_kind::drop_receiver,
       "drop_receiver",
       op_side::receiver,
       op_action::drop,
       op_timing::immediate,
       {0, 0, 0, 2, 1, 2, 4, 2, 0, 0, 1}},
    op{op_kind::subscribe,
       "subscribe",
       op_side::sender,
       op_action::subscribe,
       op_timing::immediate,
       {0, 0, 1, 0, 0, 0, 3, 2, 0, 0, 2}},
    op{op_kind::request_stop,
       "request_stop",
       op_side::none,
       op_action::stop,
       op_timing::immediate,
       {1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1}},
    op{op_kind::hold, "hold", op_side::none, op_action::marker, op_timing::immediate, {}},
    op{op_kind::quiescent, "quiescent", op_side::none, op_action::marker, op_timing::immediate, {}},
};

static_assert(
    [] {
      for (std::size_t i = 0; i < op_table.size(); ++i) {
        if (op_table[i].kind != static_cast<op_kind>(i)) return false;
      }
      return true;
    }(),
    "the table of operations has a row for each kind, in the order of op_kind");

constexpr const op& info(op_kind kind) noexcept { return op_table[static_cast<std::size_t>(kind)]; }

constexpr std::string_view to_string(op_kind kind) noexcept { return info(kind).name; }

/// The operation of this name in a scenario's text, or nullopt.
constexpr std::optional<op_kind> op_named(std::string_view name) noexcept {
  for (const op& o : op_table) {
    if (o.name == name && o.kind != op_kind::quiescent) return o.kind;
  }
  return std::nullopt;
}

constexpr bool uses_sender(op_kind kind) noexcept { return info(kind).side == op_side::sender; }
constexpr bool uses_receiver(op_kind kind) noexcept { return info(kind).side == op_side::receiver; }
constexpr bool sends(op_kind kind) noexcept { return uses_sender(kind) && info(kind).action == op_action::transfer; }
constexpr bool receives(op_kind kind) noexcept {
  return uses_receiver(kind) && info(kind).action == op_action::transfer;
}
constexpr bool immediate(op_kind kind) noexcept { return info(kind).timing == op_timing::immediate; }
constexpr bool has_far_deadline(op_kind kind) noexcept { return info(kind).timing == op_timing::far_deadline; }
constexpr bool timed(op_kind kind) noexcept {
  return info(kind).timing == op_timing::near_deadline || has_far_deadline(kind);
}
/// Whether a requested stop ends its wait.
constexpr bool stoppable(op_kind kind) noexcept {
  return kind == op_kind::stoppable_send || kind == op_kind::stoppable_recv;
}
/// Whether it has to do with stops.
constexpr bool about_stops(op_kind kind) noexcept { return stoppable(kind) || kind == op_kind::request_stop; }
/// The number of messages that it sends, or receives at most.
constexpr std::size_t batch_of(op_kind kind) noexcept {
  switch (kind) {
    case op_kind::send_all:
    case op_kind::recv_many:
    case op_kind::try_recv_many: return largest_batch;
    default: return 1;
  }
}
/// Whether only another thread can end its wait.
constexpr bool blocks(op_kind kind) noexcept {
  return info(kind).timing == op_timing::blocking || has_far_deadline(kind);
}

}  // namespace sluice::harness
