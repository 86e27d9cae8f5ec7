#pragma once

#include <sluice/platform.hpp>

#include <algorithm>
#include <cstdint>

namespace sluice::inline SLUICE_ABI::detail {

/// Exponential backoff for spinning on a peer that is between two of its own steps: pauses, then yields, then naps.
///
/// After crossbeam-utils' Backoff (https://docs.rs/crossbeam-utils). Once a running peer would have finished, it yields
/// the processor, since the peer may have been descheduled. A real-time thread that yields still keeps peers of lower
/// priority from its processor, hence the naps.
class backoff {
public:
  /// Waits a little longer each time. For loops that cannot go on until a peer has moved.
  void snooze() {
    if constexpr (!platform::spinning_helps) return platform::yield();
    if (step_ <= spin_steps) {
      pause_for_step();
    } else if (step_ <= nap_steps) {
      platform::yield();
    } else {
      platform::nap();
    }
    if (step_ <= nap_steps) ++step_;
  }

  /// After a lost race for a word that another thread has already moved on.
  void spin() {
    if constexpr (!platform::spinning_helps) return snooze();
    pause_for_step();
    if (step_ < spin_steps) ++step_;
  }

  /// Before another try to meet a peer that retries as this thread does: a random wait, so that they do not go on
  /// missing each other in lockstep.
  void desynchronize() {
    if constexpr (!platform::spinning_helps) return;
    for (std::uint32_t left = platform::random(2 * pauses()); left != 0; --left) platform::pause();
    if (step_ < spin_steps) ++step_;
  }

  /// Whether parking is now cheaper than spinning on.
  bool spent() const noexcept { return !platform::spinning_helps || step_ > yield_steps; }

private:
  /// Of one step: twice as many as of the one before, up to a bound.
  std::uint32_t pauses() const noexcept { return 1u << (std::min)(step_, spin_steps); }

  void pause_for_step() const noexcept {
    for (std::uint32_t left = pauses(); left != 0; --left) platform::pause();
  }

  static constexpr unsigned spin_steps = 6;
  static constexpr unsigned yield_steps = 9;
  static constexpr unsigned nap_steps = 64;
  unsigned step_ = 0;
};

}  // namespace sluice::inline SLUICE_ABI::detail
