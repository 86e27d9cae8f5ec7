#pragma once

#include <sluice/platform.hpp>

namespace sluice::detail {

/// Exponential backoff for spinning on a peer that is between two of its own steps: pauses, then yields.
///
/// After crossbeam-utils' Backoff (https://docs.rs/crossbeam-utils). Once a running peer would have finished, it yields
/// the processor, since the peer may have been descheduled.
class backoff {
public:
  /// Waits a little longer each time. For loops that cannot go on until a peer has moved.
  void snooze() {
    if (platform::spinning_helps && step_ <= spin_steps) {
      pause_for_step();
    } else {
      platform::yield();
    }
    if (step_ <= yield_steps) ++step_;
  }

  /// After a lost race for a word that another thread has already moved on.
  void spin() {
    if constexpr (!platform::spinning_helps) return snooze();
    pause_for_step();
    if (step_ < spin_steps) ++step_;
  }

  /// Whether parking is now cheaper than spinning on.
  bool spent() const noexcept { return !platform::spinning_helps || step_ > yield_steps; }

private:
  void pause_for_step() const noexcept {
    for (unsigned i = 0; i < (1u << step_); ++i) platform::pause();
  }

  static constexpr unsigned spin_steps = 6;
  static constexpr unsigned yield_steps = 9;
  unsigned step_ = 0;
};

}  // namespace sluice::detail
