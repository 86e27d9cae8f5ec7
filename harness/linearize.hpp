#pragma once

#include <harness/history.hpp>
#include <harness/spec.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>

namespace sluice::harness {

struct verdict {
  bool linearizable = false;
  /// Where not: an event that no order explains, given the longest order that explains others.
  std::size_t unexplained = std::numeric_limits<std::size_t>::max();
};

/// Decides whether one order of the operations, true to their real times, is a run of the sequential channel.
///
/// Wing and Gong's search with Lowe's memoisation: a set of operations done and the state they left is visited once.
/// Exponential at worst in the number of overlapping operations; meant for histories of a few dozen.
class linearizer {
public:
  static constexpr std::size_t most_events = 64;

  /// \throws std::length_error  for a history of more than `most_events`.
  linearizer(const history& h, const spec& initial) : history_(h), initial_(initial) {
    if (h.size() > most_events) throw std::length_error("a history to linearize has at most 64 operations");
  }

  verdict check() {
    all_ = history_.size() == most_events ? ~std::uint64_t{0} : (std::uint64_t{1} << history_.size()) - 1;
    verdict result;
    result.linearizable = search(0, initial_);
    if (!result.linearizable) result.unexplained = first_missing(longest_);
    return result;
  }

private:
  struct visited {
    std::uint64_t done;
    spec state;
    friend bool operator==(const visited&, const visited&) = default;
  };
  struct visited_hash {
    std::size_t operator()(const visited& v) const noexcept { return (v.done * 0x9e3779b97f4a7c15u) ^ v.state.hash(); }
  };

  static bool has(std::uint64_t set, std::size_t i) noexcept { return set >> i & 1; }

  bool search(std::uint64_t done, const spec& state) {
    if (std::popcount(done) > std::popcount(longest_)) longest_ = done;
    if (done == all_) return true;
    if (!seen_.insert({done, state}).second) return false;

    // An operation may come next if none of the others left returned before it was called.
    std::uint64_t earliest_return = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (!has(done, i)) earliest_return = std::min(earliest_return, history_[i].returned);
    }
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (has(done, i) || history_[i].called > earliest_return) continue;
      const std::uint64_t with = done | std::uint64_t{1} << i;
      if (state.rendezvous() && history_[i].result == status::ok && sends(history_[i].kind)) {
        if (meets(i, with, earliest_return, state)) return true;
        continue;
      }
      spec next = state;
      if (next.step(history_[i]) && search(with, next)) return true;
    }
    return false;
  }

  bool meets(std::size_t sender, std::uint64_t with, std::uint64_t earliest_return, const spec& state) {
    for (std::size_t j = 0; j < history_.size(); ++j) {
      if (has(with, j) || !receives(history_[j].kind) || history_[j].called > earliest_return) continue;
      if (state.hand_over(history_[sender], history_[j]) && search(with | std::uint64_t{1} << j, state)) return true;
    }
    return false;
  }

  std::size_t first_missing(std::uint64_t done) const {
    std::size_t first = history_.size();
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (!has(done, i) && (first == history_.size() || history_[i].returned < history_[first].returned)) first = i;
    }
    return first;
  }

  const history& history_;
  const spec& initial_;
  std::uint64_t all_ = 0;
  std::uint64_t longest_ = 0;
  raw_set<visited, visited_hash> seen_;
};

}  // namespace sluice::harness
