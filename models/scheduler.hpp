#pragma once

#include <models/platform.hpp>

#include <harness/draws.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

/// How models are searched: which thread runs next, which stale value a load returns, when a wait ends for no reason.
namespace sluice::models {

inline constexpr rl::thread_id_t no_closer = -1;

/// What the scheduler of the running model reads and reports.
struct search {
  std::uint64_t first_seed = 1;  ///< execution n (from 0) has the seed first_seed + n
  std::uint64_t executions = 1;
  rl::thread_id_t closer = no_closer;  ///< whose timed sleeps end only when nobody else can do anything
};

inline search current_search;

/// Relacy's scheduler interface on one stream of draws.
///
/// Half of the executions pick threads uniformly; the other half follow PCT (Burckhardt et al. 2010): random
/// priorities, lowered at a few random steps, which finds bugs of few orderings faster. In half of either, timed waits
/// expire at any step; in the rest only when nothing else can run, so that a deadline cannot hide a lost wake-up.
template <rl::thread_id_t Threads>
class scheduler : public rl::scheduler<scheduler<Threads>, rl::scheduler_thread_info, Threads> {
  using base = rl::scheduler<scheduler<Threads>, rl::scheduler_thread_info, Threads>;

public:
  using thread_info_t = typename base::thread_info_t;
  using shared_context_t = typename base::shared_context_t;
  struct task_t {};

  using base::base;

  rl::thread_id_t iteration_begin_impl() {
    draw_ = harness::draws(current_search.first_seed + this->iter_ - 1);
    by_priority_ = draw_(2) != 0;
    expire_any_time_ = draw_(2) != 0;
    step_ = 0;
    lowest_ = -static_cast<int>(changes);
    if (by_priority_) set_priorities();
    rl::unpark_reason reason = rl::unpark_reason_normal;
    return schedule_impl(reason, 0);
  }

  bool iteration_end_impl() { return this->iter_ == current_search.executions; }

  rl::thread_id_t schedule_impl(rl::unpark_reason& reason, unsigned yield) {
    const auto running = static_cast<unsigned>(this->running_threads_count);
    const auto timed = expiring();
    const auto spurious = static_cast<unsigned>(this->spurious_thread_count_);
    if (timed != 0 && (running == 0 || (expire_any_time_ && draw_(8) == 0))) {
      reason = rl::unpark_reason_timeout;
      return wake(this->timed_threads_[draw_(timed)]);
    }
    if (running == 0) {
      reason = rl::unpark_reason_timeout;
      return wake(this->timed_threads_[0]);
    }
    if (spurious != 0 && running != 0 && draw_(16) == 0) {
      reason = rl::unpark_reason_spurious;
      return wake(this->spurious_threads_[draw_(spurious)]);
    }
    reason = rl::unpark_reason_normal;
    return by_priority_ ? highest(yield != 0) : this->running_threads[draw_(running)];
  }

  unsigned rand_impl(unsigned limit, rl::sched_type) { return draw_(limit); }
  rl::iteration_t iteration_count_impl() { return current_search.executions; }
  void get_state_impl(std::ostream&) {}
  void set_state_impl(std::istream&) {}
  void on_thread_block(rl::thread_id_t, bool) {}

private:
  static constexpr std::size_t changes = 3;

  /// How many sleeps a deadline may end: the closer's is moved behind them.
  unsigned expiring() {
    const auto timed = static_cast<unsigned>(this->timed_thread_count_);
    for (unsigned i = 0; i < timed; ++i) {
      if (this->timed_threads_[i]->index_ != current_search.closer) continue;
      std::swap(this->timed_threads_[i], this->timed_threads_[timed - 1]);
      return timed - 1;
    }
    return timed;
  }

  rl::thread_id_t wake(thread_info_t* thread) {
    const auto id = thread->index_;
    this->unpark_thread(id);
    return id;
  }

  void set_priorities() {
    for (rl::thread_id_t t = 0; t < Threads; ++t) priority_[static_cast<std::size_t>(t)] = t;
    for (auto i = static_cast<unsigned>(Threads) - 1; i > 0; --i) std::swap(priority_[i], priority_[draw_(i + 1)]);
    // How long an execution is cannot be known before it, so a horizon is drawn, short or long.
    const unsigned horizon = 8u << draw_(6);
    for (auto& at : change_at_) at = draw_(horizon) + 1;
  }

  rl::thread_id_t highest(bool yield) {
    ++step_;
    // Relacy calls a thread that falls asleep yielding, too; that one keeps its priority.
    if (yield && this->thread_->state_ == rl::thread_state_running) lower();
    for (std::size_t i = 0; i < changes; ++i) {
      if (step_ == change_at_[i]) lower();
    }
    rl::thread_id_t best = this->running_threads[0];
    for (rl::thread_id_t i = 1; i < this->running_threads_count; ++i) {
      const auto candidate = this->running_threads[static_cast<std::size_t>(i)];
      if (priority_[static_cast<std::size_t>(candidate)] > priority_[static_cast<std::size_t>(best)]) best = candidate;
    }
    return best;
  }

  void lower() {
    if (this->thread_) priority_[static_cast<std::size_t>(this->thread_->index_)] = --lowest_;
  }

  harness::draws draw_;  ///< behind every choice of an execution, so that its seed is enough to have it again
  bool by_priority_ = false;
  bool expire_any_time_ = false;
  unsigned step_ = 0;
  int lowest_ = 0;
  std::array<int, static_cast<std::size_t>(Threads)> priority_{};
  std::array<unsigned, changes> change_at_{};
};

}  // namespace sluice::models
