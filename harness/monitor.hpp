#pragma once

#include <harness/history.hpp>
#include <harness/scenario.hpp>
#include <harness/spec.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::harness {

/// A pattern that no correct history shows.
enum class violation_kind : std::uint8_t {
  nothing,
  from_nowhere,  ///< received, but never sent, or sent only later
  received_twice,
  order_inverted,    ///< sent before another, received after it or not at all
  never_met,         ///< a hand-off whose send and receive did not overlap
  not_empty,         ///< reported empty, or waited for, while it held a message throughout
  not_full,          ///< reported full, or waited for, while it had room throughout
  over_capacity,     ///< more messages at once than the channel holds
  still_connected,   ///< reported disconnected while the other side was connected
  has_disconnected,  ///< did not report that the other side had disconnected
  changed,           ///< a failed send returned another message
  no_stop,           ///< reported stopped before a stop was requested
  not_stopped,       ///< waited on after a stop was requested
};

inline constexpr std::array<std::string_view, 13> violation_names{
    "nothing",
    "a message from nowhere",
    "a message received twice",
    "two messages in inverted order",
    "a hand-off whose two sides did not overlap",
    "empty, while it held a message throughout",
    "full, while it had room throughout",
    "more messages than the capacity",
    "disconnected, while the other side was connected",
    "not disconnected, although the other side had disconnected",
    "a changed message returned by a failed send",
    "stopped, before a stop was requested",
    "asleep, although a stop was requested",
};

constexpr std::string_view to_string(violation_kind w) noexcept { return violation_names[static_cast<std::size_t>(w)]; }

/// A violation found by the monitor: the pattern, and the events that form it.
struct violation {
  violation_kind what = violation_kind::nothing;
  std::size_t event = 0;
  std::size_t other = 0;  ///< the second event of the pattern, or the first again

  explicit operator bool() const noexcept { return what != violation_kind::nothing; }
};

/// A violation in words: the pattern and its events, with their times.
inline std::string describe(const violation& f, const history& h) {
  std::string text(to_string(f.what));
  for (std::size_t i : {f.other, f.event}) {
    const event& e = h[i];
    text += (i == f.other ? ": " : "; ") +
            (e.kind == op_kind::quiescent
                 ? describe_quiescence(e)
                 : "thread " + std::to_string(e.thread) + ": " + to_string(e) + " -> " + result_of(e)) +
            " (" + std::to_string(e.called) + " to " + std::to_string(e.returned) + ")";
    if (f.other == f.event) break;
  }
  return text;
}

/// Searches a history of any length for patterns that no run of a channel can have.
///
/// Requires distinct values. The patterns for queues are those of Bouajjani, Emmi, Enea and Hamza, On Reducing
/// Linearizability to State Reachability (ICALP 2015, https://arxiv.org/abs/1502.06882), which are complete for an
/// unbounded queue without disconnects; those for bounds and disconnects are ours, and never reject a linearizable
/// history. The messages of a batch count as overlapping. O(n log n) time, O(n) space.
class monitor {
public:
  /// \param start  the state before the first operation; its buffer is empty.
  /// \throws std::invalid_argument  if two sends have one value.
  monitor(const history& h, std::optional<std::size_t> capacity, promises held, std::size_t senders,
          std::size_t receivers)
      : history_(h), capacity_(capacity), held_(held) {
    find_ends(senders, receivers);
    collect();
  }

  violation check() const {
    for (auto pattern : {&monitor::single, &monitor::matched, &monitor::meetings, &monitor::in_order,
                         &monitor::empty_claims, &monitor::full_claims, &monitor::within_capacity}) {
      if (const violation f = (this->*pattern)()) return f;
    }
    return {};
  }

private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// The events that sent and received a message.
  struct journey {
    std::size_t send;
    std::size_t recv = none;
  };
  struct span {
    instant from;
    instant to;
  };

  const event& at(std::size_t i) const noexcept { return history_[i]; }
  bool rendezvous() const noexcept { return capacity_ == 0; }
  static bool sent(const event& e) noexcept { return sends(e.kind) && !e.pending() && e.result == status::ok; }
  static bool received(const event& e) noexcept { return receives(e.kind) && !e.pending() && e.result == status::ok; }

  /// The earliest and the latest time at which each side can have disconnected.
  void find_ends(std::size_t senders, std::size_t receivers) {
    const auto end_of = [&](std::size_t handles, op_kind clone, op_kind drop) {
      span gone{0, 0};
      for (const event& e : history_) {
        if (e.kind == clone) ++handles;
        if (e.kind != drop) continue;
        --handles;
        gone.from = std::max(gone.from, e.called);
        gone.to = std::max(gone.to, e.returned);
      }
      return handles == 0 ? gone : span{never, never};
    };
    senders_disconnected_ = end_of(senders, op_kind::clone_sender, op_kind::drop_sender);
    receivers_disconnected_ = end_of(receivers, op_kind::clone_receiver, op_kind::drop_receiver);
    for (const event& e : history_) {
      if (e.kind == op_kind::request_stop) {
        stopped_.from = std::min(stopped_.from, e.called);
        stopped_.to = std::min(stopped_.to, e.returned);
      }
    }
  }

  void collect() {
    std::vector<std::pair<int, std::size_t>> arrivals;
    std::vector<std::pair<int, std::size_t>> departures;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (sent(at(i))) departures.emplace_back(at(i).value, i);
      if (received(at(i))) arrivals.emplace_back(at(i).value, i);
    }
    std::ranges::sort(departures);
    std::ranges::sort(arrivals);
    journeys_.reserve(departures.size());
    auto arrival = arrivals.begin();
    for (const auto& [value, i] : departures) {
      if (!journeys_.empty() && at(journeys_.back().send).value == value) {
        throw std::invalid_argument("two sends have the value " + std::to_string(value) +
                                    "; a monitor needs them to differ");
      }
      while (arrival != arrivals.end() && arrival->first < value) stray_ = (arrival++)->second;
      journeys_.push_back({i});
      for (; arrival != arrivals.end() && arrival->first == value; ++arrival) {
        if (journeys_.back().recv != none) twice_ = {journeys_.back().recv, arrival->second};
        journeys_.back().recv = arrival->second;
      }
    }
    if (arrival != arrivals.end()) stray_ = arrival->second;
  }

  /// What one event shows by itself, or beside the going of a side.
  violation single() const {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const event& e = at(i);
      const auto found = [&](violation_kind w) { return violation{w, i, i}; };
      if (!e.intact) return found(violation_kind::changed);
      if (e.sleeping_stoppably != 0 && stopped_.to < e.called) return found(violation_kind::not_stopped);
      if (e.sleeping_watchers != 0 && receivers_disconnected_.to < e.called)
        return found(violation_kind::has_disconnected);
      if (e.kind == op_kind::wait_disconnected && !e.pending() && e.result == status::ok &&
          e.returned < receivers_disconnected_.from) {
        return found(violation_kind::still_connected);
      }
      const bool by_sender = sends(e.kind);
      if ((!by_sender && !receives(e.kind)) || e.pending()) continue;
      if (e.result == status::stopped && e.returned < stopped_.from) return found(violation_kind::no_stop);
      if (e.result == status::stopped) continue;
      const span& other = by_sender ? receivers_disconnected_ : senders_disconnected_;
      if (e.result == status::disconnected && e.returned < other.from) return found(violation_kind::still_connected);
      if (e.result == status::disconnected) continue;
      if (held_.hints && e.result != status::ok) continue;
      // Messages that were buffered when the last sender disconnected are still received.
      if ((by_sender || e.result != status::ok) && other.to < e.from()) return found(violation_kind::has_disconnected);
    }
    return {};
  }

  violation matched() const {
    if (stray_ != none) return {violation_kind::from_nowhere, stray_, stray_};
    if (twice_.first != none) return {violation_kind::received_twice, twice_.second, twice_.first};
    for (const journey& j : journeys_) {
      if (j.recv != none && at(j.recv).returned < at(j.send).from()) {
        return {violation_kind::from_nowhere, j.recv, j.send};
      }
    }
    return {};
  }

  violation meetings() const {
    if (!rendezvous()) return {};
    for (const journey& j : journeys_) {
      if (j.recv == none) return {violation_kind::never_met, j.send, j.send};
      if (at(j.send).returned < at(j.recv).from()) return {violation_kind::never_met, j.send, j.recv};
    }
    return {};
  }

  /// In the order of their sends, each message is compared with the one that was sent before it and received last.
  violation in_order() const {
    if (rendezvous()) return {};
    std::vector<std::size_t> by_call(journeys_.size());
    for (std::size_t i = 0; i < by_call.size(); ++i) by_call[i] = i;
    std::vector<std::size_t> by_return = by_call;
    std::ranges::sort(by_call, {}, [&](std::size_t i) { return at(journeys_[i].send).from(); });
    std::ranges::sort(by_return, {}, [&](std::size_t i) { return at(journeys_[i].send).returned; });
    const auto arrival = [&](std::size_t i) {
      return journeys_[i].recv == none ? never : at(journeys_[i].recv).from();
    };
    const auto line_of = [&](std::size_t i) {
      return held_.order == ordering::global ? 0 : scenario::sender_of(at(journeys_[i].send).value);
    };
    std::vector<std::size_t>
        last;  // per producer, or of all: of the messages whose send has returned, the one received last
    std::size_t returned = 0;
    for (std::size_t later : by_call) {
      if (journeys_[later].recv == none) continue;
      const event& send = at(journeys_[later].send);
      for (; returned < by_return.size() && at(journeys_[by_return[returned]].send).returned < send.from();
           ++returned) {
        const std::size_t earlier = by_return[returned];
        const std::size_t line = line_of(earlier);
        if (last.size() <= line) last.resize(line + 1, none);
        if (last[line] == none || arrival(last[line]) < arrival(earlier)) last[line] = earlier;
      }
      const std::size_t line = line_of(later);
      if (line >= last.size() || last[line] == none) continue;
      if (at(journeys_[later].recv).returned < arrival(last[line])) {
        const journey& passed = journeys_[last[line]];
        return {violation_kind::order_inverted, journeys_[later].recv, passed.recv == none ? passed.send : passed.recv};
      }
    }
    return {};
  }

  /// When each message is certainly in the channel: from the return of its send to the call of its receive.
  std::vector<span> stays() const {
    std::vector<span> certain;
    if (rendezvous()) return certain;
    for (const journey& j : journeys_) {
      const instant end = std::min(j.recv == none ? never : at(j.recv).from(), receivers_disconnected_.from);
      if (at(j.send).returned < end) certain.push_back({at(j.send).returned, end});
    }
    std::ranges::sort(certain, {}, &span::from);
    return certain;
  }

  violation empty_claims() const {
    // Overlapping spans merge into one in which the channel is never empty.
    std::vector<span> occupied;
    for (const span& s : stays()) {
      if (!occupied.empty() && s.from < occupied.back().to) {
        occupied.back().to = std::max(occupied.back().to, s.to);
      } else {
        occupied.push_back(s);
      }
    }
    const auto throughout = [&](instant from, instant to) {
      const auto after = std::ranges::lower_bound(occupied, from, {}, &span::from);
      return after != occupied.begin() && to < std::prev(after)->to;
    };
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const event& e = at(i);
      if (e.kind == op_kind::quiescent) {
        const bool met = rendezvous() && e.sleeping_senders != 0;
        if (e.sleeping_receivers != 0 && (met || throughout(e.called, e.returned)))
          return {violation_kind::not_empty, i, i};
        if (e.sleeping_receivers != 0 && senders_disconnected_.to < e.called)
          return {violation_kind::has_disconnected, i, i};
        continue;
      }
      if (!receives(e.kind) || e.pending() || e.result == status::ok) continue;
      if (e.result == status::stopped) continue;
      const bool gone = e.result == status::disconnected;
      if (held_.hints && !gone) continue;
      const instant from = gone ? std::max(e.from(), senders_disconnected_.from) : e.from();
      const instant to = gone ? e.returned : std::min(e.returned, senders_disconnected_.to);
      if (throughout(from, to)) return {violation_kind::not_empty, i, i};
    }
    return {};
  }

  /// An upper bound on the number of messages after each change, with range-maximum queries.
  class highest {
  public:
    highest(std::vector<std::pair<instant, int>> changes) : times_(changes.size()), tree_(2 * changes.size()) {
      // A message may be in the channel from the call of its send to the return of its receive.
      std::ranges::sort(changes, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second > b.second;
      });
      long now = 0;
      for (std::size_t i = 0; i < changes.size(); ++i) {
        times_[i] = changes[i].first;
        tree_[changes.size() + i] = now += changes[i].second;
      }
      for (std::size_t i = changes.size(); i-- > 1;) tree_[i] = std::max(tree_[2 * i], tree_[2 * i + 1]);
    }

    /// \returns  the upper bound over all instants from `from` to `to`.
    long between(instant from, instant to) const {
      const std::size_t size = times_.size();
      const auto first = std::ranges::lower_bound(times_, from) - times_.begin();
      const auto end = std::ranges::upper_bound(times_, to) - times_.begin();
      // What was there before the first change in the range is there at its start.
      long most = first == 0 ? 0 : tree_[size + static_cast<std::size_t>(first) - 1];
      auto low = static_cast<std::size_t>(first) + size;
      auto high = static_cast<std::size_t>(end) + size;
      for (; low < high; low /= 2, high /= 2) {
        if (low % 2 == 1) most = std::max(most, tree_[low++]);
        if (high % 2 == 1) most = std::max(most, tree_[--high]);
      }
      return most;
    }

  private:
    std::vector<instant> times_;
    std::vector<long> tree_;
  };

  violation full_claims() const {
    if (!capacity_ || rendezvous()) return {};
    std::vector<std::pair<instant, int>> changes;
    for (const journey& j : journeys_) {
      changes.emplace_back(at(j.send).from(), 1);
      // One instant later: at the return of its receive the message may still have been there.
      if (j.recv != none) changes.emplace_back(at(j.recv).returned + 1, -1);
    }
    const highest most(std::move(changes));
    const auto had_room = [&](instant from, instant to) {
      return most.between(from, to) < static_cast<long>(*capacity_);
    };
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const event& e = at(i);
      if (e.kind == op_kind::quiescent) {
        if (e.sleeping_senders != 0 && had_room(e.called, e.returned)) return {violation_kind::not_full, i, i};
        if (e.sleeping_senders != 0 && receivers_disconnected_.to < e.called)
          return {violation_kind::has_disconnected, i, i};
        continue;
      }
      if (held_.hints || !sends(e.kind) || e.pending() || (e.result != status::full && e.result != status::timeout))
        continue;
      if (had_room(e.from(), std::min(e.returned, receivers_disconnected_.to))) return {violation_kind::not_full, i, i};
    }
    return {};
  }

  violation within_capacity() const {
    if (!capacity_ || rendezvous()) return {};
    std::vector<std::pair<instant, std::size_t>> arrivals;
    std::vector<instant> departures;
    for (std::size_t i = 0; i < journeys_.size(); ++i) {
      const journey& j = journeys_[i];
      const instant end = std::min(j.recv == none ? never : at(j.recv).from(), receivers_disconnected_.from);
      if (at(j.send).returned >= end) continue;
      arrivals.emplace_back(at(j.send).returned, j.send);
      departures.push_back(end);
    }
    std::ranges::sort(arrivals);
    std::ranges::sort(departures);
    std::size_t left = 0;
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      while (departures[left] <= arrivals[i].first) ++left;
      if (i + 1 - left > *capacity_) return {violation_kind::over_capacity, arrivals[i].second, arrivals[i].second};
    }
    return {};
  }

  const history& history_;
  std::optional<std::size_t> capacity_;
  promises held_;
  span senders_disconnected_{never, never};
  span receivers_disconnected_{never, never};
  span stopped_{never, never};
  std::vector<journey> journeys_;
  std::size_t stray_ = none;
  std::pair<std::size_t, std::size_t> twice_{none, none};
};

}  // namespace sluice::harness
