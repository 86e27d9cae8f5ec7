#pragma once

#include <harness/history.hpp>
#include <harness/kernel.hpp>
#include <harness/program.hpp>
#include <harness/run.hpp>
#include <harness/team.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

/// Programs on real threads.
namespace sluice::harness {

/// How many messages live.
class census {
public:
  void born() noexcept { alive_.fetch_add(1, std::memory_order::relaxed); }
  void died() noexcept { alive_.fetch_sub(1, std::memory_order::relaxed); }
  int alive() const noexcept { return alive_.load(std::memory_order::relaxed); }

private:
  std::atomic<int> alive_{0};
};

/// A message that is counted as long as it lives, and shows whether it was moved from.
class token {
public:
  token(int value, census& people) noexcept : value_(value), people_(&people) { people.born(); }
  token(token&& other) noexcept
      : value_(std::exchange(other.value_, moved_from)), people_(std::exchange(other.people_, nullptr)) {}
  token& operator=(token&&) = delete;
  ~token() {
    if (people_) people_->died();
  }
  explicit operator int() const noexcept { return value_; }

private:
  static constexpr int moved_from = -1;
  int value_;
  census* people_;
};

/// Disturbs the calling thread as a seed says, in builds that have points for it (harness/disturbance.hpp).
inline void disturb_by([[maybe_unused]] std::uint64_t seed) noexcept {
#ifdef SLUICE_DISTURBANCE_HEADER
  platform::disturbing = platform::disturbance::from(seed);
#endif
}
inline void leave_undisturbed() noexcept {
#ifdef SLUICE_DISTURBANCE_HEADER
  platform::disturbing = {};
#endif
}

/// What came of one execution.
struct execution {
  history events;
  std::optional<std::size_t> capacity;  ///< as the channel tells it
  /// Some thread still neither sleeps for good nor gets anywhere: it spins, and takes a processor with it.
  bool spinning = false;
};

/// Runs programs over one implementation, each in an execution of its own.
///
/// An execution ends when everybody is at rest: finished, or asleep with nobody to wake them. Then the closer lets go
/// of every handle but those that somebody sleeps in, and looks at who is at rest once more. Those stuck for good are
/// left behind with all that they hold. No time limit is part of the verdict but for those who neither sleep nor get
/// anywhere: the channel must be one whose blocked operations sleep.
template <class Subject>
class thread_engine {
public:
  /// \param patience  how long nobody gets anywhere, though somebody is awake, before they count as spinning.
  explicit thread_engine(std::chrono::milliseconds patience) : patience_(patience) {}

  execution execute(const program& p, std::uint64_t seed) {
    auto now = std::make_shared<stage>(p, seed);
    std::vector<team::job> jobs;
    for (std::size_t t = 0; t < p.threads.size(); ++t) {
      jobs.push_back([now, t] { now->play(t); });
    }
    team_.start(std::move(jobs));

    execution result;
    result.capacity = now->capacity;
    if (settle(*now)) {
      rest(*now);
      let_go(*now);
      result.spinning = !settle(*now);
      if (!result.spinning) rest(*now);
    } else {
      // Whose handles are in use cannot be known, so nobody touches them.
      result.spinning = true;
    }
    for (std::size_t t = 0; t < p.threads.size(); ++t) {
      player& mine = now->players[t];
      if (team_.done(t)) {
        result.events.insert(result.events.end(), mine.seen.begin(), mine.seen.end());
        continue;
      }
      // Only what it had done before this operation is read: there it writes no more.
      team_.leave_behind(t);
      const std::uint32_t step = mine.step.load(std::memory_order::acquire);
      for (std::size_t i = 0; i + 1 < step; ++i) result.events.push_back(mine.seen[i]);
      if (step != 0) {
        result.events.push_back({.called = mine.since.load(std::memory_order::relaxed),
                                 .index = step - 1,
                                 .thread = static_cast<std::uint16_t>(t),
                                 .kind = mine.kind.load(std::memory_order::relaxed),
                                 .value = program::value_of(t, step - 1)});
      }
    }
    for (event& e : result.events) {
      for (const sleeper& s : now->sleepers) {
        if (e.thread == s.thread && e.called == s.called && e.kind != op_kind::rest) e.asleep = s.asleep;
      }
    }
    result.events.insert(result.events.end(), now->closers.begin(), now->closers.end());
    return result;
  }

private:
  struct maker {
    census* people;
    token operator()(int value) const noexcept { return {value, *people}; }
  };
  using runner =
      thread_runner<typename Subject::template sender<token>, typename Subject::template receiver<token>, maker>;

  /// What is shared by all of an execution. An atomic counter is its clock: an operation reads it when it is called and
  /// moves it on when it returns, so that what it orders really came one after the other. That costs one contended
  /// read-modify-write an operation.
  struct shared {
    census people;
    alignas(64) std::atomic<instant> clock{0};
    std::atomic<bool> letting_go{false};
  };

  struct player {
    shared& all;
    std::size_t thread;
    const program::thread& ops;
    runner does;
    history seen;
    // The operation that it is in or was in last: 1 + its index, when it was called, and which.
    std::atomic<std::uint32_t> step{0};
    std::atomic<instant> since{0};
    std::atomic<op_kind> kind{};

    void about_to(op_kind) noexcept { platform::disturb(); }
    instant called(op_kind k, std::size_t index) noexcept {
      const instant now = all.clock.load(std::memory_order::acquire);
      since.store(now, std::memory_order::relaxed);
      kind.store(k, std::memory_order::relaxed);
      step.store(static_cast<std::uint32_t>(index + 1), std::memory_order::release);
      return now;
    }
    instant returned() noexcept { return all.clock.fetch_add(1, std::memory_order::acq_rel); }
    bool let_go() const noexcept { return all.letting_go.load(std::memory_order::acquire); }
  };

  /// The witness of what the closer does.
  struct closer {
    shared& all;

    void about_to(op_kind) const noexcept {}
    instant called(op_kind, std::size_t) const noexcept { return all.clock.load(std::memory_order::acquire); }
    instant returned() const noexcept { return all.clock.fetch_add(1, std::memory_order::acq_rel); }
    bool let_go() const noexcept { return false; }
  };

  struct sleeper {
    std::size_t thread;
    instant called;
    instant asleep;
  };

  struct stage {
    program p;
    std::uint64_t seed;
    std::optional<std::size_t> capacity;
    shared all;
    std::deque<player> players;
    history closers;
    std::vector<sleeper> sleepers;
    std::vector<std::optional<op_kind>> asleep_in;

    stage(const program& of, std::uint64_t s) : p(of), seed(s), asleep_in(of.threads.size()) {
      constexpr std::array near{0, 1'000, 20'000, 200'000};
      const std::chrono::nanoseconds soon(near[seed / 8 % near.size()]);
      // Some of these are more milliseconds than 31 or 32 bits hold.
      const auto far = std::chrono::hours(24) * (20 + seed / 32 % 1000);
      auto [tx, rx] = Subject::template make<token>(p.capacity);
      capacity = tx.capacity();
      for (std::size_t t = 0; t < p.threads.size(); ++t) {
        const auto& ops = p.threads[t];
        player& mine = players.emplace_back(all, t, ops, runner(t, soon, far, maker{&all.people}));
        mine.seen.reserve(2 * ops.size() + 2);
        if (uses_sender(ops)) mine.does.give(tx.clone());
        if (uses_receiver(ops)) mine.does.give(rx.clone());
      }
    }

    void play(std::size_t thread) {
      player& mine = players[thread];
      disturb_by(seed * 64 + thread);
      // Threads that share a processor meet where one of them is stopped; others meet anywhere.
      const bool together = seed % 8 == 7;
      if (together) kernel::stay_on(0);
      mine.does.run(mine.ops, mine.seen, mine);
      if (together) kernel::stay_on(std::nullopt);
      leave_undisturbed();
    }
  };

  bool finished(const stage& now) const {
    for (std::size_t t = 0; t < now.players.size(); ++t) {
      if (!team_.done(t)) return false;
    }
    return true;
  }

  /// Waits until everybody has finished or sleeps for good. \returns  false if somebody spins.
  bool settle(const stage& now) const {
    // A machine that stands still moves neither them nor this thread, so time alone says nothing.
    constexpr unsigned least_looks = 500;
    auto moved = std::chrono::steady_clock::now();
    instant clock = now.all.clock.load(std::memory_order::relaxed);
    for (unsigned turns = 0, looks = 0;; ++turns) {
      if (finished(now)) return true;
      if (turns < 50) {
        std::this_thread::yield();
        continue;
      }
      if (asleep_for_good(now)) return true;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      const instant later = now.all.clock.load(std::memory_order::relaxed);
      ++looks;
      if (later != clock) {
        moved = std::chrono::steady_clock::now();
        looks = 0;
      }
      clock = later;
      if (looks > least_looks && std::chrono::steady_clock::now() - moved > patience_) return false;
    }
  }

  bool asleep_for_good(const stage& now) const {
    std::vector<kernel::suspect> suspects;
    const auto steps = steps_of(now);
    for (std::size_t t = 0; t < now.players.size(); ++t) {
      if (team_.done(t)) continue;
      if (steps[t] == 0 || !kernel::asleep(team_.id(t))) return false;
      const op_kind kind = now.players[t].kind.load(std::memory_order::relaxed);
      suspects.push_back({team_.id(t), waits_far(kind)});
    }
    // Who has moved on since may be in an operation of another kind by now.
    return !suspects.empty() && kernel::all_asleep_for_good(suspects) && steps_of(now) == steps;
  }

  static std::vector<std::uint32_t> steps_of(const stage& now) {
    std::vector<std::uint32_t> steps;
    for (const player& mine : now.players) steps.push_back(mine.step.load(std::memory_order::acquire));
    return steps;
  }

  /// Records who is at rest, and in what.
  void rest(stage& now) {
    event e = event_at_rest(now.players.size(), now.all.clock.fetch_add(1), now.all.people.alive());
    for (std::size_t t = 0; t < now.players.size(); ++t) {
      now.asleep_in[t].reset();
      if (team_.done(t)) continue;
      const player& mine = now.players[t];
      now.asleep_in[t] = mine.kind.load(std::memory_order::relaxed);
      count_sleeper(e, *now.asleep_in[t]);
      now.sleepers.push_back({t, mine.since.load(std::memory_order::relaxed), e.returned + 1});
    }
    now.closers.push_back(e);
  }

  void let_go(stage& now) {
    now.all.letting_go.store(true, std::memory_order::release);
    closer self{now.all};
    for (std::size_t t = 0; t < now.players.size(); ++t) {
      now.players[t].does.let_go(now.asleep_in[t], now.players.size(), now.closers, self);
    }
  }

  std::chrono::milliseconds patience_;
  team team_;
};

}  // namespace sluice::harness
