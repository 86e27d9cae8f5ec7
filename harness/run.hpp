#pragma once

#include <harness/history.hpp>
#include <harness/program.hpp>
#include <harness/spec.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::harness {

/// A message that shows whether it was moved from.
class token {
public:
  explicit token(int value) noexcept : value_(value) {}
  token(token&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  token& operator=(token&&) = delete;
  explicit operator int() const noexcept { return value_; }

private:
  int value_;
};

/// Carries out one thread of a program and records what it saw. The engines, real threads and the model checker, differ
/// only in the handles, the message and the clock that they give it.
///
/// \tparam Message  made from an int and converting back to it.
template <class Sender, class Receiver, class Message>
class thread_runner {
public:
  thread_runner(std::size_t thread, std::chrono::nanoseconds patience) : thread_(thread), patience_(patience) {}

  void give(Sender sender) { senders_.push_back(std::move(sender)); }
  void give(Receiver receiver) { receivers_.push_back(std::move(receiver)); }

  /// \param now  a clock shared by all threads that never gives the same reading twice.
  /// \param before  called with each operation's name before it starts.
  template <class Clock, class Before>
  void run(const program::thread& ops, history& out, Clock now, Before before) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i] == op_kind::keep) return;
      before(ops[i]);
      record(ops[i], i, out, now);
    }
    while (!senders_.empty()) record(op_kind::drop_sender, ops.size(), out, now);
    while (!receivers_.empty()) record(op_kind::drop_receiver, ops.size(), out, now);
  }

private:
  template <class Clock>
  void record(op_kind kind, std::size_t index, history& out, Clock& now) {
    event e{.thread = thread_, .index = index, .kind = kind, .value = program::value_of(thread_, index)};
    e.called = now();
    e.result = perform(e);
    e.returned = now();
    out.push_back(e);
  }

  status perform(event& e) {
    switch (e.kind) {
      case op_kind::send: return sent(e, senders_.back().send(Message(e.value)), status::disconnected);
      case op_kind::try_send: return sent(e, senders_.back().try_send(Message(e.value)), status::full);
      case op_kind::send_for: return sent(e, senders_.back().send_for(Message(e.value), patience_), status::timeout);
      case op_kind::recv: return received(e, receivers_.back().recv(), status::disconnected);
      case op_kind::try_recv: return received(e, receivers_.back().try_recv(), status::empty);
      case op_kind::recv_for: return received(e, receivers_.back().recv_for(patience_), status::timeout);
      case op_kind::clone_sender: senders_.push_back(senders_.back().clone()); return status::ok;
      case op_kind::clone_receiver: receivers_.push_back(receivers_.back().clone()); return status::ok;
      case op_kind::drop_sender: senders_.pop_back(); return status::ok;
      case op_kind::drop_receiver: receivers_.pop_back(); return status::ok;
      case op_kind::keep: break;
    }
    return status::ok;
  }

  template <class Result>
  static status sent(event& e, const Result& result, status otherwise) {
    if (result) return status::ok;
    e.intact = static_cast<int>(result.error().value) == e.value;
    if constexpr (requires { result.error().disconnected(); }) {
      return result.error().disconnected() ? status::disconnected : otherwise;
    }
    return otherwise;
  }

  template <class Result>
  static status received(event& e, const Result& result, status otherwise) {
    if (result) {
      e.value = static_cast<int>(*result);
      return status::ok;
    }
    return to_string(result.error()) == to_string(status::disconnected) ? status::disconnected : otherwise;
  }

  std::size_t thread_;
  std::chrono::nanoseconds patience_;
  raw_vector<Sender> senders_;
  raw_vector<Receiver> receivers_;
};

/// The state in which a program starts: each thread with the handles that it needs.
inline spec initial_state(const program& p) {
  std::size_t senders = 0;
  std::size_t receivers = 0;
  for (const auto& ops : p.threads) {
    senders += uses_sender(ops);
    receivers += uses_receiver(ops);
  }
  return {p.capacity, senders, receivers};
}

}  // namespace sluice::harness
