#pragma once

#include <harness/history.hpp>
#include <harness/raw_allocator.hpp>
#include <harness/spec.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>

namespace sluice::harness {

/// The number of operations that a history to linearize has at most.
inline constexpr std::size_t most_linearized = 64;

struct linearization {
  bool linearizable = false;
  /// If not: an event that does not fit the longest order that explains others.
  std::size_t unexplained = std::numeric_limits<std::size_t>::max();
  /// An order that explains the history, or the longest one that explains a part of it.
  raw_vector<std::size_t> order;
};

/// Decides whether a history is linearizable: whether some order of its operations, consistent with real time, is a run
/// of the sequential specification.
///
/// Wing and Gong's search (https://doi.org/10.1006/jpdc.1993.1015) with Lowe's memoisation
/// (https://doi.org/10.1002/cpe.3928): each pair of a set of linearized operations and the resulting state is visited
/// once. Two cuts: an operation that does not change the state is taken as soon as it is allowed; and a send waits for
/// its predecessors, the sends whose messages were received before its own. Exponential in the number of overlapping
/// operations in the worst case; meant for histories of a few dozen.
///
/// Of a channel that is only sequentially or weakly consistent (Lamport 1979), the order is consistent with each
/// thread's own and with quiescences, but not with real time.
///
/// The messages of a batch are events in a row, taken in order.
///
/// An operation that never returned has taken no effect; whether it was right to wait is checked at the quiescences.
///
/// \tparam Spec  the sequential specification: spec, or broadcast_spec.
template <class Spec>
class linearizer {
public:
  /// \throws std::length_error  for a history of more than `most_linearized`.
  linearizer(const history& h, const Spec& initial, promises held = {})
      : history_(h), initial_(initial), real_time_(held.real_time) {
    if (h.size() > most_linearized) throw std::length_error("a history to linearize has at most 64 operations");
    for (std::size_t i = 0; i < h.size(); ++i) {
      if (!h[i].pending()) all_ |= bit(i);
    }
    if (Spec::received_once && !initial.rendezvous()) find_predecessors(held.order);
  }

  linearization check() {
    linearization result;
    result.linearizable = search(0, initial_);
    result.order = longest_;
    if (!result.linearizable) result.unexplained = first_missing();
    return result;
  }

private:
  using set = std::uint64_t;
  struct visited {
    set done;
    Spec state;
    friend bool operator==(const visited&, const visited&) = default;
  };
  struct visited_hash {
    std::size_t operator()(const visited& v) const noexcept { return (v.done * 0x9e3779b97f4a7c15u) ^ v.state.hash(); }
  };

  static constexpr set bit(std::size_t i) noexcept { return set{1} << i; }
  static constexpr bool has(set s, std::size_t i) noexcept { return (s & bit(i)) != 0; }

  bool search(set done, const Spec& state) {
    if (path_.size() > longest_.size()) longest_ = path_;
    if (done == all_) return true;
    if (!seen_.insert({done, state}).second) return false;

    // An operation can be next if no other remaining one returned before it can have taken effect.
    instant earliest_return = never;
    for (set left = all_ & ~done; left != 0; left &= left - 1) {
      earliest_return = std::min(earliest_return, history_[first(left)].returned);
    }
    set next = 0;
    for (set left = all_ & ~done; left != 0; left &= left - 1) {
      const std::size_t i = first(left);
      if (history_[i].part != 0 && !has(done, i - 1)) continue;
      const bool in_real_time = real_time_ || history_[i].kind == op_kind::quiescent;
      if (in_real_time ? history_[i].from() <= earliest_return : follows(i, done)) next |= bit(i);
    }
    for (set look = next; look != 0; look &= look - 1) {
      const std::size_t i = first(look);
      Spec same = state;
      if (Spec::changes_nothing(history_[i]) && same.step(history_[i])) return take(i, done, same);
    }
    for (set left = next; left != 0; left &= left - 1) {
      const std::size_t i = first(left);
      const event& e = history_[i];
      if (Spec::changes_nothing(e) || (predecessors_[i] & ~done) != 0) continue;
      if (state.rendezvous() && sends(e.kind)) {
        if (meets(i, next, done, state)) return true;
        continue;
      }
      Spec after = state;
      if (after.step(e) && take(i, done, after)) return true;
    }
    return false;
  }

  /// Whether all earlier operations of its thread, and all earlier quiescences, are done.
  bool follows(std::size_t i, set done) const noexcept {
    for (set left = all_ & ~done; left != 0; left &= left - 1) {
      const event& e = history_[first(left)];
      if (e.thread == history_[i].thread && e.called < history_[i].called) return false;
      // An operation that slept then had taken no effect yet.
      if (e.kind == op_kind::quiescent && e.called < history_[i].from()) return false;
    }
    return true;
  }

  bool take(std::size_t i, set done, const Spec& after) {
    path_.push_back(i);
    if (search(done | bit(i), after)) return true;
    path_.pop_back();
    return false;
  }

  bool meets(std::size_t sender, set next, set done, const Spec& state) {
    for (set left = next; left != 0; left &= left - 1) {
      const std::size_t j = first(left);
      if (!state.hand_over(history_[sender], history_[j])) continue;
      path_.insert(path_.end(), {sender, j});
      if (search(done | bit(sender) | bit(j), state)) return true;
      path_.resize(path_.size() - 2);
    }
    return false;
  }

  /// For each send, the sends whose messages must have been ahead of its own. Requires distinct values.
  void find_predecessors(ordering order) {
    struct journey {
      std::size_t send;
      const event* recv = nullptr;
    };
    raw_vector<journey> journeys;
    for (set left = all_; left != 0; left &= left - 1) {
      const event& e = history_[first(left)];
      if (!sends(e.kind) || e.result != status::ok) continue;
      for (const journey& other : journeys) {
        if (history_[other.send].value == e.value) return;
      }
      journeys.push_back({first(left)});
      for (const event& r : history_) {
        if (!receives(r.kind) || r.pending() || r.result != status::ok || r.value != e.value) continue;
        if (journeys.back().recv) return;
        journeys.back().recv = &r;
      }
    }
    for (const journey& later : journeys) {
      for (const journey& earlier : journeys) {
        if (!earlier.recv || earlier.send == later.send) continue;
        if (order == ordering::per_producer &&
            scenario::sender_of(history_[earlier.send].value) != scenario::sender_of(history_[later.send].value)) {
          continue;
        }
        if (!real_time_ && later.recv && later.recv->thread != earlier.recv->thread) continue;
        if (!later.recv || earlier.recv->returned < later.recv->from()) predecessors_[later.send] |= bit(earlier.send);
      }
    }
  }

  static std::size_t first(set s) noexcept { return static_cast<std::size_t>(std::countr_zero(s)); }

  std::size_t first_missing() const {
    set done = 0;
    for (std::size_t i : longest_) done |= bit(i);
    std::size_t found = history_.size();
    for (set left = all_ & ~done; left != 0; left &= left - 1) {
      const std::size_t i = first(left);
      if (found == history_.size() || history_[i].returned < history_[found].returned) found = i;
    }
    return found;
  }

  const history& history_;
  const Spec& initial_;
  const bool real_time_;
  set all_ = 0;
  std::array<set, most_linearized> predecessors_{};
  raw_vector<std::size_t> path_;
  raw_vector<std::size_t> longest_;
  raw_set<visited, visited_hash> seen_;
};

}  // namespace sluice::harness
