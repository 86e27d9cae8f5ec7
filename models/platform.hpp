#pragma once

#include <models/mutants.hpp>
#include <models/platform/atomic.hpp>
#include <models/platform/cell.hpp>
#include <models/platform/fences.hpp>
#include <models/platform/lifetime.hpp>
#include <models/platform/locks.hpp>
#include <models/platform/observed_steps.hpp>
#include <models/platform/sleepers.hpp>

/// sluice/platform.hpp under Relacy: the same names, with every access seen by the model checker.
namespace sluice::inline SLUICE_ABI::platform {

namespace model {

/// Resets the state at the start of an execution.
inline void begin() {
  time = {};
  fibers.fill(nullptr);
  fenced = false;
  asleep.clear();
}

}  // namespace model

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

inline constexpr time_point no_deadline = (time_point::max)();

inline time_point now(location where = location::current()) {
  model::schedule_before(model::access::read, &model::time, where);
  model::did(model::access::read, &model::time, where);
  return model::time;
}

// Not over-aligned: Relacy does not track such allocations.
inline constexpr std::size_t cache_line = alignof(std::max_align_t);
inline constexpr std::size_t block_slots = 2;
inline constexpr std::size_t laps_before_wrap = 1;
inline constexpr std::size_t most_bypasses = 1;
inline constexpr bool spinning_helps = false;
inline constexpr bool modelled = true;

inline void pause() noexcept {}
inline unsigned pauses_per_microsecond() noexcept { return 1; }

struct wake_up_time {
  static constexpr std::chrono::nanoseconds get() noexcept { return std::chrono::nanoseconds(1); }
};

/// Lets another thread run. Relacy's own yield would keep later loads from returning what this thread has seen before.
inline void yield() {
  model::yields = true;
  model::schedule_before(model::access::read, nullptr, location::current());
  model::yields = false;
}

inline void nap() { yield(); }

/// Only spinning reads it, and models do not spin.
class shared_hint {
public:
  std::uint8_t get() const noexcept { return 0; }
  void set(unsigned) noexcept {}
};

inline void prefetch_for_write(const void*) noexcept {}
inline void prefault(const void*, std::size_t) noexcept {}

inline std::uint32_t random(std::uint32_t limit) { return limit < 2 ? 0 : rl::ctx().rand(limit, rl::sched_type_user); }

using futex_word = atomic<std::uint32_t>;

inline void park(const futex_word& word, std::uint32_t expected, time_point until,
                 location where = location::current()) {
  model::schedule_before(model::access::sleep, &word, where);
  const bool blind = models::mutation_sites.mutated(models::role::sleep, where);
  if (blind || word.newest() == expected) model::asleep.sleep(&word, until, where);
}

inline void unpark(const futex_word* word, location where = location::current()) {
  model::schedule_before(model::access::wake, word, where);
  model::wake_one(word, where);
}

inline bool recheck(bool found, location where = location::current()) {
  return found && !models::mutation_sites.mutated(models::role::recheck, where);
}

}  // namespace sluice::inline SLUICE_ABI::platform
