#pragma once

#include <models/explore.hpp>
#include <models/message.hpp>
#include <models/platform.hpp>
#include <models/run_models.hpp>
#include <models/stop_source.hpp>

#include <harness/linearize.hpp>
#include <harness/queue_operations.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Running a scenario under Relacy.
namespace sluice::models {

/// The channel that scenarios run on.
inline const model_subject* tested = nullptr;

/// The scenario that the running model executes, and the histories that have been found linearizable.
class execution {
public:
  void prepare(const harness::scenario& p, harness::promises held) {
    scenario_ = p;
    held_ = held;
    initial_.emplace(harness::initial_state(p, held));
    known_.clear();
    watched_ = std::ranges::any_of(p.threads, [](const auto& list) {
      return std::ranges::find(list, harness::op_kind::wait_disconnected) != list.end();
    });
    seen_.reserve((harness::largest_batch + 1) * p.operations() + 32);
  }

  void begin() {
    seen_.clear();
    sleepers_.clear();
    unexplained_ = nothing;
    clock_ = 0;
    unfinished_ = scenario_.threads.size();
    in_.assign(scenario_.threads.size(), {});
    live_messages = 0;
    platform::model::begin();
  }

  /// \returns  whether some order of the operations explains the history.
  bool explained() {
    harness::were_asleep(seen_, sleepers_);
    std::ranges::sort(seen_, {}, [](const harness::event& e) { return std::pair(e.called, e.part); });
    key k;
    for (const auto& e : seen_) {
      const auto returned = e.pending() ? std::numeric_limits<std::uint16_t>::max() : e.returned;
      for (auto part :
           {std::size_t{e.thread}, std::size_t{e.index}, static_cast<std::size_t>(e.kind),
            static_cast<std::size_t>(e.result), std::size_t{e.intact}, static_cast<std::size_t>(e.value + 1),
            static_cast<std::size_t>(e.asleep), static_cast<std::size_t>(returned)}) {
        k.push_back(static_cast<char16_t>(part));
      }
    }
    if (known_.contains(k)) return true;
    const auto found = harness::linearizer(seen_, *initial_, held_).check();
    if (found.linearizable) {
      known_.insert(std::move(k));
      return true;
    }
    unexplained_ = found.unexplained;
    return false;
  }

  /// The operation that a thread is in.
  struct position {
    harness::op_kind kind{};
    std::size_t index = 0;
    harness::instant since = 0;
    harness::instant asleep = 0;
    std::size_t sent = 0;  ///< how many messages the operation has sent: of a batch, a part
    bool finished = false;
    rl::thread_info_base* fiber = nullptr;
  };

  /// The history, including pending operations.
  harness::history so_far() const {
    harness::history all = seen_;
    for (std::size_t t = 0; t < in_.size(); ++t) {
      const auto& in = in_[t];
      const auto known = [&](const harness::event& e) { return e.thread == t && e.called == in.since; };
      if (!in.finished && in.fiber && std::ranges::none_of(all, known)) push_pending(all, t);
    }
    return all;
  }

  harness::instant tick() noexcept {
    platform::model::stepped = true;
    return clock_++;
  }
  const harness::scenario& scenario() const noexcept { return scenario_; }
  harness::history& seen() noexcept { return seen_; }
  std::size_t unexplained() const noexcept { return unexplained_; }
  position& in(std::size_t thread) noexcept { return in_[thread]; }
  void finish(std::size_t thread) noexcept {
    in_[thread].finished = true;
    --unfinished_;
  }
  bool finished() const noexcept { return unfinished_ == 0; }
  /// Whether a thread waits for the disconnect of the last receiver.
  bool watched() const noexcept { return watched_; }
  void sent(std::size_t fiber, std::size_t messages) noexcept {
    if (fiber < in_.size()) in_[fiber].sent += messages;
  }

  /// Records a quiescence: which threads sleep, and in which operation.
  void record_quiescence() {
    // One reading for what a sleeping batch has sent before, and the next for the quiescence.
    tick();
    harness::event e = harness::quiescence_event(in_.size(), tick(), live_messages);
    for (std::size_t t = 0; t < in_.size(); ++t) {
      if (in_[t].finished) continue;
      in_[t].asleep = e.returned + 1;
      sleepers_.push_back({t, in_[t].since, in_[t].asleep, in_[t].sent});
      count_sleeper(e, t, in_[t].kind, in_[t].sent);
    }
    ++clock_;
    seen_.push_back(e);
  }
  /// Adds the operations that sleep for ever to the history.
  void add_pending() {
    for (std::size_t t = 0; t < in_.size(); ++t) {
      if (!in_[t].finished) push_pending(seen_, t);
    }
  }

private:
  void push_pending(harness::history& to, std::size_t thread) const {
    const position& in = in_[thread];
    harness::push_pending(to, {.called = in.since,
                               .index = static_cast<std::uint32_t>(in.index),
                               .thread = static_cast<std::uint16_t>(thread),
                               .kind = in.kind});
  }

  using key = std::basic_string<char16_t, std::char_traits<char16_t>, harness::raw_allocator<char16_t>>;
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<std::u16string_view>()(std::u16string_view(k.data(), k.size()));
    }
  };

  harness::scenario scenario_;
  harness::promises held_;
  std::optional<harness::spec> initial_;
  bool watched_ = false;
  harness::raw_set<key, key_hash> known_;
  harness::history seen_;
  harness::raw_vector<position> in_;
  harness::raw_vector<harness::sleeper> sleepers_;
  harness::instant clock_ = 0;
  std::size_t unfinished_ = 0;
  static constexpr std::size_t nothing = std::numeric_limits<std::size_t>::max();
  std::size_t unexplained_ = nothing;
};

inline execution current_execution;

/// The observer of a thread of a scenario, which is a fiber.
struct fiber_observer {
  std::size_t thread;

  // Others may run between the return of one operation and the call of the next.
  void about_to(harness::op_kind) const {
    platform::model::schedule_before(platform::model::access::read, nullptr, platform::location::current());
  }
  harness::instant called(harness::op_kind kind, std::size_t index) const {
    const auto now = current_execution.tick();
    platform::model::began(thread);
    auto& in = current_execution.in(thread);
    in.kind = kind;
    in.index = index;
    in.since = now;
    in.asleep = 0;
    in.sent = 0;
    return now;
  }
  harness::instant returned() const {
    platform::model::ended(thread);
    return current_execution.tick();
  }
  bool closed() const { return current_execution.in(thread).asleep != 0; }
};

/// The observer of the closer's operations.
struct closer_observer {
  std::size_t thread;

  void about_to(harness::op_kind) const {}
  harness::instant called(harness::op_kind, std::size_t) const {
    platform::model::began(thread);
    return current_execution.tick();
  }
  harness::instant returned() const {
    platform::model::ended(thread);
    return current_execution.tick();
  }
  bool closed() const { return false; }
};

/// Executes current_execution's scenario on one fiber per thread, and one more for the closer, which runs when no other
/// can.
template <int Threads>
class suite : public rl::test_suite<suite<Threads>, Threads + 1> {
public:
  void before() {
    const between_threads section;
    auto& now = current_execution;
    now.begin();
    auto [tx, rx] = tested->make<message>(now.scenario().capacity);
    const stop_source stop(stop_.emplace());
    const stop_source end_of_watches(now.watched() ? end_of_watches_.emplace() : *stop_);
    for (std::size_t t = 0; t < interpreters_.size(); ++t) {
      const auto& list = now.scenario().threads[t];
      auto& mine = interpreters_[t].emplace(t, operations({std::chrono::nanoseconds(1), std::chrono::hours::max(),
                                                           make_message{}, stop, end_of_watches}));
      if (harness::uses_sender(list)) mine.give(tx.clone());
      if (harness::uses_receiver(list)) mine.give(rx.clone());
    }
  }

  void thread(unsigned index) {
    platform::model::playing = true;
    if (index == Threads) return close();
    current_execution.in(index).fiber = rl::ctx().threadx_;
    platform::model::started();
    fiber_observer o{index};
    interpreters_[index]->run(current_execution.scenario().threads[index], current_execution.seen(), o);
    end_thread();
    current_execution.finish(index);
  }

  void after() {
    platform::model::playing = false;
    if (current_execution.explained()) return;
    rl::ctx().fail_test("no order of the operations explains their results", rl::test_result_user_assert_failed,
                        RL_INFO);
  }

private:
  struct make_message {
    message operator()(int value) const { return message(value); }
  };
  using operations = harness::queue_operations<harness::erased_sender<message>, harness::erased_receiver<message>,
                                               make_message, stop_source>;
  using interpreter = harness::thread_interpreter<operations>;

  /// Makes everything that the other threads did happen before the closer's next steps, as joining them would.
  static void join_all() {
    rl::thread_info_base& self = *rl::ctx().threadx_;
    for (std::size_t t = 0; t < Threads; ++t) {
      const auto* other = current_execution.in(t).fiber;
      for (int i = 0; i <= Threads; ++i) {
        self.acq_rel_order_[i] = std::max(self.acq_rel_order_[i], other->acq_rel_order_[i]);
      }
    }
  }

  void close() {
    auto& now = current_execution;
    // A timed sleep, which the scheduler ends only when no other thread can run.
    for (int round = 0; round < 2; ++round) {
      rl::ctx().park_current_thread(true, false, false, RL_INFO);
      join_all();
      now.record_quiescence();
      if (round == 1) break;
      closer_observer o{interpreters_.size()};
      // As of this quiescence: a thread that a closed handle wakes keeps its own handles.
      std::array<std::optional<harness::op_kind>, Threads> asleep_in;
      for (std::size_t t = 0; t < Threads; ++t) {
        if (!now.in(t).finished) asleep_in[t] = now.in(t).kind;
      }
      for (std::size_t t = 0; t < Threads; ++t) interpreters_[t]->close(asleep_in[t], Threads, now.seen(), o);
      if (now.watched()) end_of_watches_->request();
    }
    // Relacy would report a thread that still sleeps as a deadlock.
    now.add_pending();
  }

  end_of_execution end_;
  std::optional<stop_state> stop_;
  std::optional<stop_state> end_of_watches_;
  std::array<std::optional<interpreter>, Threads> interpreters_;
};

/// Explores current_execution's scenario, or those that the strategy prepares instead, all with as many threads.
///
/// \throws std::invalid_argument  for more than three threads.
inline model_result explore_scenarios(std::size_t threads, strategy& how, bool shrinks) {
  const auto describe = [](const step_recorder& steps) {
    return harness::draw(current_execution.seen(), current_execution.unexplained()) + "step by step:\n" +
           steps.draw(current_execution.so_far());
  };
  harness::when_sent = [](std::size_t messages) {
    current_execution.sent(static_cast<std::size_t>(rl::ctx().threadx_->index_), messages);
  };
  const auto with = [&]<int Threads>() {
    return explore_suite<suite<Threads>, Threads + 1>(how, describe, shrinks, Threads);
  };
  switch (threads) {
    case 1: return with.template operator()<1>();
    case 2: return with.template operator()<2>();
    case 3: return with.template operator()<3>();
    default: throw std::invalid_argument("models have up to three threads, not " + std::to_string(threads));
  }
}

/// Explores a scenario with a strategy.
inline model_result explore(const harness::scenario& p, strategy& how, bool shrinks = true) {
  current_execution.prepare(p, tested->traits());
  return explore_scenarios(p.threads.size(), how, shrinks);
}

}  // namespace sluice::models
