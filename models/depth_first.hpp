#pragma once

#include <models/schedule.hpp>
#include <models/strategy.hpp>

#include <harness/draws.hpp>
#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

namespace sluice::models {

/// Distinguishes the states of an execution.
class state_source {
public:
  virtual ~state_source() = default;
  /// Equal only for states that have the same future.
  virtual std::uint64_t value() const = 0;
};

/// Explores every execution with up to `bound` deviations once, depth first.
class depth_first final : public strategy {
public:
  /// \param states  prunes: from a state which another execution has visited with as many deviations left, there are no
  ///                alternatives; null: no pruning.
  /// \param from    where to resume: path() of an interrupted search with the same bound.
  explicit depth_first(unsigned bound, const state_source* states = nullptr, const schedule& from = {})
      : bound_(bound), states_(states) {
    for (const choice& c : from) path_.push_back({c.taken, 0, 0, 0});
  }

  void begin() override {
    depth_ = 0;
    spent_ = 0;
    pruned_ = false;
    last_.reset();
    ++executions_;
  }
  unsigned next(const scheduling_point& t) override {
    if (pruned_) return 0;
    if (!states_ || depth_ != path_.size()) return at(t.count(), t.free());
    const std::uint64_t key = key_of(t);
    // No step since the last choice, so this one would only repeat it.
    if (last_ == key) return at(t.count(), 0);
    last_ = key;
    pruned_ = visited_before(key);
    return pruned_ ? 0 : at(t.count(), t.free());
  }
  unsigned pick(choice_kind about, unsigned count) override {
    return pruned_ || never_deviates(about) ? 0 : at(count, free(about, count));
  }

  /// Immediate reuse of freed memory is what reveals bugs.
  static bool never_deviates(choice_kind about) noexcept { return about == choice_kind::reuse; }
  /// The number of alternatives that are no deviation.
  static unsigned free(choice_kind about, unsigned count) noexcept { return about == choice_kind::peer ? count : 1; }

  bool more() override {
    if (depth_ < path_.size()) diverged_ = true;
    path_.resize(depth_);
    while (!path_.empty()) {
      node& last = path_.back();
      const unsigned next = last.free == 0 ? last.of : last.taken + 1u;
      if (next < last.of && last.spent + (next < last.free ? 0u : 1u) <= bound_) {
        last.taken = static_cast<std::uint16_t>(next);
        return true;
      }
      if (next < last.of) cut_ = true;
      path_.pop_back();
    }
    return false;
  }

  std::uint64_t executions() const noexcept { return executions_; }
  /// Whether the bound excluded some execution; final after more() has returned false.
  bool cut() const noexcept { return cut_; }
  /// Whether an execution made other choices than an earlier one with the same prefix.
  bool diverged() const noexcept { return diverged_; }

  /// The choices of the next execution, from which a search can resume.
  schedule path() const {
    schedule s;
    for (const node& n : path_) s.push_back({n.taken, n.of});
    return s;
  }

private:
  struct node {
    std::uint16_t taken;
    std::uint16_t of;     ///< 0: not known yet
    std::uint16_t free;   ///< 0: it has no alternatives
    std::uint16_t spent;  ///< deviations before it
  };

  std::uint64_t key_of(const scheduling_point& t) const {
    harness::draws mixed(states_->value());
    std::uint64_t key =
        mixed.next() + t.runnable + (t.expiring << 8) + (t.spurious << 16) + (t.continues ? 1u << 24 : 0);
    for (unsigned i = 0; i < t.count(); ++i) key = key * 31 + t.threads[i];
    return key * 31 + t.yielded;
  }

  /// Whether another execution has visited this state with as many deviations left: all that follows is explored from
  /// there.
  bool visited_before(std::uint64_t key) {
    const auto [known, fresh] = visited_.try_emplace(key, spent_);
    if (!fresh && known->second <= spent_) return true;
    known->second = spent_;
    return false;
  }

  /// \param free  0: there is no alternative to the first.
  unsigned at(unsigned count, unsigned free) {
    if (count < 2) return 0;
    if (depth_ == path_.size()) {
      path_.push_back(
          {0, static_cast<std::uint16_t>(count), static_cast<std::uint16_t>(free), static_cast<std::uint16_t>(spent_)});
    }
    node& here = path_[depth_++];
    if (here.of == 0) {
      here.of = static_cast<std::uint16_t>(count);
      here.free = static_cast<std::uint16_t>(free);
      here.spent = static_cast<std::uint16_t>(spent_);
    }
    if (here.of != count) {
      diverged_ = true;
      return 0;
    }
    if (here.taken >= std::max<unsigned>(1, here.free)) ++spent_;
    return here.taken;
  }

  unsigned bound_;
  const state_source* states_;
  std::unordered_map<std::uint64_t, unsigned, std::hash<std::uint64_t>, std::equal_to<>,
                     harness::raw_allocator<std::pair<const std::uint64_t, unsigned>>>
      visited_;
  bool pruned_ = false;
  std::optional<std::uint64_t> last_;  ///< the state at the last choice
  harness::raw_vector<node> path_;
  std::size_t depth_ = 0;
  unsigned spent_ = 0;
  std::uint64_t executions_ = 0;
  bool cut_ = false;
  bool diverged_ = false;
};

}  // namespace sluice::models
