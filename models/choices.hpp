#pragma once

#include <harness/draws.hpp>
#include <harness/number.hpp>
#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

/// Every choice of an execution, and who makes it.
namespace sluice::models {

/// One choice as it was made. 0 is always what happens if nothing happens out of turn: the running thread goes on, a
/// load returns the newest value, nobody wakes without a reason.
struct choice {
  std::uint16_t taken = 0;
  std::uint16_t of = 1;

  friend bool operator==(const choice&, const choice&) = default;
};

/// All choices of an execution, which make it happen again.
using schedule = harness::raw_vector<choice>;

/// Choices out of turn.
inline std::size_t deviations(const schedule& s) {
  return static_cast<std::size_t>(std::ranges::count_if(s, [](const choice& c) { return c.taken != 0; }));
}

/// The text form names the choices that are not 0, as `12=1,40=2`; `none` if there is no such choice.
inline std::string to_string(const schedule& s) {
  std::string text;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i].taken == 0) continue;
    text.append(text.empty() ? "" : ",").append(std::to_string(i)).append("=").append(std::to_string(s[i].taken));
  }
  return text.empty() ? "none" : text;
}

/// Reads the text form; how many alternatives there were is not in it.
///
/// \throws std::invalid_argument  naming the part that is not understood.
inline schedule parse_schedule(std::string_view text) {
  constexpr std::size_t longest = 60'000;
  schedule s;
  if (text == "none") return s;
  const auto number = [&](std::string_view part) {
    const auto value = harness::parse_number(part);
    if (value && *value < longest) return *value;
    throw std::invalid_argument("`" + std::string(text) + "` is no schedule: give `none`, or choices as 12=1,40=2");
  };
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view part = text.substr(from, comma - from);
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::size_t position = number(part.substr(0, equals));
    const std::size_t taken = number(part.substr(std::min(equals + 1, part.size())));
    if (position >= s.size()) s.resize(position + 1);
    s[position].taken = static_cast<std::uint16_t>(taken);
    from = comma + 1;
  }
  return s;
}

/// What can happen next.
struct turn {
  static constexpr std::size_t most = 16;

  /// First the threads that can run, the one that runs now before the others if it may go on; then those whose sleep
  /// can end by its deadline; then those whose sleep can end for no reason.
  std::array<std::uint8_t, most> threads{};
  unsigned running = 0;
  unsigned expiring = 0;
  unsigned spurious = 0;
  unsigned waiting = 0;  ///< threads that have given way and have seen no change since, a bit each: not offered
  bool goes_on = false;  ///< the first of them runs already: to take another preempts it
  bool yields = false;   ///< the running thread has given way

  unsigned count() const noexcept { return running + expiring + spurious; }
  /// So many of the first cost no deviation.
  unsigned free() const noexcept { return goes_on ? 1 : running != 0 ? running : expiring; }
};

/// What else is chosen.
enum class matter : std::uint8_t {
  staleness,  ///< 1: a load goes back to the store before
  failure,    ///< 1: a weak compare-and-swap fails for no reason
  reuse,      ///< 1: freed memory is kept from reuse for a while
  peer,       ///< which of several equals, all of them free
};

/// Makes the choices of one execution after the other.
class strategy {
public:
  virtual ~strategy() = default;

  /// Before an execution.
  virtual void begin() = 0;
  /// \returns  less than `t.count()`.
  virtual unsigned next(const turn& t) = 0;
  /// \returns  less than `count`.
  virtual unsigned pick(matter about, unsigned count) = 0;
  /// After an execution that passed. \returns  whether there is to be another.
  virtual bool more() = 0;
};

/// Draws. Half of the executions pick threads uniformly; the other half follow PCT (Burckhardt et al. 2010): random
/// priorities, lowered at a few random steps, which finds bugs of few orderings faster. In half of either, deadlines
/// pass at any step; in the rest only when nothing else can run, so that a deadline cannot hide a lost wake-up.
class random_walk final : public strategy {
public:
  /// \param seed  of the first execution; each one after it has the next.
  random_walk(std::uint64_t seed, std::uint64_t executions) noexcept : seed_(seed), left_(executions) {}

  void begin() override {
    draw_ = harness::draws(seed_++);
    --left_;
    by_priority_ = draw_(2) != 0;
    expire_any_time_ = draw_(2) != 0;
    step_ = 0;
    lowest_ = -static_cast<int>(changes);
    if (by_priority_) set_priorities();
  }

  unsigned next(const turn& t) override {
    if (t.expiring != 0 && (t.running == 0 || (expire_any_time_ && draw_(8) == 0))) {
      return t.running + draw_(t.expiring);
    }
    if (t.spurious != 0 && draw_(16) == 0) return t.running + t.expiring + draw_(t.spurious);
    return by_priority_ ? highest(t) : draw_(t.running);
  }

  unsigned pick(matter about, unsigned count) override {
    switch (about) {
      case matter::staleness: return draw_(2);
      case matter::failure:
      case matter::reuse: return draw_(4) == 0;
      default: return draw_(count);
    }
  }

  bool more() override { return left_ != 0; }

private:
  static constexpr std::size_t changes = 3;

  void set_priorities() {
    std::iota(priority_.begin(), priority_.end(), 0);
    for (unsigned i = turn::most - 1; i > 0; --i) std::swap(priority_[i], priority_[draw_(i + 1)]);
    // How long an execution is cannot be known before it, so a horizon is drawn, short or long.
    const unsigned horizon = 8u << draw_(6);
    for (auto& at : change_at_) at = draw_(horizon) + 1;
    last_ = turn::most;
  }

  unsigned highest(const turn& t) {
    ++step_;
    if (t.yields) lower();
    if (std::ranges::find(change_at_, step_) != change_at_.end()) lower();
    unsigned best = 0;
    for (unsigned i = 1; i < t.running; ++i) {
      if (priority_[t.threads[i]] > priority_[t.threads[best]]) best = i;
    }
    last_ = t.threads[best];
    return best;
  }

  void lower() {
    if (last_ != turn::most) priority_[last_] = --lowest_;
  }

  std::uint64_t seed_;
  std::uint64_t left_;
  harness::draws draw_;
  bool by_priority_ = false;
  bool expire_any_time_ = false;
  unsigned step_ = 0;
  int lowest_ = 0;
  std::size_t last_ = turn::most;
  std::array<int, turn::most> priority_{};
  std::array<unsigned, changes> change_at_{};
};

/// Tells apart the states that an execution comes through.
class state_source {
public:
  virtual ~state_source() = default;
  /// Equal only for states that have the same future.
  virtual std::uint64_t value() const = 0;
};

/// Goes through every execution with up to so many deviations, once each, depth first.
class depth_first final : public strategy {
public:
  /// \param states  where an execution comes to a state that another has been in, with no fewer deviations left, it has
  ///                no alternatives from there on; null: every execution is carried out.
  /// \param from    where to go on: path() of a search that was broken off, with the same bound.
  explicit depth_first(unsigned bound, const state_source* states = nullptr, const schedule& from = {})
      : bound_(bound), states_(states) {
    for (const choice& c : from) path_.push_back({c.taken, 0, 0, 0});
  }

  void begin() override {
    depth_ = 0;
    spent_ = 0;
    known_ = false;
    last_.reset();
    ++executions_;
  }
  unsigned next(const turn& t) override {
    if (known_) return 0;
    if (!states_ || depth_ != path_.size()) return at(t.count(), t.free());
    const std::uint64_t key = key_of(t);
    // Nothing has happened since the last choice, so this one would only repeat it.
    if (last_ == key) return at(t.count(), 0);
    last_ = key;
    known_ = been_in(key);
    return known_ ? 0 : at(t.count(), t.free());
  }
  unsigned pick(matter about, unsigned count) override {
    return known_ || in_turn_only(about) ? 0 : at(count, free(about, count));
  }

  /// Memory that can be had again at once is what hurts.
  static bool in_turn_only(matter about) noexcept { return about == matter::reuse; }
  /// Alternatives that cost no deviation.
  static unsigned free(matter about, unsigned count) noexcept { return about == matter::peer ? count : 1; }

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
  /// Whether the bound kept it from some execution; complete after more() has returned false.
  bool cut() const noexcept { return cut_; }
  /// Whether an execution did not come to the choices that the one before it made on the same way.
  bool diverged() const noexcept { return diverged_; }

  /// The choices of the execution that is next: from here a search can go on.
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

  std::uint64_t key_of(const turn& t) const {
    harness::draws mixed(states_->value());
    std::uint64_t key = mixed.next() + t.running + (t.expiring << 8) + (t.spurious << 16) + (t.goes_on ? 1u << 24 : 0);
    for (unsigned i = 0; i < t.count(); ++i) key = key * 31 + t.threads[i];
    return key * 31 + t.waiting;
  }

  /// Whether another execution has been in this state with as much left to spend: all that follows has been, or will
  /// be, tried from there.
  bool been_in(std::uint64_t key) {
    const auto [known, fresh] = been_.try_emplace(key, spent_);
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
      been_;
  bool known_ = false;
  std::optional<std::uint64_t> last_;  ///< the state at the last choice
  harness::raw_vector<node> path_;
  std::size_t depth_ = 0;
  unsigned spent_ = 0;
  std::uint64_t executions_ = 0;
  bool cut_ = false;
  bool diverged_ = false;
};

/// A depth-first search that is broken off when its time is over.
class limited_search final : public strategy {
public:
  /// \param seconds  0: it has all the time that it needs.
  limited_search(unsigned bound, const schedule& from, double seconds)
      : search_(bound, nullptr, from), seconds_(seconds) {}

  void begin() override { search_.begin(); }
  unsigned next(const turn& t) override { return search_.next(t); }
  unsigned pick(matter about, unsigned count) override { return search_.pick(about, count); }
  bool more() override {
    if (!search_.more() || search_.diverged()) return false;
    broken_off_ = over(start_, seconds_);
    return !broken_off_;
  }

  bool broken_off() const noexcept { return broken_off_; }
  const depth_first& search() const noexcept { return search_; }

  static bool over(std::chrono::steady_clock::time_point start, double seconds) {
    return seconds > 0 && std::chrono::steady_clock::now() - start > std::chrono::duration<double>(seconds);
  }

private:
  depth_first search_;
  double seconds_;
  bool broken_off_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// One execution with given choices; 0 after their end, and where there are fewer alternatives than the choice needs.
class replayed final : public strategy {
public:
  explicit replayed(schedule choices) noexcept : choices_(std::move(choices)) {}

  void begin() override { position_ = 0; }
  unsigned next(const turn& t) override { return at(t.count()); }
  unsigned pick(matter, unsigned count) override { return at(count); }
  bool more() override { return false; }

private:
  unsigned at(unsigned count) {
    if (count < 2 || position_ >= choices_.size()) return 0;
    const unsigned wanted = choices_[position_++].taken;
    return wanted < count ? wanted : 0;
  }

  schedule choices_;
  std::size_t position_ = 0;
};

/// Makes a failing schedule plainer as long as it still fails: fewer choices out of turn.
///
/// \param fails  carries out a schedule; the choices that it then came to if it fails, or nullopt.
template <class Fails>
schedule plainest(schedule s, Fails fails) {
  for (std::size_t length = std::max<std::size_t>(1, s.size()); length > 0; length /= 2) {
    for (std::size_t from = 0; from < s.size();) {
      const std::size_t until = std::min(s.size(), from + length);
      schedule plainer = s;
      bool changed = false;
      for (std::size_t i = from; i < until; ++i) changed |= std::exchange(plainer[i].taken, 0) != 0;
      from = until;
      if (!changed) continue;
      if (auto found = fails(plainer); found && deviations(*found) < deviations(s)) s = std::move(*found);
    }
  }
  return s;
}

}  // namespace sluice::models
