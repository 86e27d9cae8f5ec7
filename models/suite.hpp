#pragma once

#include <models/explore.hpp>
#include <models/platform.hpp>

#include <harness/linearize.hpp>
#include <harness/run.hpp>
#include <harness/subject.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// A program run under Relacy.
namespace sluice::models {

/// What models send: every move is a read and a write that Relacy checks for races.
class message {
public:
  explicit message(int value, platform::location where = platform::location::current()) : where_(where) {
    value_(platform::model::at(where)).store(value);
  }
  message(message&& other) noexcept : where_(other.where_) {
    value_(platform::model::at(where_)).store(other.value_(platform::model::at(where_)).load());
    other.value_(platform::model::at(where_)).store(moved_from);
  }
  message& operator=(message&& other) = delete;

  explicit operator int() const { return value_(platform::model::at(where_)).load(); }

private:
  static constexpr int moved_from = -1;
  platform::location where_;
  rl::var<int> value_;
};

/// The program that the running model carries out and the histories that it has seen to be right.
class execution {
public:
  void prepare(const harness::program& p) {
    program_ = p;
    initial_.emplace(harness::initial_state(p));
    known_.clear();
    seen_.reserve(p.operations() + 16);
  }

  void begin() {
    seen_.clear();
    unexplained_ = nothing;
    clock_ = 0;
    platform::model::begin();
  }

  /// \returns  whether the history is one that a sequential channel explains.
  bool explained() {
    std::ranges::sort(seen_, {}, &harness::event::called);
    key k;
    for (const auto& e : seen_) {
      for (auto part : {e.thread, e.index, static_cast<std::size_t>(e.result), static_cast<std::size_t>(e.value + 1),
                        static_cast<std::size_t>(e.returned)}) {
        k.push_back(static_cast<std::uint16_t>(part));
      }
    }
    if (known_.contains(k)) return true;
    const auto verdict = harness::linearizer(seen_, *initial_).check();
    if (verdict.linearizable) {
      known_.insert(std::move(k));
      return true;
    }
    unexplained_ = verdict.unexplained;
    return false;
  }

  std::uint64_t tick() noexcept { return clock_++; }
  const harness::program& program() const noexcept { return program_; }
  harness::history& seen() noexcept { return seen_; }
  std::size_t unexplained() const noexcept { return unexplained_; }

private:
  using key = std::basic_string<char16_t, std::char_traits<char16_t>, harness::raw_allocator<char16_t>>;
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<std::u16string_view>()(std::u16string_view(k.data(), k.size()));
    }
  };

  harness::program program_;
  std::optional<harness::spec> initial_;
  harness::raw_set<key, key_hash> known_;
  harness::history seen_;
  std::uint64_t clock_ = 0;
  static constexpr std::size_t nothing = std::numeric_limits<std::size_t>::max();
  std::size_t unexplained_ = nothing;
};

inline execution current_execution;

/// Interprets current_execution's program on as many fibers.
template <class Subject, int Threads>
class suite : public rl::test_suite<suite<Subject, Threads>, Threads> {
public:
  void before() {
    auto& now = current_execution;
    now.begin();
    auto [tx, rx] = Subject::template make<message>(now.program().capacity);
    for (std::size_t t = 0; t < runners_.size(); ++t) {
      const auto& ops = now.program().threads[t];
      auto& mine = runners_[t].emplace(t, std::chrono::nanoseconds(1));
      if (harness::uses_sender(ops)) mine.give(tx.clone());
      if (harness::uses_receiver(ops)) mine.give(rx.clone());
    }
  }

  void thread(unsigned index) {
    auto& now = current_execution;
    runners_[index]->run(
        now.program().threads[index], now.seen(), [&] { return now.tick(); },
        // Others may run between the return of one operation and the call of the next.
        [](harness::op_kind) { rl::ctx().sched(); });
  }

  void after() {
    if (current_execution.explained()) return;
    rl::ctx().fail_test("no order of the operations explains their results", rl::test_result_user_assert_failed,
                        RL_INFO);
  }

private:
  using runner = harness::thread_runner<typename Subject::template sender<message>,
                                        typename Subject::template receiver<message>, message>;
  std::array<std::optional<runner>, Threads> runners_;
};

namespace detail {

template <class Subject, int Threads>
model_result explore(const harness::program& p, std::uint64_t seed, std::uint64_t executions) {
  current_execution.prepare(p);
  return explore_suite<suite<Subject, Threads>, Threads>(
      seed, executions, [] { return harness::draw(current_execution.seen(), current_execution.unexplained()); });
}

}  // namespace detail

/// Runs a program `executions` times under different schedules, or until one of them fails.
template <class Subject>
model_result explore(const harness::program& p, std::uint64_t seed, std::uint64_t executions) {
  switch (p.threads.size()) {
    case 2: return detail::explore<Subject, 2>(p, seed, executions);
    case 3: return detail::explore<Subject, 3>(p, seed, executions);
    default: throw std::invalid_argument("models have two or three threads: " + to_string(p));
  }
}

}  // namespace sluice::models
