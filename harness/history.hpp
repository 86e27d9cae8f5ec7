#pragma once

#include <harness/raw_allocator.hpp>
#include <harness/scenario.hpp>
#include <sluice/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <tuple>

namespace sluice::harness {

/// A reading of an execution's clock. An operation precedes another if its `returned` is less than the other's
/// `called`; equal readings imply no order.
using instant = std::uint64_t;
inline constexpr instant never = std::numeric_limits<instant>::max();

/// One operation as observed from outside: when it was called, when it returned, and its result.
///
/// An event of kind `quiescent` is the closer's: at that instant every thread had finished or was asleep in an
/// operation.
struct event {
  instant called = 0;
  instant asleep = 0;        ///< if it slept at a quiescence: just after that; it had taken no effect before
  instant returned = never;  ///< never: it still sleeps
  std::uint32_t index = 0;   ///< its index in the thread's list
  std::uint16_t thread = 0;
  std::uint16_t owner = 0;  ///< of a handle: the thread that was given it or made it; the closer drops others' handles
  std::uint8_t part = 0;    ///< of a batch: which of its messages; each is an event, and they took effect in order
  op_kind kind{};
  status result{};
  int value = 0;            ///< sent or received, or a size; of a quiescence: live messages, -1 if unknown
  std::uint32_t count = 0;  ///< of a broadcast: receivers that a send reached, or messages that a receive missed
  bool intact = true;       ///< of a failed send: whether it returned the message unchanged
  std::uint8_t sleeping_senders = 0;    ///< of a quiescence
  std::uint8_t sleeping_receivers = 0;  ///< of a quiescence
  std::uint8_t sleeping_others = 0;     ///< of a quiescence: in operations that should never wait
  std::uint8_t unsent_rest = 0;  ///< of a quiescence: messages of sleeping senders' batches, beyond the first unsent
  std::uint8_t sleeping_watchers = 0;   ///< of a quiescence: in wait_disconnected
  std::uint16_t sleeping_threads = 0;   ///< of a quiescence: a bit for each
  std::uint8_t sleeping_stoppably = 0;  ///< of a quiescence: those of the senders and receivers that a stop would wake

  /// The first instant at which it can have taken effect.
  instant from() const noexcept { return std::max(called, asleep); }
  bool pending() const noexcept { return returned == never; }
};

/// Every operation of an execution.
using history = raw_vector<event>;

inline std::string to_string(const event& e) {
  std::string text(to_string(e.kind));
  if (sends(e.kind)) text += " " + std::to_string(e.value);
  if (info(e.kind).action == op_action::drop && e.owner != e.thread) text += " of thread " + std::to_string(e.owner);
  return text;
}

inline std::string result_of(const event& e) {
  if (e.pending()) return "never returns";
  std::string text(to_string(e.result));
  if (e.count != 0) {
    return sends(e.kind) ? text + ", reaches " + std::to_string(e.count) : "missed " + std::to_string(e.count);
  }
  if (e.kind == op_kind::size || (receives(e.kind) && e.result == status::ok)) text += " " + std::to_string(e.value);
  if (!e.intact) text += ", its message changed";
  return text;
}

/// A quiescence in words.
inline std::string describe_quiescence(const event& e) {
  std::string text = "quiescent: ";
  const int sleeping = e.sleeping_senders + e.sleeping_receivers + e.sleeping_watchers + e.sleeping_others;
  text += sleeping == 0 ? "all finished" : std::to_string(sleeping) + " asleep";
  if (e.value >= 0) text += ", " + std::to_string(e.value) + (e.value == 1 ? " live message" : " live messages");
  return text;
}

/// Draws a history with one column per thread, time downwards: a call, and below it its return.
/// \param marked  the index of an event to mark, or past the end for none.
/// \param order   indexes of events in an order that explains them, listed below the picture; may be empty.
inline std::string draw(const history& h, std::size_t marked, const raw_vector<std::size_t>& order = {}) {
  constexpr std::size_t width = 26;
  std::size_t threads = 0;
  for (const event& e : h) threads = std::max(threads, std::size_t{e.thread} + 1);
  const bool closed = std::ranges::find(h, op_kind::quiescent, &event::kind) != h.end();
  const auto name_of = [&](std::size_t thread) {
    return closed && thread + 1 == threads ? std::string("closer") : "thread " + std::to_string(thread);
  };

  // At one reading of the clock, calls come before returns.
  std::map<std::tuple<instant, int, std::size_t>, std::string> rows;
  const auto row = [&](instant time, int part, std::size_t i, const std::string& text) {
    rows[{time, part, i}] = std::string(h[i].thread * width, ' ') + text + "\n";
  };
  for (std::size_t i = 0; i < h.size(); ++i) {
    const event& e = h[i];
    const std::string mark = i == marked ? "  <== unexplained" : "";
    if (e.kind == op_kind::quiescent) {
      row(e.returned, 1, i, describe_quiescence(e) + mark);
      continue;
    }
    row(e.called, 0, i, to_string(e));
    row(e.returned, 1, i, "  -> " + result_of(e) + mark);
  }
  std::string text;
  for (std::size_t t = 0; t < threads; ++t) {
    std::string title = name_of(t);
    title.resize(width, ' ');
    text += title;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
  for (const auto& [key, line] : rows) text += line;
  if (!order.empty()) {
    text += "the longest order that explains its part:\n";
    for (std::size_t i : order) {
      text += "  " + name_of(h[i].thread) + ": ";
      text += h[i].kind == op_kind::quiescent ? describe_quiescence(h[i]) : to_string(h[i]) + " -> " + result_of(h[i]);
      text += '\n';
    }
  }
  return text;
}

}  // namespace sluice::harness
