#pragma once

#include <harness/history.hpp>
#include <harness/scenario.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice::harness {

/// What differs between real threads and the model checker while a thread of a scenario runs.
template <class O>
concept observer = requires(O& o, op_kind kind, std::size_t index) {
  o.about_to(kind);                                           // between two operations
  { o.called(kind, index) } -> std::convertible_to<instant>;  // reads the clock
  { o.returned() } -> std::convertible_to<instant>;           // advances the clock
  { o.closed() } -> std::convertible_to<bool>;                // whether the closer has taken over this thread's handles
};

/// What the operations of a scenario's threads need beside their handles.
template <class Make, class Stop>
struct scenario_context {
  std::chrono::nanoseconds near;  ///< the timeout of operations with a near deadline
  std::chrono::hours far;  ///< of those with a far deadline: longer than any test, and than 32 bits of milliseconds
  Make make;               ///< makes a message of a value
  Stop stop;               ///< of all threads of the scenario
  Stop end_of_watches;  ///< the closer's: watchers and receivers can wait for each other, so that no drop ends either
};

/// The handles of a thread. An operation uses the one that was made last.
template <class Sender, class Receiver>
struct held_handles {
  raw_vector<Sender> senders;
  raw_vector<Receiver> receivers;
};

/// The status of this name; `disconnected` if it has none of the others.
constexpr status status_named(std::string_view name) noexcept {
  for (status s : {status::full, status::empty, status::timeout, status::stopped}) {
    if (name == to_string(s)) return s;
  }
  return status::disconnected;
}

/// Performs the operations of one thread of a scenario and records their results, without a lock or an allocation.
///
/// \tparam Operations  what an operation does to the handles: queue_operations, or broadcast_operations.
template <class Operations>
class thread_interpreter {
public:
  using sender = typename Operations::sender;
  using receiver = typename Operations::receiver;

  thread_interpreter(std::size_t thread, Operations operations) : thread_(thread), operations_(std::move(operations)) {
    held_.senders.reserve(8);
    held_.receivers.reserve(8);
  }

  void give(sender one) { held_.senders.push_back(std::move(one)); }
  void give(receiver one) { held_.receivers.push_back(std::move(one)); }

  /// \param out  has room for every operation and every handle that is left at the end.
  void run(const scenario::thread& ops, history& out, observer auto& o) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i] == op_kind::hold) return;
      if (record(ops[i], i, out, o)) continue;
      // The closer has left a watcher its senders, and other threads may wait for their end.
      while (ops[i] == op_kind::wait_disconnected && !held_.senders.empty()) record(op_kind::drop_sender, i, out, o);
      return;
    }
    while (!held_.senders.empty()) {
      if (!record(op_kind::drop_sender, ops.size(), out, o)) return;
    }
    while (!held_.receivers.empty()) {
      if (!record(op_kind::drop_receiver, ops.size(), out, o)) return;
    }
  }

  /// Drops all handles, except on the side that the thread sleeps in; recorded as operations of the closer.
  void close(std::optional<op_kind> asleep_in, std::size_t closer, history& out, observer auto& o) {
    const auto drop = [&](auto& handles, op_kind kind) {
      while (!handles.empty()) {
        event e{
            .thread = static_cast<std::uint16_t>(closer), .owner = static_cast<std::uint16_t>(thread_), .kind = kind};
        e.called = o.called(kind, 0);
        handles.pop_back();
        e.returned = o.returned();
        out.push_back(e);
      }
    };
    if (!asleep_in || !uses_sender(*asleep_in)) drop(held_.senders, op_kind::drop_sender);
    if (!asleep_in || !uses_receiver(*asleep_in)) drop(held_.receivers, op_kind::drop_receiver);
  }

private:
  /// \returns  whether to continue.
  bool record(op_kind kind, std::size_t index, history& out, observer auto& o) {
    std::array<event, largest_batch> parts;
    parts.fill({.index = static_cast<std::uint32_t>(index),
                .thread = static_cast<std::uint16_t>(thread_),
                .owner = static_cast<std::uint16_t>(thread_),
                .kind = kind});
    o.about_to(kind);
    const instant called = o.called(kind, index);
    const std::size_t count = operations_.perform(held_, parts);
    const instant returned = o.returned();
    for (std::size_t part = 0; part < count; ++part) {
      event& e = parts[part];
      e.called = called;
      e.returned = returned;
      e.part = static_cast<std::uint8_t>(part);
      out.push_back(e);
    }
    return !o.closed();
  }

  std::size_t thread_;
  Operations operations_;
  held_handles<sender, receiver> held_;
};

/// The closer's record of a quiescence.
///
/// \param alive  the number of live messages, or -1 if unknown.
inline event quiescence_event(std::size_t closer, instant now, int alive) {
  return {.called = now,
          .returned = now,
          .thread = static_cast<std::uint16_t>(closer),
          .kind = op_kind::quiescent,
          .value = alive};
}

/// Adds a sleeping thread to it. \param sent  how many messages of its batch it has sent.
inline void count_sleeper(event& quiescence, std::size_t thread, op_kind asleep_in, std::size_t sent) noexcept {
  quiescence.sleeping_threads |= static_cast<std::uint16_t>(1u << thread);
  ++(sends(asleep_in)                          ? quiescence.sleeping_senders
     : receives(asleep_in)                     ? quiescence.sleeping_receivers
     : asleep_in == op_kind::wait_disconnected ? quiescence.sleeping_watchers
                                               : quiescence.sleeping_others);
  if (stoppable(asleep_in)) ++quiescence.sleeping_stoppably;
  if (sends(asleep_in)) {
    quiescence.unsent_rest +=
        static_cast<std::uint8_t>(batch_of(asleep_in) - 1 - std::min(sent, batch_of(asleep_in) - 1));
  }
}

/// The events of an operation that has not returned, from what is known of it: of a batch, one for each message.
inline void push_pending(history& out, event e) {
  // A receive takes its batch at once, when it no longer waits.
  const std::size_t messages = sends(e.kind) ? batch_of(e.kind) : 1;
  for (std::size_t part = 0; part < messages; ++part) {
    e.part = static_cast<std::uint8_t>(part);
    e.value = scenario::value_of(e.thread, e.index, part);
    out.push_back(e);
  }
}

/// An operation that was found asleep at a quiescence.
struct sleeper {
  std::size_t thread;
  instant called;
  instant asleep;    ///< just after the quiescence
  std::size_t sent;  ///< how many messages of its batch it had sent
};

/// Corrects the events of operations that were found asleep: the messages of a batch that were sent by then had taken
/// effect before, and the others had not.
inline void were_asleep(history& events, const raw_vector<sleeper>& sleepers) noexcept {
  for (event& e : events) {
    for (const sleeper& s : sleepers) {
      if (e.thread != s.thread || e.called != s.called) continue;
      if (e.part < s.sent) {
        // The instant before the quiescence, which is the instant before `asleep`.
        e.returned = std::min(e.returned, s.asleep - 2);
      } else {
        e.asleep = s.asleep;
      }
    }
  }
}

}  // namespace sluice::harness
