#pragma once

#include <models/platform.hpp>
#include <models/schedule.hpp>
#include <models/step_log.hpp>
#include <models/strategy.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::models {

inline constexpr rl::thread_id_t no_closer = -1;

/// What runs at the borders of executions and threads, for channels that need more than fibers.
class environment {
public:
  virtual ~environment() = default;
  /// An execution begins.
  virtual void begin() = 0;
  /// From here on this thread runs.
  virtual void enter(std::size_t thread) = 0;
  /// From here on the set-up or the tear-down runs.
  virtual void enter_none() = 0;
  /// The running thread ends.
  virtual void end_thread() = 0;
  /// The channel is destroyed.
  virtual void end() = 0;
  /// From here on no thread of a model runs.
  virtual void leave() = 0;
};

/// The state that the scheduler shares with the exploration.
struct search {
  strategy* how = nullptr;
  rl::thread_id_t closer = no_closer;  ///< a thread whose sleep ends only when no other can run
  schedule taken{};                    ///< the choices of the running execution
  environment* around = nullptr;
};

inline search current_search;

/// While it lives, the set-up or the tear-down of a model runs, in the fiber of one of its threads.
struct between_threads {
  between_threads() {
    if (current_search.around) current_search.around->enter_none();
  }
  between_threads(const between_threads&) = delete;
  between_threads& operator=(const between_threads&) = delete;
  ~between_threads() {
    if (current_search.around) current_search.around->enter(static_cast<std::size_t>(rl::thread_index()));
  }
};

/// The last member to be destroyed of what an execution uses.
struct end_of_execution {
  end_of_execution() = default;
  end_of_execution(const end_of_execution&) = delete;
  end_of_execution& operator=(const end_of_execution&) = delete;
  ~end_of_execution() {
    if (current_search.around) current_search.around->end();
  }
};

/// The running thread of a model has done its last step.
inline void end_thread() {
  if (current_search.around) current_search.around->end_thread();
}

/// While it lives, allocations are the harness's own and not attributed to the channel.
class own_memory {
public:
  own_memory() noexcept : context_(std::exchange(rl::context_holder<>::instance_, nullptr)) {}
  ~own_memory() { rl::context_holder<>::instance_ = context_; }
  own_memory(const own_memory&) = delete;
  own_memory& operator=(const own_memory&) = delete;

private:
  rl::context* context_;
};

/// A thread's exceptions in flight, as laid out by the Itanium C++ ABI. To the runtime all fibers are one thread, so
/// they are saved when another fiber is scheduled.
struct thrown {
  void* caught = nullptr;
  unsigned uncaught = 0;

  static thrown& running() noexcept { return *reinterpret_cast<thrown*>(abi::__cxa_get_globals()); }
};

/// Relacy's scheduler interface: delegates every choice to a strategy.
template <rl::thread_id_t Threads>
class scheduler : public rl::scheduler<scheduler<Threads>, rl::scheduler_thread_info, Threads> {
  using base = rl::scheduler<scheduler<Threads>, rl::scheduler_thread_info, Threads>;

public:
  using thread_info_t = typename base::thread_info_t;
  using shared_context_t = typename base::shared_context_t;
  struct task_t {};

  using base::base;

  rl::thread_id_t iteration_begin_impl() {
    current_search.taken.clear();
    platform::model::playing = false;
    platform::model::stepped = false;
    platform::model::changed = false;
    steps_of_threads.begin();
    yielded_ = 0;
    {
      const own_memory ours;
      current_search.how->begin();
    }
    thrown_.fill({});
    running_ = {};
    last_run_.fill(0);
    switches_ = 0;
    if (current_search.around) current_search.around->begin();
    rl::unpark_reason reason = rl::unpark_reason_normal;
    // The closer goes to sleep at once, which affects no other thread.
    const rl::thread_id_t first = current_search.closer != no_closer ? current_search.closer : choose(reason);
    if (current_search.around) current_search.around->enter(static_cast<std::size_t>(first));
    return first;
  }

  bool iteration_end_impl() {
    if (current_search.around) current_search.around->leave();
    const own_memory ours;
    return !current_search.how->more();
  }

  rl::thread_id_t schedule_impl(rl::unpark_reason& reason, unsigned) {
    const rl::thread_id_t next = choose(reason);
    if (next == this->thread_->index_) return next;
    if (current_search.around) {
      last_run_[static_cast<std::size_t>(this->thread_->index_)] = ++switches_;
      current_search.around->enter(static_cast<std::size_t>(next));
      return next;
    }
    thrown_[static_cast<std::size_t>(this->thread_->index_)] = running_;
    running_ = thrown_[static_cast<std::size_t>(next)];
    return next;
  }

  unsigned rand_impl(unsigned limit, rl::sched_type about) {
    strategy& how = *current_search.how;
    switch (about) {
      case rl::sched_type_atomic_load: {
        const unsigned older = record(how.pick(choice_kind::staleness, 2), 2);
        platform::model::stores_back += older;
        return older;
      }
      // Relacy takes 0 for a failure.
      case rl::sched_type_cas_fail: return notify(record(how.pick(choice_kind::failure, 2), 2)) == 0;
      // Relacy takes 0 for no reuse.
      case rl::sched_type_mem_realloc: return record(how.pick(choice_kind::reuse, 2), 2) == 0;
      default: return limit < 2 ? 0 : notify(record(how.pick(choice_kind::peer, limit), limit));
    }
  }

  rl::iteration_t iteration_count_impl() { return 1; }
  void get_state_impl(std::ostream&) {}
  void set_state_impl(std::istream&) {}
  void on_thread_block(rl::thread_id_t, bool) {}

private:
  static_assert(Threads <= static_cast<rl::thread_id_t>(scheduling_point::most));

  rl::thread_id_t choose(rl::unpark_reason& reason) {
    const bool yields = std::exchange(platform::model::yields, false);
    // No visible step since the last scheduling point: preempting here would be redundant.
    if (!std::exchange(platform::model::stepped, false) && !yields && runs()) return this->thread_->index_;
    const scheduling_point t = next_point(yields);
    if (t.count() == 0) {
      reason = rl::unpark_reason_timeout;
      return wake(static_cast<rl::thread_id_t>(current_search.closer));
    }
    const unsigned taken = record(t.count() < 2 ? 0 : current_search.how->next(t), t.count());
    const rl::thread_id_t id = t.threads[taken];
    if (taken < t.runnable) {
      reason = rl::unpark_reason_normal;
      return id;
    }
    reason = taken < t.runnable + t.expiring ? rl::unpark_reason_timeout : rl::unpark_reason_spurious;
    return wake(id);
  }

  bool runs() const noexcept { return this->thread_ && this->thread_->state_ == rl::thread_state_running; }

  scheduling_point next_point(bool yields) {
    scheduling_point t;
    unsigned count = 0;
    const auto add = [&](rl::thread_id_t id) { t.threads[count++] = static_cast<std::uint8_t>(id); };
    // A thread that yields is not offered until something has changed; otherwise two spinning threads would run for
    // ever (Musuvathi, Qadeer, Fair Stateless Model Checking, 2008). One that has read a stale value may read again.
    if (std::exchange(platform::model::changed, false)) yielded_ = 0;
    if (yields && runs() && !std::exchange(platform::model::read_old, false)) yielded_ |= 1u << this->thread_->index_;
    unsigned able = 0;
    for (rl::thread_id_t id = 0; id < Threads; ++id) {
      if (this->threads_[id].state_ == rl::thread_state_running) able |= 1u << id;
    }
    if ((able & ~yielded_) == 0) yielded_ = 0;
    unsigned offered = able & ~yielded_;
    t.yielded = yielded_;
    t.yields = yields && runs();
    t.continues = !yields && runs() && (offered >> this->thread_->index_ & 1u) != 0;
    if (t.continues) {
      add(this->thread_->index_);
      offered &= ~(1u << this->thread_->index_);
    }
    for (; offered != 0; offered &= offered - 1) add(static_cast<rl::thread_id_t>(std::countr_zero(offered)));
    // Where threads wait in loops, none must be passed over for ever.
    if (current_search.around && yields) {
      std::sort(t.threads.begin(), t.threads.begin() + count,
                [&](auto a, auto b) { return last_run_[a] < last_run_[b]; });
    }
    t.runnable = count;
    for (rl::thread_id_t i = 0; i < this->timed_thread_count_; ++i) {
      if (const auto id = this->timed_threads_[i]->index_; id != current_search.closer) add(id);
    }
    t.expiring = count - t.runnable;
    for (rl::thread_id_t i = 0; t.runnable != 0 && i < this->spurious_thread_count_; ++i) {
      add(this->spurious_threads_[i]->index_);
    }
    t.spurious = count - t.runnable - t.expiring;
    return t;
  }

  static unsigned record(unsigned taken, unsigned of) {
    if (of > 1) current_search.taken.push_back({static_cast<std::uint16_t>(taken), static_cast<std::uint16_t>(of)});
    return taken;
  }

  static unsigned notify(unsigned taken) {
    if (platform::model::observing && platform::model::playing) platform::model::observing->chose(taken);
    return taken;
  }

  rl::thread_id_t wake(rl::thread_id_t id) {
    this->unpark_thread(id);
    return id;
  }

  unsigned yielded_ = 0;  ///< threads that have yielded and have seen no change since
  std::array<std::uint64_t, static_cast<std::size_t>(Threads)> last_run_{};  ///< when a thread last stopped running
  std::uint64_t switches_ = 0;
  std::array<thrown, static_cast<std::size_t>(Threads)> thrown_{};
  thrown& running_ = thrown::running();  ///< of the one real thread
};

}  // namespace sluice::models
