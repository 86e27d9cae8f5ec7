#pragma once

#include <harness/history.hpp>
#include <harness/raw_allocator.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::harness {

/// The sequential specification of a broadcast: every receiver gets every message that is sent after it subscribed, in
/// one order, and a send overwrites the oldest of `capacity` messages. A receiver that had not read it is told how many
/// it missed, and goes on with the oldest that is left. A message lives until each of its receivers has read it, missed
/// it or disconnected; without `discards`, until it is overwritten.
///
/// Used as `spec`. An operation is of the receiver that its thread was given or made last.
class broadcast_spec {
public:
  static constexpr bool received_once = false;

  broadcast_spec(std::size_t capacity, std::size_t senders, const broadcast_traits& traits)
      : capacity_(capacity), senders_(senders), discards_(traits.discards) {}

  /// Adds a receiver of what is sent from now on.
  void subscribe(std::size_t thread) {
    const auto place = std::ranges::upper_bound(receivers_, thread, {}, &receiver::thread);
    receivers_.insert(place, {static_cast<std::uint32_t>(thread), tail()});
  }

  /// \returns  whether the event is allowed in this state; the state changes only if it is.
  bool step(const event& e) {
    if (sends(e.kind)) return step_send(e);
    if (receives(e.kind)) return step_recv(e);
    receiver* const own = last_of(e.owner);
    switch (e.kind) {
      case op_kind::clone_sender: return senders_ != 0 && ++senders_ != 0;
      case op_kind::drop_sender:
        if (senders_ == 0) return false;
        --senders_;
        return true;
      case op_kind::subscribe:
        if (senders_ == 0) return false;
        subscribe(e.owner);
        return true;
      case op_kind::clone_receiver:
        if (!own) return false;
        receivers_.insert(receivers_.begin() + (own - receivers_.data()), receiver(*own));
        return true;
      case op_kind::drop_receiver:
        if (!own) return false;
        receivers_.erase(receivers_.begin() + (own - receivers_.data()));
        return true;
      case op_kind::quiescent: return quiescence_allowed(e);
      default: return false;
    }
  }

  static bool changes_nothing(const event& e) noexcept {
    if (sends(e.kind) || receives(e.kind)) return e.result != status::ok;
    return e.kind == op_kind::quiescent;
  }

  /// Whether an operation of the first thread would return without another thread's help.
  bool enabled(op_kind kind) const noexcept { return !receives(kind) || may_return(0); }

  /// Performs an operation that does not wait, of the first thread and the only one.
  void perform(op_kind kind) {
    event e{.kind = kind, .count = static_cast<std::uint32_t>(receivers_.size())};
    if (sends(kind)) {
      if (e.count == 0) e.result = status::disconnected;
    } else if (const receiver* own = last_of(0); own && receives(kind)) {
      e.count = missed_by(*own);
      if (e.count == 0 && own->next != tail()) e.value = sent_[own->next];
      if (own->next == tail()) {
        e.result = senders_ == 0 ? status::disconnected : immediate(kind) ? status::empty : status::timeout;
      }
    }
    step(e);
  }

  bool rendezvous() const noexcept { return false; }
  bool hand_over(const event&, const event&) const noexcept { return false; }

  std::size_t hash() const noexcept {
    std::size_t h = senders_;
    const auto add = [&](std::size_t part) { h = (h ^ part) * 0x9e3779b97f4a7c15u; };
    for (int value : sent_) add(static_cast<std::size_t>(value));
    for (const receiver& r : receivers_) add(std::size_t{r.thread} << 32 | r.next);
    return h;
  }

  friend bool operator==(const broadcast_spec&, const broadcast_spec&) = default;

private:
  struct receiver {
    std::uint32_t thread;
    std::uint32_t next;  ///< the position of the message that it reads next
    friend bool operator==(const receiver&, const receiver&) = default;
  };

  std::uint32_t tail() const noexcept { return static_cast<std::uint32_t>(sent_.size()); }
  std::uint32_t oldest() const noexcept {
    return static_cast<std::uint32_t>(sent_.size() - std::min(sent_.size(), capacity_));
  }
  std::uint32_t missed_by(const receiver& r) const noexcept { return oldest() - std::min(r.next, oldest()); }

  const receiver* last_of(std::size_t thread) const noexcept {
    const auto after = std::ranges::upper_bound(receivers_, thread, {}, &receiver::thread);
    return after != receivers_.begin() && after[-1].thread == thread ? &after[-1] : nullptr;
  }
  receiver* last_of(std::size_t thread) noexcept { return const_cast<receiver*>(std::as_const(*this).last_of(thread)); }

  bool may_return(std::size_t thread) const noexcept {
    const receiver* own = last_of(thread);
    return senders_ == 0 || !own || own->next != tail();
  }

  bool step_send(const event& e) {
    if (e.result == status::disconnected) return receivers_.empty() && e.intact;
    if (e.result != status::ok || receivers_.empty() || e.count != receivers_.size()) return false;
    sent_.push_back(e.value);
    return true;
  }

  bool step_recv(const event& e) {
    receiver* const own = last_of(e.owner);
    if (!own) return false;
    const bool read_all = own->next == tail();
    switch (e.result) {
      case status::ok:
        if (e.count != missed_by(*own)) return false;
        if (e.count != 0) {
          own->next = oldest();
        } else {
          if (read_all || sent_[own->next] != e.value) return false;
          ++own->next;
        }
        return true;
      case status::disconnected: return read_all && senders_ == 0;
      case status::empty: return immediate(e.kind) && read_all && senders_ != 0;
      case status::timeout: return e.kind == op_kind::recv_for && read_all && senders_ != 0;
      default: return false;
    }
  }

  /// No sleeper's receiver has anything to read, and the live messages are those that some receiver has still to read.
  bool quiescence_allowed(const event& e) const noexcept {
    if (e.sleeping_others != 0 || e.sleeping_watchers != 0 || e.sleeping_senders != 0) return false;
    for (std::size_t t = 0; t < scenario::most_threads; ++t) {
      if ((e.sleeping_threads >> t & 1) != 0 && may_return(t)) return false;
    }
    std::uint32_t first_unread = tail();
    for (const receiver& r : receivers_) first_unread = std::min(first_unread, std::max(r.next, oldest()));
    if (e.value < 0) return true;
    const auto live = static_cast<std::uint32_t>(e.value);
    const std::uint32_t unread = tail() - first_unread;
    return discards_ ? live == unread : live >= unread && live <= tail() - oldest();
  }

  std::size_t capacity_;
  std::size_t senders_;
  bool discards_;
  raw_vector<int> sent_;            ///< every message
  raw_vector<receiver> receivers_;  ///< by thread; those of one thread in the order in which it got them
};

/// The initial state of a scenario. \param capacity  the channel's own, which may exceed the scenario's.
inline broadcast_spec initial_broadcast(const scenario& p, const broadcast_traits& traits, std::size_t capacity) {
  const auto senders = std::ranges::count_if(p.threads, [](const auto& list) { return uses_sender(list); });
  broadcast_spec initial(capacity, static_cast<std::size_t>(senders), traits);
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    if (uses_receiver(p.threads[t])) initial.subscribe(t);
  }
  return initial;
}

}  // namespace sluice::harness
