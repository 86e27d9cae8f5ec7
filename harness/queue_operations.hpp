#pragma once

#include <harness/history.hpp>
#include <harness/thread_interpreter.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace sluice::harness {

/// The operations of a queue's handles, by their kinds.
///
/// \tparam Make  makes a message of a value; a message converts back to int.
/// \tparam Stop  a stop source, which is cheap to copy.
template <class Sender, class Receiver, class Make, class Stop>
class queue_operations {
public:
  using sender = Sender;
  using receiver = Receiver;

  explicit queue_operations(scenario_context<Make, Stop> context) : context_(std::move(context)) {
    received_.reserve(largest_batch);
  }

  /// \returns  the number of events: of a batch, one for each message.
  std::size_t perform(held_handles<Sender, Receiver>& held, std::array<event, largest_batch>& parts) {
    event& e = parts.front();
    switch (e.kind) {
      case op_kind::send_all: return sent_all(held.senders.back(), parts);
      case op_kind::recv_many: return received_many(parts, held.receivers.back().recv_many(received_, largest_batch));
      case op_kind::try_recv_many:
        return received_many(parts, held.receivers.back().try_recv_many(received_, largest_batch));
      default: break;
    }
    e.value = scenario::value_of(e.thread, e.index);
    e.result = perform(held, e);
    return 1;
  }

private:
  status perform(held_handles<Sender, Receiver>& held, event& e) {
    auto& [senders, receivers] = held;
    const auto message = [&] { return context_.make(e.value); };
    switch (e.kind) {
      case op_kind::send: return sent(e, senders.back().send(message()));
      case op_kind::try_send: return sent(e, senders.back().try_send(message()));
      case op_kind::send_for: return sent(e, senders.back().send_for(message(), context_.near));
      case op_kind::send_far: return sent(e, senders.back().send_for(message(), context_.far));
      case op_kind::stoppable_send: return sent(e, senders.back().send(message(), context_.stop.get_token()));
      case op_kind::recv: return received(e, receivers.back().recv());
      case op_kind::try_recv: return received(e, receivers.back().try_recv());
      case op_kind::recv_for: return received(e, receivers.back().recv_for(context_.near));
      case op_kind::recv_far: return received(e, receivers.back().recv_for(context_.far));
      case op_kind::stoppable_recv: return received(e, receivers.back().recv(context_.stop.get_token()));
      case op_kind::wait_disconnected:
        return senders.back().wait_disconnected(context_.end_of_watches.get_token()) ? status::ok : status::stopped;
      case op_kind::size: e.value = static_cast<int>(receivers.back().size()); break;
      case op_kind::clone_sender: clone(senders); break;
      case op_kind::clone_receiver: clone(receivers); break;
      case op_kind::drop_sender: senders.pop_back(); break;
      case op_kind::drop_receiver: receivers.pop_back(); break;
      case op_kind::request_stop: context_.stop.request_stop(); break;
      default: break;
    }
    return status::ok;
  }

  std::size_t sent_all(Sender& tx, std::array<event, largest_batch>& parts) {
    const event& first = parts.front();
    const auto value = [&](std::size_t part) { return scenario::value_of(first.thread, first.index, part); };
    std::array messages{context_.make(value(0)), context_.make(value(1))};
    static_assert(messages.size() == largest_batch);
    const auto sent = tx.send_all(messages);
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
      parts.front().result = status_named(to_string(result.error()));
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
    if constexpr (requires { result.error().reason; }) return status_named(to_string(result.error().reason));
    return status::disconnected;
  }

  template <class Result>
  static status received(event& e, const Result& result) {
    if (result) {
      e.value = static_cast<int>(*result);
      return status::ok;
    }
    return status_named(to_string(result.error()));
  }

  scenario_context<Make, Stop> context_;
  raw_vector<typename Receiver::value_type> received_;
};

}  // namespace sluice::harness
