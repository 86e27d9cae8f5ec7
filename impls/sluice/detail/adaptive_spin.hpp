#pragma once

#include <sluice/detail/expired.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <chrono>

namespace sluice::inline SLUICE_ABI::detail {

/// Spinning before sleep, for the waiters of one side of a channel.
///
/// First it pauses, for about as long as a peer takes that runs on another processor; then it yields, for about as long
/// as sleep would cost, that is, to register and to be woken: at most twice what the better of the two would have taken
/// (Karlin, Li, Manasse, Owicki 1991). What was in vain, it does ever less often: where threads share a processor it
/// soon yields, and a thread that waits long soon sleeps. Several threads may share one object.
class adaptive_spin {
public:
  /// \param glance   a cheap attempt that may miss what is there.
  /// \param attempt  an exact attempt; the last thing called if neither succeeds.
  /// \returns  whether one of them succeeded; does not spin beyond `until`.
  template <class Glance, class Attempt>
  bool spin_until(platform::time_point until, Glance glance, Attempt attempt) {
    // A model checker explores what the attempt finds; the time before it is nothing to explore.
    if constexpr (!platform::spinning_helps) return attempt();
    if (expired(until)) return attempt();
    return pause_until(glance) || attempt() || yield_until(until, attempt);
  }

  /// As long as a peer takes that is running. \returns  whether a glance succeeded.
  template <class Glance>
  bool pause_until(Glance glance) {
    if constexpr (!platform::spinning_helps) return false;
    const unsigned a_microsecond = platform::pauses_per_microsecond();
    if (pause_for(0, a_microsecond / shortest, glance)) return true;
    const unsigned vain = vain_.get();
    if (vain >= often) {
      const unsigned skip = pause_skip_.get();
      pause_skip_.set(skip != 0 ? skip - 1 : waits_between_probes);
      if (skip != 0) return false;
    }
    const bool found = pause_for(a_microsecond / shortest, longest * a_microsecond, glance);
    if (found && vain != 0) vain_.set(vain - 1);
    return found;
  }

  /// As long as sleep would cost, if that has lately been worth while. \returns  whether an attempt succeeded.
  template <class Attempt>
  bool yield_until(platform::time_point until, Attempt attempt) {
    if constexpr (!platform::spinning_helps) return attempt();
    const platform::time_point start = platform::now();
    platform::yield();
    const platform::time_point yielded = platform::now();
    note_yield(yielded - start);
    if (attempt()) return true;
    const unsigned skips = skips_.get();
    const unsigned skip = skip_.get();
    if (skip != 0) {
      skip_.set(skip - 1);
      return false;
    }
    const platform::time_point enough =
        yielded + platform::wake_up_time::get() + std::chrono::microseconds(registration_.get());
    const platform::time_point end = (std::min)(until, enough);
    do {
      platform::yield();
      if (attempt()) {
        if (skips != 0) skips_.set(skips / 2);
        return true;
      }
    } while (platform::now() < end);
    if (until < enough) return false;  // too short a wait to learn from
    const unsigned more = (std::min)(4 * skips + 3, most_skips);
    skips_.set(more);
    skip_.set(more);
    return false;
  }

  /// Registers a waiter, and learns how long that takes: with a fence that interrupts every processor, longer in some
  /// virtual machines than a wake-up.
  /// \returns  what the function returns.
  template <class Register>
  bool register_by(Register register_waiter) {
    if constexpr (!platform::spinning_helps) return register_waiter();
    const platform::time_point start = platform::now();
    const bool worth_trying = register_waiter();
    const auto took = std::chrono::floor<std::chrono::microseconds>(platform::now() - start).count();
    const unsigned now = static_cast<unsigned>((std::min)(took, most_registration));
    const unsigned before = registration_.get();
    registration_.set((3 * before + now) / 4);
    if (now > 2 * before + 1) skip_.set(0);  // earlier waits yielded for less than they should have
    return worth_trying;
  }

private:
  /// Where a yield takes long, another thread has had the processor, and pausing was in vain.
  void note_yield(platform::clock::duration took) noexcept {
    const unsigned vain = vain_.get();
    if (took > longest_alone) {
      if (vain < 2 * often) vain_.set(vain + 1);
    } else if (vain != 0) {
      vain_.set(vain - 1);
    }
  }

  /// Pauses until so many are done, in rounds that are each as long as all before, with a glance in each and several in
  /// long ones.
  /// \returns  whether a glance succeeded.
  template <class Glance>
  static bool pause_for(unsigned done, unsigned budget, Glance glance) {
    while (done < budget) {
      for (unsigned left = (std::min)(done + 1, budget - done); left != 0; --left, ++done) {
        // Each glance may fetch a line that a peer is about to write.
        if (left % pauses_between_glances == 0 || left == 1) {
          if (glance()) return true;
        }
        platform::pause();
      }
    }
    return false;
  }

  static constexpr unsigned shortest = 6;  ///< parts of a microsecond: as long as a peer takes that is in its operation
  static constexpr unsigned longest = 3;   ///< microseconds: until its next one
  static constexpr unsigned pauses_between_glances = 8;
  static constexpr std::chrono::microseconds longest_alone{1};
  static constexpr unsigned often = 4;
  static constexpr unsigned waits_between_probes = 63;
  static constexpr unsigned most_skips = 63;
  static constexpr std::chrono::microseconds::rep most_registration = 255;  ///< microseconds
  platform::shared_hint vain_;  ///< how often pausing has been in vain of late
  platform::shared_hint pause_skip_;
  platform::shared_hint skips_;
  platform::shared_hint skip_;
  platform::shared_hint registration_;  ///< microseconds that registering takes, on average
};

}  // namespace sluice::inline SLUICE_ABI::detail
