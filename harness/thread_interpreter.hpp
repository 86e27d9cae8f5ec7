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

/// Performs the operations of one thread of a scenario and records their results, without a lock or an allocation.
///
/// \tparam Make  makes a message of a value; a message converts back to int.
/// \tparam Stop  a stop source, which is cheap to copy.
template <class Sender, class Receiver, class Make, class Stop>
class thread_interpreter {
public:
  /// \param near  the timeout of operations with a near deadline.
  /// \param far   the timeout of those with a far deadline: longer than any test, and than 32 bits of milliseconds.
  /// \param stop  of all threads of the scenario.
  /// \param end_of_watches  the closer's: watchers and receivers can wait for each other, so that no handle's drop ends
  ///              either.
  thread_interpreter(std::size_t thread, std::chrono::nanoseconds near, std::chrono::hours far, Make make, Stop stop,
                     Stop end_of_watches)
      : thread_(thread),
        near_(near),
        far_(far),
        make_(std::move(make)),
        stop_(std::move(stop)),
        end_of_watches_(std::move(end_of_watches)) {
    senders_.reserve(8);
    receivers_.reserve(8);
    received_.reserve(largest_batch);
  }

  void give(Sender sender) { senders_.push_back(std::move(sender)); }
  void give(Receiver receiver) { receivers_.push_back(std::move(receiver)); }

  /// \param out  has room for every operation and every handle that is left at the end.
  void run(const scenario::thread& ops, history& out, observer auto& o) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i] == op_kind::hold) return;
      if (record(ops[i], i, out, o)) continue;
      // The closer has left a watcher its senders, and other threads may wait for their end.
      while (ops[i] == op_kind::wait_disconnected && !senders_.empty()) record(op_kind::drop_sender, i, out, o);
      return;
    }
    while (!senders_.empty()) {
      if (!record(op_kind::drop_sender, ops.size(), out, o)) return;
    }
    while (!receivers_.empty()) {
      if (!record(op_kind::drop_receiver, ops.size(), out, o)) return;
    }
  }

  /// Drops all handles, except on the side that the thread sleeps in; recorded as operations of the closer.
  void close(std::optional<op_kind> asleep_in, std::size_t closer, history& out, observer auto& o) {
    const auto drop = [&](auto& handles, op_kind kind) {
      while (!handles.empty()) {
        event e{.thread = static_cast<std::uint16_t>(closer), .kind = kind};
        e.called = o.called(kind, 0);
        handles.pop_back();
        e.returned = o.returned();
        out.push_back(e);
      }
    };
    if (!asleep_in || !uses_sender(*asleep_in)) drop(senders_, op_kind::drop_sender);
    if (!asleep_in || !uses_receiver(*asleep_in)) drop(receivers_, op_kind::drop_receiver);
  }

private:
  /// \returns  whether to continue.
  bool record(op_kind kind, std::size_t index, history& out, observer auto& o) {
    std::array<event, largest_batch> parts;
    parts.fill(
        {.index = static_cast<std::uint32_t>(index), .thread = static_cast<std::uint16_t>(thread_), .kind = kind});
    o.about_to(kind);
    const instant called = o.called(kind, index);
    const std::size_t count = perform(parts);
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

  /// \returns  the number of events: of a batch, one for each message.
  std::size_t perform(std::array<event, largest_batch>& parts) {
    event& e = parts.front();
    switch (e.kind) {
      case op_kind::send_all: return sent_all(parts);
      case op_kind::recv_many: return received_many(parts, receivers_.back().recv_many(received_, largest_batch));
      case op_kind::try_recv_many:
        return received_many(parts, receivers_.back().try_recv_many(received_, largest_batch));
      default: break;
    }
    e.value = scenario::value_of(thread_, e.index);
    e.result = perform(e);
    return 1;
  }

  status perform(event& e) {
    switch (e.kind) {
      case op_kind::send: return sent(e, senders_.back().send(make_(e.value)));
      case op_kind::try_send: return sent(e, senders_.back().try_send(make_(e.value)));
      case op_kind::send_for: return sent(e, senders_.back().send_for(make_(e.value), near_));
      case op_kind::send_far: return sent(e, senders_.back().send_for(make_(e.value), far_));
      case op_kind::stoppable_send: return sent(e, senders_.back().send(make_(e.value), stop_.get_token()));
      case op_kind::recv: return received(e, receivers_.back().recv());
      case op_kind::try_recv: return received(e, receivers_.back().try_recv());
      case op_kind::recv_for: return received(e, receivers_.back().recv_for(near_));
      case op_kind::recv_far: return received(e, receivers_.back().recv_for(far_));
      case op_kind::stoppable_recv: return received(e, receivers_.back().recv(stop_.get_token()));
      case op_kind::wait_disconnected:
        return senders_.back().wait_disconnected(end_of_watches_.get_token()) ? status::ok : status::stopped;
      case op_kind::size: e.value = static_cast<int>(receivers_.back().size()); break;
      case op_kind::clone_sender: clone(senders_); break;
      case op_kind::clone_receiver: clone(receivers_); break;
      case op_kind::drop_sender: senders_.pop_back(); break;
      case op_kind::drop_receiver: receivers_.pop_back(); break;
      case op_kind::request_stop: stop_.request_stop(); break;
      default: break;
    }
    return status::ok;
  }

  std::size_t sent_all(std::array<event, largest_batch>& parts) {
    const auto value = [&](std::size_t part) { return scenario::value_of(thread_, parts.front().index, part); };
    std::array messages{make_(value(0)), make_(value(1))};
    static_assert(messages.size() == largest_batch);
    const auto sent = senders_.back().send_all(messages);
    const std::size_t unsent = sent ? 0 : sent.error().rest.size();
    for (std::size_t part = 0; part < messages.size(); ++part) {
      event& e = parts[part];
      e.value = value(part);
      if (part + unsent < messages.size()) continue;
      e.result = status::disconnected;
      e.intact = static_cast<int>(messages[part]) == e.value;
    }
    return messages.size();
  }

  template <class Result>
  std::size_t received_many(std::array<event, largest_batch>& parts, const Result& result) {
    if (!result) {
      parts.front().result = named(to_string(result.error()));
      return 1;
    }
    for (std::size_t part = 0; part < received_.size(); ++part) parts[part].value = static_cast<int>(received_[part]);
    received_.clear();
    return *result;
  }

  template <class Handles>
  static void clone(Handles& handles) {
    if constexpr (requires { handles.back().clone(); }) handles.push_back(handles.back().clone());
  }

  template <class Result>
  static status sent(event& e, const Result& result) {
    if (result) return status::ok;
    e.intact = static_cast<int>(result.error().value) == e.value;
    if constexpr (requires { result.error().reason; }) return named(to_string(result.error().reason));
    return status::disconnected;
  }

  template <class Result>
  static status received(event& e, const Result& result) {
    if (result) {
      e.value = static_cast<int>(*result);
      return status::ok;
    }
    return named(to_string(result.error()));
  }

  static status named(std::string_view name) {
    for (status s : {status::full, status::empty, status::timeout, status::stopped}) {
      if (name == to_string(s)) return s;
    }
    return status::disconnected;
  }

  std::size_t thread_;
  std::chrono::nanoseconds near_;
  std::chrono::hours far_;
  Make make_;
  Stop stop_;
  Stop end_of_watches_;
  raw_vector<Sender> senders_;
  raw_vector<Receiver> receivers_;
  raw_vector<typename Receiver::value_type> received_;
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
inline void count_sleeper(event& quiescence, op_kind asleep_in, std::size_t sent) noexcept {
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
