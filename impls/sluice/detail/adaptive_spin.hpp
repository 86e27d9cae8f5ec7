#pragma once

#include <sluice/platform.hpp>

#include <algorithm>
#include <chrono>

namespace sluice::inline SLUICE_ABI::detail {

/// Spinning before sleep, for the waiters of one side of a channel.
///
/// Spins for about as long as a sleep and a wake-up take, which costs at most twice what the better of the two would
/// have (Karlin, Li, Manasse, Owicki 1991). Where that was in vain, it spins ever less often, so that a thread which
/// waits long soon sleeps. Several threads may share one object.
class adaptive_spin {
public:
  /// \param glance   a cheap attempt that may miss what is there.
  /// \param attempt  an exact attempt; the last thing called if neither succeeds.
  /// \returns  whether one of them succeeded; does not spin beyond `until`.
  template <class Glance, class Attempt>
  bool spin_until(platform::time_point until, Glance glance, Attempt attempt) {
    // A model checker explores what the attempt finds; the time before it is nothing to explore.
    if constexpr (!platform::spinning_helps) return attempt();
    const bool timed = until != platform::no_deadline;
    if (timed && platform::now() >= until) return attempt();
    if (spin_briefly(glance) || attempt()) return true;
    const unsigned skips = skips_.get();
    const unsigned skip = skip_.get();
    if (skip != 0) {
      skip_.set(skip - 1);
      return false;
    }
    const platform::time_point enough = platform::now() + duration;
    if (yield_until((std::min)(until, enough), attempt)) {
      if (skips != 0) skips_.set(skips / 2);
      return true;
    }
    if (until < enough) return false;  // too short a wait to learn from
    const unsigned more = (std::min)(4 * skips + 3, most_skips);
    skips_.set(more);
    skip_.set(more);
    return false;
  }

private:
  /// As long as a peer takes that is running.
  template <class Glance>
  static bool spin_briefly(Glance glance) {
    for (unsigned pauses = 1; pauses <= most_pauses; pauses *= 2) {
      for (unsigned i = 0; i < pauses; ++i) {
        // Each glance may fetch a line that a peer is about to write.
        if (i % pauses_between_glances == 0 && glance()) return true;
        platform::pause();
      }
    }
    for (unsigned i = 0; i < yields; ++i) {
      if (glance()) return true;
      platform::yield();
    }
    return false;
  }

  /// As long as a peer takes that has to be woken.
  template <class Attempt>
  static bool yield_until(platform::time_point end, Attempt attempt) {
    do {
      platform::yield();
      if (attempt()) return true;
    } while (platform::now() < end);
    return false;
  }

  static constexpr unsigned most_pauses = 64;
  static constexpr unsigned pauses_between_glances = 8;
  static constexpr unsigned yields = 2;
  static constexpr std::chrono::microseconds duration{5};
  static constexpr unsigned most_skips = 63;
  platform::shared_hint skips_;
  platform::shared_hint skip_;
};

}  // namespace sluice::inline SLUICE_ABI::detail
