#pragma once

#include <models/choices.hpp>
#include <models/platform.hpp>

#include <cxxabi.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::models {

inline constexpr rl::thread_id_t no_closer = -1;

/// What the scheduler of the running model reads and reports.
struct search {
  strategy* how = nullptr;
  rl::thread_id_t closer = no_closer;  ///< whose sleep ends only when nobody else can do anything
  schedule taken{};                    ///< the choices of the running execution
};

inline search current_search;

/// While it lives, what is allocated is the harness's own, and not taken for the channel's.
class own_memory {
public:
  own_memory() noexcept : context_(std::exchange(rl::context_holder<>::instance_, nullptr)) {}
  ~own_memory() { rl::context_holder<>::instance_ = context_; }
  own_memory(const own_memory&) = delete;
  own_memory& operator=(const own_memory&) = delete;

private:
  rl::context* context_;
};

/// What a thread has thrown and not handled yet, as the Itanium C++ ABI lays it out. To the runtime all fibers are one
/// thread, so it is put away when another has its turn.
struct thrown {
  void* caught = nullptr;
  unsigned uncaught = 0;

  static thrown& running() noexcept { return *reinterpret_cast<thrown*>(abi::__cxa_get_globals()); }
};

/// Relacy's scheduler interface, with a strategy behind every choice.
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
    waiting_ = 0;
    {
      const own_memory ours;
      current_search.how->begin();
    }
    thrown_.fill({});
    running_ = {};
    // It only lies down, which is no business of the others.
    if (current_search.closer != no_closer) return current_search.closer;
    rl::unpark_reason reason = rl::unpark_reason_normal;
    return chosen(reason);
  }

  bool iteration_end_impl() {
    const own_memory ours;
    return !current_search.how->more();
  }

  rl::thread_id_t schedule_impl(rl::unpark_reason& reason, unsigned) {
    const rl::thread_id_t next = chosen(reason);
    if (next == this->thread_->index_) return next;
    thrown_[static_cast<std::size_t>(this->thread_->index_)] = running_;
    running_ = thrown_[static_cast<std::size_t>(next)];
    return next;
  }

  unsigned rand_impl(unsigned limit, rl::sched_type about) {
    strategy& how = *current_search.how;
    switch (about) {
      case rl::sched_type_atomic_load: {
        const unsigned older = noted(how.pick(matter::staleness, 2), 2);
        platform::model::stores_back += older;
        return older;
      }
      // To Relacy, 0 means that it fails.
      case rl::sched_type_cas_fail: return told(noted(how.pick(matter::failure, 2), 2)) == 0;
      // To Relacy, 0 means that it is kept from reuse.
      case rl::sched_type_mem_realloc: return noted(how.pick(matter::reuse, 2), 2) == 0;
      default: return limit < 2 ? 0 : told(noted(how.pick(matter::peer, limit), limit));
    }
  }

  rl::iteration_t iteration_count_impl() { return 1; }
  void get_state_impl(std::ostream&) {}
  void set_state_impl(std::istream&) {}
  void on_thread_block(rl::thread_id_t, bool) {}

private:
  static_assert(Threads <= static_cast<rl::thread_id_t>(turn::most));

  rl::thread_id_t chosen(rl::unpark_reason& reason) {
    const bool yields = std::exchange(platform::model::gives_way, false);
    // What others could do now they could have done before.
    if (!std::exchange(platform::model::stepped, false) && !yields && runs()) return this->thread_->index_;
    const turn t = what_can_happen(yields);
    if (t.count() == 0) {
      reason = rl::unpark_reason_timeout;
      return wake(static_cast<rl::thread_id_t>(current_search.closer));
    }
    const unsigned taken = noted(t.count() < 2 ? 0 : current_search.how->next(t), t.count());
    const rl::thread_id_t id = t.threads[taken];
    if (taken < t.running) {
      reason = rl::unpark_reason_normal;
      return id;
    }
    reason = taken < t.running + t.expiring ? rl::unpark_reason_timeout : rl::unpark_reason_spurious;
    return wake(id);
  }

  bool runs() const noexcept { return this->thread_ && this->thread_->state_ == rl::thread_state_running; }

  turn what_can_happen(bool yields) {
    turn t;
    unsigned count = 0;
    const auto add = [&](rl::thread_id_t id) { t.threads[count++] = static_cast<std::uint8_t>(id); };
    // Who gives way gives way until something has changed, or two who wait for a third would run for ever (Musuvathi,
    // Qadeer 2008). Who has read an old value need not wait for another change.
    if (std::exchange(platform::model::changed, false)) waiting_ = 0;
    if (yields && runs() && !std::exchange(platform::model::read_old, false)) waiting_ |= 1u << this->thread_->index_;
    unsigned able = 0;
    for (rl::thread_id_t id = 0; id < Threads; ++id) {
      if (this->threads_[id].state_ == rl::thread_state_running) able |= 1u << id;
    }
    if ((able & ~waiting_) == 0) waiting_ = 0;
    unsigned offered = able & ~waiting_;
    t.waiting = waiting_;
    t.yields = yields && runs();
    t.goes_on = !yields && runs() && (offered >> this->thread_->index_ & 1u) != 0;
    if (t.goes_on) {
      add(this->thread_->index_);
      offered &= ~(1u << this->thread_->index_);
    }
    for (; offered != 0; offered &= offered - 1) add(static_cast<rl::thread_id_t>(std::countr_zero(offered)));
    t.running = count;
    for (rl::thread_id_t i = 0; i < this->timed_thread_count_; ++i) {
      if (const auto id = this->timed_threads_[i]->index_; id != current_search.closer) add(id);
    }
    t.expiring = count - t.running;
    for (rl::thread_id_t i = 0; t.running != 0 && i < this->spurious_thread_count_; ++i) {
      add(this->spurious_threads_[i]->index_);
    }
    t.spurious = count - t.running - t.expiring;
    return t;
  }

  static unsigned noted(unsigned taken, unsigned of) {
    if (of > 1) current_search.taken.push_back({static_cast<std::uint16_t>(taken), static_cast<std::uint16_t>(of)});
    return taken;
  }

  static unsigned told(unsigned taken) {
    if (platform::model::watching && platform::model::playing) platform::model::watching->chose(taken);
    return taken;
  }

  rl::thread_id_t wake(rl::thread_id_t id) {
    this->unpark_thread(id);
    return id;
  }

  unsigned waiting_ = 0;  ///< who has given way and has seen no change since
  std::array<thrown, static_cast<std::size_t>(Threads)> thrown_{};
  thrown& running_ = thrown::running();  ///< of the one real thread
};

}  // namespace sluice::models
