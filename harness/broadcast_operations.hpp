#pragma once

#include <harness/history.hpp>
#include <harness/thread_interpreter.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace sluice::harness {

/// The operations of a broadcast's handles, by their kinds. Parameters as of queue_operations.
template <class Sender, class Receiver, class Make, class Stop>
class broadcast_operations {
public:
  using sender = Sender;
  using receiver = Receiver;

  explicit broadcast_operations(scenario_context<Make, Stop> context) : context_(std::move(context)) {}

  /// \returns  the number of events: one.
  std::size_t perform(held_handles<Sender, Receiver>& held, std::array<event, largest_batch>& parts) {
    event& e = parts.front();
    e.value = scenario::value_of(e.thread, e.index);
    e.result = perform(held, e);
    return 1;
  }

private:
  status perform(held_handles<Sender, Receiver>& held, event& e) {
    auto& [senders, receivers] = held;
    switch (e.kind) {
      case op_kind::send: return sent(e, senders.back().send(context_.make(e.value)));
      case op_kind::recv: return received(e, receivers.back().recv());
      case op_kind::try_recv: return received(e, receivers.back().try_recv());
      case op_kind::recv_for: return received(e, receivers.back().recv_for(context_.near));
      case op_kind::recv_far: return received(e, receivers.back().recv_for(context_.far));
      case op_kind::clone_sender: senders.push_back(senders.back().clone()); break;
      case op_kind::clone_receiver: receivers.push_back(receivers.back().clone()); break;
      case op_kind::subscribe: receivers.push_back(senders.back().subscribe()); break;
      case op_kind::drop_sender: senders.pop_back(); break;
      case op_kind::drop_receiver: receivers.pop_back(); break;
      default: break;
    }
    return status::ok;
  }

  template <class Result>
  static status sent(event& e, const Result& reached) {
    if (reached) {
      e.count = static_cast<std::uint32_t>(*reached);
      return status::ok;
    }
    e.intact = static_cast<int>(reached.error().value) == e.value;
    return status::disconnected;
  }

  template <class Result>
  static status received(event& e, const Result& result) {
    if (result) {
      e.value = static_cast<int>(*result);
      return status::ok;
    }
    e.count = static_cast<std::uint32_t>(result.error().missed);
    return result.error().lagged() ? status::ok : status_named(to_string(result.error().reason));
  }

  scenario_context<Make, Stop> context_;
};

}  // namespace sluice::harness
