#pragma once

#include <harness/broadcast_operations.hpp>
#include <harness/erased_core.hpp>
#include <harness/history.hpp>
#include <harness/kernel.hpp>
#include <harness/queue_operations.hpp>
#include <harness/scenario.hpp>
#include <harness/stall_clock.hpp>
#include <harness/thread_interpreter.hpp>
#include <harness/thread_pool.hpp>
#include <harness/tracked_message.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

/// Scenarios on real threads.
namespace sluice::harness {

/// Delays and wakes the calling thread as drawn from a seed, in builds with harness/disturbance.hpp.
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

namespace detail {

/// A channel of messages that are counted while they live.
template <class Subject>
auto make_tracked(const Subject& channel, std::optional<std::size_t> capacity) {
  if constexpr (requires { channel.make(capacity); })
    return channel.make(capacity);
  else
    return channel.template make<tracked_message>(capacity);
}

}  // namespace detail

/// The result of one execution.
struct execution {
  history events;
  std::optional<std::size_t> capacity;  ///< as the channel reports it
  bool livelock = false;                ///< a thread neither finished nor slept: it still spins, and uses a processor
};

/// Runs scenarios on one channel, one execution each.
///
/// \tparam Subject  a subject with tracked_message among its messages, or broadcast_subject; it must outlive the
/// engine.
///
/// An execution ends at quiescence: every thread has finished, or sleeps and no thread is left to wake it. Then the
/// closer drops every handle except those in use by a sleeping thread, and waits for quiescence once more. Threads that
/// sleep for ever are abandoned with all that they hold. No timeout is part of the verdict, except for livelock: the
/// channel's blocked operations must sleep.
template <class Subject>
class thread_engine {
public:
  /// \param livelock_timeout  without progress for so long, although some thread is awake, it is a livelock.
  thread_engine(const Subject& channel, std::chrono::milliseconds livelock_timeout)
      : channel_(channel), livelock_timeout_(livelock_timeout) {
    when_sent = [](std::size_t messages) {
      if (sent_by_this_thread)
        sent_by_this_thread->fetch_add(static_cast<unsigned>(messages), std::memory_order::relaxed);
    };
  }

  execution execute(const scenario& p, std::uint64_t seed) {
    auto now = std::make_shared<run_state>(channel_, p, seed);
    std::vector<thread_pool::job> jobs;
    for (std::size_t t = 0; t < p.threads.size(); ++t) {
      jobs.push_back([now, t] { now->run_thread(t); });
    }
    pool_.start(std::move(jobs));

    execution result;
    result.capacity = now->capacity;
    if (await_quiescence(*now)) {
      record_quiescence(*now);
      close_handles(*now);
      result.livelock = !await_quiescence(*now);
      if (!result.livelock) record_quiescence(*now);
    } else {
      // Which handles are in use cannot be known, so none is closed.
      result.livelock = true;
    }
    for (std::size_t t = 0; t < p.threads.size(); ++t) {
      thread_state& mine = now->threads[t];
      if (pool_.done(t)) {
        result.events.insert(result.events.end(), mine.events.begin(), mine.events.end());
        continue;
      }
      // Only events before this operation are read: the thread no longer writes them.
      pool_.abandon(t);
      const std::uint32_t step = mine.step.load(std::memory_order::acquire);
      if (step == 0) continue;
      const std::size_t recorded = mine.recorded.load(std::memory_order::relaxed);
      for (std::size_t i = 0; i < recorded; ++i) result.events.push_back(mine.events[i]);
      push_pending(result.events, {.called = mine.since.load(std::memory_order::relaxed),
                                   .index = step - 1,
                                   .thread = static_cast<std::uint16_t>(t),
                                   .kind = mine.kind.load(std::memory_order::relaxed)});
    }
    were_asleep(result.events, now->sleepers);
    result.events.insert(result.events.end(), now->closer_events.begin(), now->closer_events.end());
    return result;
  }

private:
  using handles = decltype(detail::make_tracked(std::declval<const Subject&>(), {}));
  using sender = typename handles::first_type;
  using receiver = typename handles::second_type;
  static constexpr bool is_broadcast = requires(const sender& tx) { tx.subscribe(); };

  struct make_message {
    live_count* live;
    typename receiver::value_type operator()(int value) const noexcept { return {value, *live}; }
  };
  using operations =
      std::conditional_t<is_broadcast, broadcast_operations<sender, receiver, make_message, std::stop_source>,
                         queue_operations<sender, receiver, make_message, std::stop_source>>;
  using interpreter = thread_interpreter<operations>;

  /// Where the calling thread counts what its operation has sent: of a batch, a part.
  inline static thread_local std::atomic<unsigned>* sent_by_this_thread = nullptr;

  /// What the threads of an execution share. An atomic counter is its clock: an operation reads it when it is called
  /// and advances it when it returns, so that operations which it orders did not overlap. That costs one contended
  /// read-modify-write per operation.
  struct shared_state {
    live_count live;
    alignas(64) std::atomic<instant> clock{0};
    std::atomic<bool> closing{false};
    std::stop_source stop;
    std::stop_source end_of_watches;
  };

  struct thread_state {
    shared_state& shared;
    std::size_t thread;
    const scenario::thread& list;
    interpreter interpret;
    history events;
    // The operation that it is in or was in last: 1 + its index, the time of its call, its kind, the number of events
    // before it, and of a batch, the number of messages sent.
    std::atomic<std::uint32_t> step{0};
    std::atomic<instant> since{0};
    std::atomic<op_kind> kind{};
    std::atomic<std::size_t> recorded{0};
    std::atomic<unsigned> sent{0};

    void about_to(op_kind) noexcept { platform::disturb(); }
    instant called(op_kind k, std::size_t index) noexcept {
      const instant now = shared.clock.load(std::memory_order::acquire);
      since.store(now, std::memory_order::relaxed);
      kind.store(k, std::memory_order::relaxed);
      recorded.store(events.size(), std::memory_order::relaxed);
      sent.store(0, std::memory_order::relaxed);
      step.store(static_cast<std::uint32_t>(index + 1), std::memory_order::release);
      return now;
    }
    instant returned() noexcept { return shared.clock.fetch_add(1, std::memory_order::acq_rel); }
    bool closed() const noexcept { return shared.closing.load(std::memory_order::acquire); }
  };

  /// The observer of the closer's operations.
  struct closer {
    shared_state& shared;

    void about_to(op_kind) const noexcept {}
    instant called(op_kind, std::size_t) const noexcept { return shared.clock.load(std::memory_order::acquire); }
    instant returned() const noexcept { return shared.clock.fetch_add(1, std::memory_order::acq_rel); }
    bool closed() const noexcept { return false; }
  };

  struct run_state {
    scenario p;
    std::uint64_t seed;
    std::optional<std::size_t> capacity;
    shared_state shared;
    std::deque<thread_state> threads;
    history closer_events;
    raw_vector<sleeper> sleepers;
    std::vector<std::optional<op_kind>> asleep_in;

    run_state(const Subject& channel, const scenario& of, std::uint64_t s)
        : p(of), seed(s), asleep_in(of.threads.size()) {
      constexpr std::array near{0, 1'000, 20'000, 200'000};
      const std::chrono::nanoseconds soon(near[seed / 8 % near.size()]);
      // Some of these are more milliseconds than 31 or 32 bits hold.
      const auto far = std::chrono::hours(24) * (20 + seed / 32 % 1000);
      auto [tx, rx] = detail::make_tracked(channel, p.capacity);
      capacity = tx.capacity();
      for (std::size_t t = 0; t < p.threads.size(); ++t) {
        const auto& list = p.threads[t];
        thread_state& mine = threads.emplace_back(
            shared, t, list,
            interpreter(t, operations({soon, far, make_message{&shared.live}, shared.stop, shared.end_of_watches})));
        mine.events.reserve((largest_batch + 1) * list.size() + 2);
        if (uses_sender(list)) mine.interpret.give(tx.clone());
        if (!uses_receiver(list)) continue;
        if constexpr (is_broadcast)
          mine.interpret.give(tx.subscribe());
        else
          mine.interpret.give(rx.clone());
      }
    }

    void run_thread(std::size_t thread) {
      thread_state& mine = threads[thread];
      sent_by_this_thread = &mine.sent;
      disturb_by(seed * 64 + thread);
      // On one processor, threads interleave only where one of them is preempted.
      const bool one_processor = seed % 8 == 7;
      if (one_processor) kernel::stay_on(0);
      mine.interpret.run(mine.list, mine.events, mine);
      if (one_processor) kernel::stay_on(std::nullopt);
      leave_undisturbed();
    }
  };

  bool finished(const run_state& now) const {
    for (std::size_t t = 0; t < now.threads.size(); ++t) {
      if (!pool_.done(t)) return false;
    }
    return true;
  }

  /// Waits until every thread has finished or sleeps for ever. \returns  false on livelock.
  bool await_quiescence(const run_state& now) const {
    // A stalled machine advances neither those threads nor this one, so elapsed time alone proves nothing.
    constexpr unsigned least_polls = 500;
    std::optional<stall_clock> still;
    instant clock = now.shared.clock.load(std::memory_order::relaxed);
    for (unsigned turns = 0, polls = 0;; ++turns) {
      if (finished(now)) return true;
      if (turns < 50) {
        std::this_thread::yield();
        continue;
      }
      if (asleep_for_good(now)) return true;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      const instant later = now.shared.clock.load(std::memory_order::relaxed);
      ++polls;
      if (later != clock) {
        still.reset();
        polls = 0;
      }
      clock = later;
      if (polls < least_polls) continue;
      if (!still) still.emplace();
      if (still->now() > livelock_timeout_) return false;
    }
  }

  bool asleep_for_good(const run_state& now) const {
    const bool own_threads = channel_.traits().own_threads;
    std::vector<kernel::blocked_thread> blocked;
    const auto steps = steps_of(now);
    for (std::size_t t = 0; t < now.threads.size(); ++t) {
      if (pool_.done(t)) continue;
      if (steps[t] == 0 || !kernel::asleep(pool_.id(t))) return false;
      const op_kind kind = now.threads[t].kind.load(std::memory_order::relaxed);
      // Another thread of the process may keep its deadline.
      if (own_threads && timed(kind) && !has_far_deadline(kind)) return false;
      blocked.push_back({pool_.id(t), has_far_deadline(kind)});
    }
    // A thread that has advanced since may be in an operation of another kind.
    return !blocked.empty() && kernel::all_asleep_for_good(blocked, own_threads) && steps_of(now) == steps;
  }

  static std::vector<std::uint32_t> steps_of(const run_state& now) {
    std::vector<std::uint32_t> steps;
    for (const thread_state& mine : now.threads) steps.push_back(mine.step.load(std::memory_order::acquire));
    return steps;
  }

  /// Records which threads sleep, and in which operation.
  void record_quiescence(run_state& now) {
    // One reading for what a sleeping batch has sent before, and the next for the quiescence.
    event e = quiescence_event(now.threads.size(), now.shared.clock.fetch_add(2) + 1, now.shared.live.get());
    for (std::size_t t = 0; t < now.threads.size(); ++t) {
      now.asleep_in[t].reset();
      if (pool_.done(t)) continue;
      const thread_state& mine = now.threads[t];
      now.asleep_in[t] = mine.kind.load(std::memory_order::relaxed);
      const unsigned sent = mine.sent.load(std::memory_order::relaxed);
      count_sleeper(e, t, *now.asleep_in[t], sent);
      now.sleepers.push_back({t, mine.since.load(std::memory_order::relaxed), e.returned + 1, sent});
    }
    now.closer_events.push_back(e);
  }

  void close_handles(run_state& now) {
    now.shared.closing.store(true, std::memory_order::release);
    closer self{now.shared};
    for (std::size_t t = 0; t < now.threads.size(); ++t) {
      now.threads[t].interpret.close(now.asleep_in[t], now.threads.size(), now.closer_events, self);
    }
    now.shared.end_of_watches.request_stop();
  }

  const Subject& channel_;
  std::chrono::milliseconds livelock_timeout_;
  thread_pool pool_;
};

}  // namespace sluice::harness
