#pragma once

#include <harness/history.hpp>
#include <harness/raw_allocator.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::harness {

/// The promises that a history is checked against.
struct promises {
  ordering order = ordering::global;
  bool real_time = true;     ///< consistency::linearizable
  bool hints = false;        ///< consistency::weak: `full`, `empty`, a timeout and a size may be wrong
  bool discards = true;      ///< no message outlives the last receiver
  bool one_message = false;  ///< a first send is the last

  promises() = default;
  explicit(false) promises(ordering o) noexcept : order(o) {}
  explicit(false) promises(const core_traits& traits) noexcept
      : order(traits.order),
        real_time(traits.consistency == consistency::linearizable),
        hints(traits.consistency == consistency::weak),
        discards(traits.discards),
        one_message(traits.one_message) {}
};

/// The sequential specification of a channel, which every checker uses.
///
/// A state and two kinds of transition. `step` decides whether a channel in this state allows an operation with its
/// result, taking effect at one instant; `hand_over` is the instant at which a send and a receive of a rendezvous take
/// effect together. A pending operation may sleep at a quiescence only if it is not `enabled`.
class spec {
public:
  /// Whether a message is received at most once.
  static constexpr bool received_once = true;

  spec(std::optional<std::size_t> capacity, std::size_t senders, std::size_t receivers, promises held = {})
      : capacity_(capacity),
        senders_(senders),
        receivers_(receivers),
        order_(held.order),
        hints_(held.hints),
        discards_(held.discards),
        one_message_(held.one_message) {}

  /// \returns  whether the event is allowed in this state; the state changes only if it is.
  bool step(const event& e) {
    if (sends(e.kind)) return step_send(e);
    if (receives(e.kind)) return step_recv(e);
    switch (e.kind) {
      case op_kind::size: return e.value >= 0 && (hints_ || static_cast<std::size_t>(e.value) == size());
      case op_kind::clone_sender: return senders_ != 0 && ++senders_ != 0;
      case op_kind::clone_receiver: return receivers_ != 0 && ++receivers_ != 0;
      case op_kind::drop_sender:
        if (senders_ == 0) return false;
        --senders_;
        return true;
      case op_kind::drop_receiver:
        if (receivers_ == 0) return false;
        if (--receivers_ == 0) {
          if (!discards_) kept_ = buffer_.size();
          buffer_.clear();
        }
        return true;
      // The closer stops those that sleep at a quiescence.
      case op_kind::wait_disconnected: return e.result == status::stopped ? e.asleep != 0 : receivers_ == 0;
      case op_kind::request_stop: stopped_ = true; return true;
      case op_kind::quiescent: return quiescence_allowed(e);
      default: return false;
    }
  }

  /// Whether an event changes no state: it can be taken as soon as it is allowed.
  static bool changes_nothing(const event& e) noexcept {
    if (sends(e.kind) || receives(e.kind)) return e.result != status::ok;
    return e.kind == op_kind::size || e.kind == op_kind::wait_disconnected || e.kind == op_kind::quiescent;
  }

  /// \returns  whether these two can meet in this state.
  bool hand_over(const event& send, const event& recv) const noexcept {
    return capacity_ == 0 && receivers_ > 0 && senders_ > 0 && sends(send.kind) && receives(recv.kind) &&
           send.result == status::ok && recv.result == status::ok && send.value == recv.value;
  }

  bool rendezvous() const noexcept { return capacity_ == 0; }

  /// Whether a blocking operation would return without another thread's help.
  bool enabled(op_kind kind) const noexcept {
    if (stopped_ && stoppable(kind)) return true;
    if (sends(kind)) return receivers_ == 0 || used_ || has_room();
    if (receives(kind)) return !buffer_.empty() || no_more_sends();
    if (kind == op_kind::wait_disconnected) return receivers_ == 0;
    return true;
  }

  /// Performs an operation that does not wait, of the only thread. The values of messages are lost.
  void perform(op_kind kind) {
    event e{.kind = kind};
    for (status result :
         {status::stopped, status::ok, status::disconnected, status::timeout, status::full, status::empty}) {
      e.result = result;
      if (step(e)) return;
    }
  }

  std::size_t senders() const noexcept { return senders_; }
  std::size_t receivers() const noexcept { return receivers_; }
  std::size_t size() const noexcept { return buffer_.size(); }

  std::size_t hash() const noexcept {
    std::size_t h = ((senders_ * 31 + receivers_) * 2 + stopped_) * 2 + used_;
    for (int value : buffer_) h = (h ^ static_cast<std::size_t>(value)) * 0x9e3779b97f4a7c15u;
    return h;
  }

  friend bool operator==(const spec&, const spec&) = default;

private:
  bool has_room() const noexcept { return !capacity_ || buffer_.size() < *capacity_; }
  bool no_more_sends() const noexcept { return senders_ == 0 || used_; }
  bool may_seem_full() const noexcept {
    return hints_ ? capacity_.has_value() : receivers_ > 0 && !used_ && !has_room();
  }
  bool may_seem_empty() const noexcept { return hints_ || (!no_more_sends() && buffer_.empty()); }

  bool step_send(const event& e) {
    if (!e.intact) return false;
    switch (e.result) {
      case status::ok:
        if (receivers_ == 0 || used_ || !has_room()) return false;
        buffer_.push_back(e.value);
        used_ = one_message_;
        return true;
      case status::disconnected: return receivers_ == 0 || used_;
      case status::full: return immediate(e.kind) && may_seem_full();
      case status::timeout: return e.kind == op_kind::send_for && may_seem_full();
      case status::stopped: return stoppable(e.kind) && stopped_;
      default: return false;
    }
  }

  bool step_recv(const event& e) {
    switch (e.result) {
      case status::ok: {
        const auto place = next_place(e.value);
        if (place == buffer_.end()) return false;
        buffer_.erase(place);
        return true;
      }
      case status::disconnected: return no_more_sends() && buffer_.empty();
      case status::empty: return immediate(e.kind) && may_seem_empty();
      case status::timeout: return e.kind == op_kind::recv_for && may_seem_empty();
      case status::stopped: return stoppable(e.kind) && stopped_;
      default: return false;
    }
  }

  /// The position of this value, if it is next to be received: of all, or of its sender's.
  raw_vector<int>::iterator next_place(int value) {
    const auto rival = [&](int other) {
      return order_ == ordering::global || scenario::sender_of(other) == scenario::sender_of(value);
    };
    const auto place = std::ranges::find_if(buffer_, rival);
    return place != buffer_.end() && *place == value ? place : buffer_.end();
  }

  /// No sleeper is enabled, and the live messages are those buffered, those of sleeping senders, and if the last
  /// receiver does not destroy what is buffered, perhaps some of that.
  bool quiescence_allowed(const event& e) const noexcept {
    if (e.sleeping_others != 0) return false;
    if (e.sleeping_senders != 0 && enabled(op_kind::send)) return false;
    if (e.sleeping_receivers != 0 && enabled(op_kind::recv)) return false;
    if (e.sleeping_watchers != 0 && enabled(op_kind::wait_disconnected)) return false;
    if (e.sleeping_stoppably != 0 && stopped_) return false;
    if (rendezvous() && e.sleeping_senders != 0 && e.sleeping_receivers != 0) return false;
    if (e.value < 0) return true;
    const auto live = static_cast<std::size_t>(e.value);
    const std::size_t least = size() + e.sleeping_senders + e.unsent_rest;
    return live >= least && live <= least + (senders_ != 0 ? kept_ : 0);
  }

  std::optional<std::size_t> capacity_;
  std::size_t senders_;
  std::size_t receivers_;
  ordering order_;
  bool hints_;
  bool discards_;
  bool one_message_;
  bool used_ = false;     ///< its one message has been sent
  std::size_t kept_ = 0;  ///< buffered when the last receiver disconnected
  bool stopped_ = false;
  raw_vector<int> buffer_;
};

/// The initial state of a scenario: each thread has the handles that it needs.
/// \param capacity  the channel's own, where it differs from the scenario's.
inline spec initial_state(const scenario& p, promises held, std::optional<std::size_t> capacity) {
  std::size_t senders = 0;
  std::size_t receivers = 0;
  for (const auto& ops : p.threads) {
    senders += uses_sender(ops);
    receivers += uses_receiver(ops);
  }
  return {capacity, senders, receivers, held};
}
inline spec initial_state(const scenario& p, promises held = {}) { return initial_state(p, held, p.capacity); }

}  // namespace sluice::harness
