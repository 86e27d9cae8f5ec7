// Relacy's header must follow every other.
#include <gtest/gtest.h>

#include <models/platform.hpp>

#include <models/depth_first.hpp>
#include <models/explore.hpp>
#include <models/failure_report.hpp>
#include <models/fingerprint.hpp>
#include <models/random_walk.hpp>
#include <models/search_mix.hpp>

#include <sluice/detail/backoff.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// The searches' numbers of executions, where they are known.
namespace sluice::models {
namespace {

constexpr unsigned unbounded = 1000;

using outcome = harness::raw_vector<int>;

/// Two threads that only make steps, each on its own atomic.
template <int Steps>
struct straight_line : rl::test_suite<straight_line<Steps>, 2> {
  static inline std::map<outcome, std::uint64_t> seen;
  static inline outcome order;

  void before() {
    platform::model::begin();
    order.clear();
  }
  void thread(unsigned index) {
    platform::model::playing = true;
    for (int i = 0; i < Steps; ++i) {
      own[index].store(i, std::memory_order::relaxed);
      order.push_back(static_cast<int>(index));
    }
  }
  void after() {
    const own_memory ours;
    ++seen[order];
  }

  std::array<platform::atomic<int>, 2> own;
};

template <class Suite, rl::thread_id_t Threads = 2>
rl::test_result_e run(strategy& how) {
  current_search.closer = no_closer;
  rl::test_params params;
  return detail::run_suite<Suite, Threads>(how, params, nullptr);
}

std::uint64_t binomial(std::uint64_t n, std::uint64_t k) {
  std::uint64_t ways = 1;
  for (std::uint64_t i = 0; i < k; ++i) ways = ways * (n - i) / (i + 1);
  return ways;
}

template <int Steps>
void expect_each_interleaving_once() {
  using suite = straight_line<Steps>;
  suite::seen.clear();
  depth_first search(unbounded);
  EXPECT_EQ((run<suite>(search)), rl::test_result_success);
  const auto expected = binomial(2 * Steps, Steps);
  EXPECT_EQ(search.executions(), expected);
  EXPECT_EQ(suite::seen.size(), expected);
  EXPECT_FALSE(search.cut());
}

TEST(DepthFirst, ExploresEachInterleavingOnce) {
  expect_each_interleaving_once<1>();
  expect_each_interleaving_once<2>();
  expect_each_interleaving_once<3>();
  expect_each_interleaving_once<6>();
  expect_each_interleaving_once<8>();
}

// With one preemption, a thread is preempted at one of its inner steps, or at none.
TEST(DepthFirst, KeepsToItsBound) {
  using suite = straight_line<6>;
  for (const auto& [bound, expected] : std::vector<std::pair<unsigned, std::uint64_t>>{{0, 2}, {1, 12}}) {
    suite::seen.clear();
    depth_first search(bound);
    (void)run<suite>(search);
    EXPECT_EQ(suite::seen.size(), expected);
    EXPECT_EQ(search.executions(), expected);
    EXPECT_TRUE(search.cut());
  }
}

/// Stops after so many executions.
class interrupting final : public strategy {
public:
  interrupting(depth_first& search, int executions) : search_(search), left_(executions) {}
  void begin() override { search_.begin(); }
  unsigned next(const scheduling_point& t) override { return search_.next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return search_.pick(about, count); }
  bool more() override { return search_.more() && --left_ != 0; }

private:
  depth_first& search_;
  int left_;
};

TEST(DepthFirst, ResumesAfterAnInterruption) {
  using suite = straight_line<6>;
  suite::seen.clear();
  depth_first first(unbounded);
  interrupting interrupted(first, 400);
  (void)run<suite>(interrupted);
  EXPECT_EQ(suite::seen.size(), 400u);
  depth_first second(unbounded, nullptr, parse_schedule(to_string(first.path())));
  (void)run<suite>(second);
  EXPECT_EQ(first.executions() + second.executions(), 924u);
  EXPECT_EQ(suite::seen.size(), 924u);
}

TEST(RandomWalk, ReachesEachInterleaving) {
  using suite = straight_line<6>;
  for (const char* mix : {"uniform", "uniform,pct"}) {
    suite::seen.clear();
    random_walk walk(1, 100'000, parse_mix(mix));
    (void)run<suite>(walk);
    EXPECT_EQ(suite::seen.size(), 924u) << mix;
  }
}

/// A thread reads a value that another writes once and then overwrites, after steps that concern no other thread.
struct brief_value : rl::test_suite<brief_value, 2> {
  static inline std::uint64_t caught;

  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    if (index == 0) {
      shared.store(1, std::memory_order::seq_cst);
      for (int i = 2; i < 10; ++i) shared.store(i, std::memory_order::seq_cst);
    } else {
      for (int i = 0; i < 10; ++i) own.store(i, std::memory_order::relaxed);
      caught += shared.load(std::memory_order::seq_cst) == 1;
    }
  }

  platform::atomic<int> shared;
  platform::atomic<int> own;
};

std::uint64_t caught_by(const char* mix) {
  brief_value::caught = 0;
  random_walk walk(1, 4'000, parse_mix(mix));
  (void)run<brief_value>(walk);
  return brief_value::caught;
}

TEST(RandomWalk, LooksWhereThreadsMeet) {
  const auto uniform = caught_by("uniform");
  EXPECT_LT(uniform, 4000 / 100);
  EXPECT_GT(caught_by("pos"), 4 * uniform);
  EXPECT_GT(caught_by("surw"), 4 * uniform);
  EXPECT_GT(caught_by("forced_reads"), 20 * uniform);
}

TEST(SearchMix, HasATextForm) {
  const search_mix mix = parse_mix("pos=3,pct,own_view=2");
  EXPECT_EQ(mix.threads, (std::array{0u, 1u, 3u, 0u, 0u}));
  EXPECT_EQ(mix.loads, (std::array{0u, 2u}));
  for (const char* wrong : {"", "pos=", "pos=x", "pos=1001", "pos,", "fastest", "pos=-1"}) {
    EXPECT_THROW((void)parse_mix(wrong), std::invalid_argument) << wrong;
  }
}

/// Three threads that read, write and increment two atomics; records what they read.
struct busy : rl::test_suite<busy, 3> {
  static inline std::set<outcome> seen;
  static inline outcome got;

  void before() {
    platform::model::begin();
    got.assign(6, -1);
  }
  void thread(unsigned index) {
    platform::model::playing = true;
    auto& mine = index == 2 ? b : a;
    auto& other = index == 2 ? a : b;
    got[index] = mine.fetch_add(1, std::memory_order::relaxed);
    if (index == 1) b.store(7, std::memory_order::release);
    got[index + 3] = other.load(std::memory_order::acquire);
  }
  void after() {
    const own_memory ours;
    seen.insert(got);
  }

  platform::atomic<int> a;
  platform::atomic<int> b;
};

/// Puts begin() before each execution of another strategy.
class fingerprinted final : public strategy {
public:
  fingerprinted(depth_first& search, fingerprint& print) : search_(search), print_(print) {}
  void begin() override {
    print_.begin();
    search_.begin();
  }
  unsigned next(const scheduling_point& t) override { return search_.next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return search_.pick(about, count); }
  bool more() override {
    prints.insert(print_.value());
    return search_.more();
  }
  std::set<std::uint64_t> prints;

private:
  depth_first& search_;
  fingerprint& print_;
};

TEST(DepthFirst, LosesNothingByPruning) {
  for (const unsigned bound : {0u, 1u, 2u, 3u, unbounded}) {
    std::set<outcome> all;
    std::set<std::uint64_t> all_prints;
    std::uint64_t executions = 0;
    for (const bool prunes : {false, true}) {
      busy::seen.clear();
      fingerprint print;
      depth_first search(bound, prunes ? &print : nullptr);
      fingerprinted how(search, print);
      (void)run<busy, 3>(how);
      if (!prunes) {
        all = busy::seen;
        all_prints = how.prints;
        executions = search.executions();
        continue;
      }
      EXPECT_EQ(busy::seen, all) << "bound " << bound;
      EXPECT_EQ(how.prints, all_prints) << "bound " << bound;
      EXPECT_LE(search.executions(), executions);
      if (bound == unbounded) {
        EXPECT_LT(3 * search.executions(), 2 * executions);
      }
    }
  }
}

/// Behaves differently in each execution.
struct nondeterministic : rl::test_suite<nondeterministic, 2> {
  static inline int times = 0;

  void before() { platform::model::begin(); }
  void thread(unsigned) {
    platform::model::playing = true;
    for (int i = 0; i < 1 + ++times % 3; ++i) x.store(i, std::memory_order::relaxed);
  }
  platform::atomic<int> x;
};

TEST(DepthFirst, DetectsUncontrolledNondeterminism) {
  depth_first search(unbounded);
  interrupting how(search, 20);
  (void)run<nondeterministic>(how);
  EXPECT_TRUE(search.diverged());
}

/// Notifies without the lock, possibly between the check of the flag and the sleep.
struct careless_notify : rl::test_suite<careless_notify, 2> {
  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    if (index == 1) {
      flag.store(true, std::memory_order::seq_cst);
      changed.notify_one();
      return;
    }
    platform::unique_lock guard(lock);
    while (!flag.load(std::memory_order::seq_cst)) changed.wait(guard);
  }

  platform::mutex lock;
  platform::condition_variable changed;
  platform::atomic<bool> flag{false};
};

TEST(ConditionVariable, CanMissANotificationWithoutTheLock) {
  depth_first search(unbounded);
  EXPECT_EQ(run<careless_notify>(search), rl::test_result_deadlock);
}

/// Two threads spin until the third has stored.
struct spinning : rl::test_suite<spinning, 3> {
  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    if (index == 2) {
      x.store(1, std::memory_order::release);
      x.store(2, std::memory_order::release);
      return;
    }
    for (sluice::detail::backoff pacing; x.load(std::memory_order::acquire) != 2; pacing.snooze()) continue;
  }
  platform::atomic<int> x;
};

/// A thread sleeps until a deadline, and another wakes it.
struct late_sleeper : rl::test_suite<late_sleeper, 2> {
  static inline std::set<std::pair<bool, bool>> seen;  ///< whether it timed out, and whether the deadline had passed

  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    if (index == 0) {
      const auto until = platform::now() + std::chrono::nanoseconds(1);
      platform::unique_lock guard(mutex);
      const bool expired = changed.wait_until(guard, until) == std::cv_status::timeout;
      const bool late = platform::now() >= until;
      const own_memory ours;
      seen.emplace(expired, late);
    } else {
      changed.notify_one();
    }
  }

  platform::mutex mutex;
  platform::condition_variable changed;
};

TEST(Scheduler, RunsAWokenThreadAfterItsDeadline) {
  late_sleeper::seen.clear();
  depth_first search(3);
  EXPECT_EQ(run<late_sleeper>(search), rl::test_result_success);
  EXPECT_EQ(late_sleeper::seen, (std::set<std::pair<bool, bool>>{{false, false}, {false, true}, {true, true}}));
}

/// Two threads use the plain fields of one object, under a lock or not.
template <bool Locked>
struct plain_users : rl::test_suite<plain_users<Locked>, 2> {
  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    std::optional<platform::unique_lock> guard;
    if (Locked) guard.emplace(mutex);
    if (index == 0) {
      fields.write();
    } else {
      fields.read();
    }
  }

  platform::mutex mutex;
  platform::plain_fields fields;
};

TEST(PlainFields, RaceWithoutALock) {
  depth_first locked(unbounded);
  EXPECT_EQ(run<plain_users<true>>(locked), rl::test_result_success);
  depth_first unlocked(unbounded);
  EXPECT_EQ(run<plain_users<false>>(unlocked), rl::test_result_data_race);
}

TEST(Scheduler, LetsNoThreadSpinForEver) {
  depth_first search(2);
  EXPECT_EQ((run<spinning, 3>(search)), rl::test_result_success);
}

struct endless : rl::test_suite<endless, 2> {
  void before() { platform::model::begin(); }
  void thread(unsigned) {
    platform::model::playing = true;
    while (x.load(std::memory_order::relaxed) == 0) continue;
  }
  platform::atomic<int> x{0};
};

TEST(StepRecorder, NamesTheLinesOfALivelock) {
  depth_first search(0);
  const auto draw = [](const step_recorder& steps) { return steps.draw({}); };
  const model_result found = explore_suite<endless, 2>(search, draw, false);
  EXPECT_FALSE(found.passed);
  EXPECT_TRUE(found.what.starts_with("livelock: ")) << found.what;
  EXPECT_NE(found.what.find("over and over at the end:\n  thread 0: search_test.cpp:"), std::string::npos)
      << found.what;
}

/// Both threads yield while they handle an exception, and rethrow it.
struct throwing : rl::test_suite<throwing, 2> {
  static inline bool right = true;

  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    try {
      throw static_cast<int>(index);
    } catch (...) {
      // Between these two steps, the other thread runs.
      x.fetch_add(1, std::memory_order::relaxed);
      x.fetch_add(1, std::memory_order::relaxed);
      try {
        throw;
      } catch (int value) {
        right &= value == static_cast<int>(index);
      }
    }
  }
  platform::atomic<int> x;
};

TEST(Scheduler, KeepsExceptionsApart) {
  depth_first search(unbounded);
  EXPECT_EQ(run<throwing>(search), rl::test_result_success);
  EXPECT_TRUE(throwing::right);
}

TEST(Schedule, HasATextForm) {
  EXPECT_EQ(to_string(parse_schedule("3=1,10=2")), "3=1,10=2");
  EXPECT_EQ(to_string(parse_schedule("none")), "none");
  for (const char* wrong : {"", "3", "3=", "=1", "3=1,", "a=1", "3=1;4=1"}) {
    EXPECT_THROW((void)parse_schedule(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Schedule, IsShrunk) {
  const auto fails = [](const schedule& s) -> std::optional<schedule> {
    return s.size() > 5 && s[2].taken == 1 && s[5].taken == 2 ? std::optional(s) : std::nullopt;
  };
  schedule s(40, choice{1, 3});
  s[5].taken = 2;
  EXPECT_EQ(to_string(shrink(s, fails)), "2=1,5=2");
}

TEST(Failure, IsShrunkToACapacityThatTheChannelAccepts) {
  model_result failed;
  failed.executions = 1;
  questions asked;
  asked.scenarios = scenario_questions{.traits = {.unbounded = false, .bounded = true, .least_capacity = 2},
                                       .explore = [&](const harness::scenario&, strategy&, bool) { return failed; },
                                       .explore_all = {}};
  const settings set;
  const failure_report failures("channel", "runner", asked, set);
  const auto failing = harness::parse_scenario("capacity 4: send recv | send");
  harness::check_result at_random;
  failures.shrink_at_random(failing, failed, at_random);
  harness::check_result depth_first;
  failures.shrink_depth_first(failing, failed, depth_first);
  for (const auto& result : {at_random, depth_first}) EXPECT_EQ(result.scenario, "capacity 2: send");
}

TEST(Mutant, HasATextForm) {
  constexpr std::string_view text = "cores/sync.hpp:147:9:store:release->relaxed";
  const auto p = parse_mutant(text);
  EXPECT_EQ(p.where.file, "cores/sync.hpp");
  EXPECT_EQ(p.where.line, 147u);
  EXPECT_EQ(p.where.what, role::store);
  EXPECT_EQ(p.what, mutation::release_to_relaxed);
  for (const char* wrong :
       {"", "a.hpp:1:2:store", "a.hpp:x:2:store:dropped", "a.hpp:1:2:stare:dropped", "a.hpp:1:2:store:forgotten"}) {
    EXPECT_THROW((void)parse_mutant(wrong), std::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace sluice::models
