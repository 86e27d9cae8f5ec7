#pragma once

#include <models/relacy.hpp>
#include <models/step_log.hpp>

#include <sluice/detail/abi.hpp>

/// The steps of modelled threads: their kinds, and what strategies and recorders are told of them.
namespace sluice::inline SLUICE_ABI::platform {

using location = std::source_location;

namespace model {

inline rl::debug_info at(const location& where) {
  return {where.function_name(), where.file_name(), static_cast<unsigned>(where.line())};
}

inline rl::memory_order order(std::memory_order o) {
  switch (o) {
    case std::memory_order::relaxed: return rl::mo_relaxed;
    case std::memory_order::consume:
    case std::memory_order::acquire: return rl::mo_acquire;
    case std::memory_order::release: return rl::mo_release;
    case std::memory_order::acq_rel: return rl::mo_acq_rel;
    default: return rl::mo_seq_cst;
  }
}

/// The kind of a step.
enum class access : std::uint8_t { read, write, sleep, wake, woken, fence, update };

constexpr bool loads(access a) noexcept { return a == access::read || a == access::update; }
constexpr bool stores(access a) noexcept { return a == access::write || a == access::update; }

/// Observes every step of the running execution.
class step_observer {
public:
  virtual ~step_observer() = default;
  /// \param older  how many stores a load went back.
  virtual void did(access what, const void* object, unsigned older, const location& where) = 0;
  /// The strategy chose one of several alternatives for the running thread.
  virtual void chose(unsigned taken) = 0;
  virtual void began(std::size_t thread) = 0;
  virtual void ended(std::size_t thread) = 0;
};

inline step_observer* observing = nullptr;

/// How many stores behind the newest the running load's value is.
inline unsigned stores_back = 0;

/// Counts what shows that the process advances, for the watchdog.
inline std::atomic<std::uint64_t> steps{0};
inline void advance() noexcept { steps.store(steps.load(std::memory_order::relaxed) + 1, std::memory_order::relaxed); }

/// Whether the threads of the model run, rather than its set-up or tear-down.
inline bool playing = false;

/// Whether the running thread has made a visible step since it was last scheduled.
inline bool stepped = false;

/// Whether it has changed anything since.
inline bool changed = false;

/// Whether its last load returned a stale value.
inline bool read_old = false;

inline void did(access what, const void* object, const location& where) {
  const unsigned older = std::exchange(stores_back, 0);
  advance();
  if (!playing) return;
  stepped = true;
  changed |= stores(what) || what == access::wake || what == access::fence;
  if (what == access::read) read_old = older != 0;
  if (observing) observing->did(what, object, older, where);
}

/// The running thread is about to make a step.
inline void about_to(access what, const void* object, const location& where) {
  if (!playing) return;
  models::steps_of_threads.about_to(
      static_cast<std::size_t>(rl::ctx().threadx_->index_), object, what != access::read,
      reinterpret_cast<std::uintptr_t>(where.file_name()) * 31 + where.line() * 1024 + where.column());
}

/// The running thread is about to make a step that Relacy does not begin with a scheduling point.
inline void schedule_before(access what, const void* object, const location& where) {
  about_to(what, object, where);
  rl::ctx().sched();
}

/// A thread of a scenario has begun or ended an operation.
inline void began(std::size_t thread) {
  if (observing) observing->began(thread);
}
inline void ended(std::size_t thread) {
  if (observing) observing->ended(thread);
}

/// Whether the running thread yields.
inline bool yields = false;

/// The model's clock: it advances only when a wait times out, to the wait's deadline.
inline std::chrono::steady_clock::time_point time{};

/// Whether what rarely happens does: a weak compare-and-swap fails although the value is the expected one, or a thread
/// that is woken runs only after its deadline.
inline bool misfortune() { return rl::ctx().rand(4, rl::sched_type_cas_fail) == 0; }

}  // namespace model

}  // namespace sluice::inline SLUICE_ABI::platform
