#pragma once

#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/expired.hpp>
#include <sluice/platform.hpp>

#include <cstdint>

namespace sluice::inline SLUICE_ABI::detail {

/// How a wait ended, if it has.
enum class outcome : std::uint32_t {
  waiting,
  claimed,      ///< a peer has claimed this waiter and is about to hand a message over
  woken,        ///< to try again
  handed_over,  ///< a peer has moved the message: the operation is complete
  closed,       ///< the other side has disconnected
  aborted,      ///< ended by the waiter itself: its deadline passed or its recheck succeeded
};

/// One blocked operation, on the stack of the thread that blocks. A select is one waiter with several arms, each
/// registered with its channel.
///
/// The thread that moves it out of `waiting` ends the wait, so one wait ends in exactly one way.
class waiter {
public:
  struct ending {
    outcome how;
    std::uint32_t arm;  ///< the arm through which the wait ended
  };

  /// The result of an attempt to end a wait.
  enum class selection {
    lost,    ///< another thread has ended it
    awake,   ///< the waiter is spinning and sees it by itself
    asleep,  ///< the waiter sleeps: the thread that ended its wait wakes it
  };

  /// Tries to end this wait. After it succeeded with anything but `claimed` the waiter may be destroyed: only unpark()
  /// on its address is allowed.
  selection select(outcome how, std::uint32_t arm = 0) noexcept {
    std::uint32_t state = pack(outcome::waiting, 0);
    // [W1] release, pairs with acquire [W3]: a waiter that returns `disconnected` sees all that the other side did.
    // Claiming reads nothing of the waiter's: its packet was read under the lock that guards registration.
    while (!state_.compare_exchange_weak(state, pack(how, arm) | (state & asleep), std::memory_order::release,
                                         std::memory_order::relaxed)) {
      if (outcome_of(state) != outcome::waiting) return selection::lost;
    }
    return state & asleep ? selection::asleep : selection::awake;
  }

  /// Ends a wait that this caller has claimed. The waiter may be destroyed when this returns.
  void finish(std::uint32_t arm) noexcept {
    const platform::futex_word* word = &state_;
    if (end(outcome::handed_over, arm)) platform::unpark(word);
  }

  /// The same, without waking the waiter. \returns  whether the caller must.
  bool end(outcome how, std::uint32_t arm = 0) noexcept {
    // [W2] release, pairs with acquire [W3]: the thread that sees the end also sees the message handed over.
    return (state_.exchange(pack(how, arm), std::memory_order::release) & asleep) != 0;
  }

  /// Gives up a claim: the wait goes on.
  void release() noexcept { state_.fetch_and(asleep, std::memory_order::relaxed); }

  const platform::futex_word* address() const noexcept { return &state_; }

  /// Whether this wait has not ended yet. `false` is final; `true` may change at any moment.
  bool open() const noexcept { return outcome_of(state_.load(std::memory_order::relaxed)) == outcome::waiting; }

  /// Spins if that has lately paid off, then sleeps until the wait has ended or the deadline has passed.
  ///
  /// \returns  any outcome but `waiting` and `claimed`.
  ending wait_until(platform::time_point until, adaptive_spin& spin) noexcept {
    const auto over = [&] { return !open(); };
    (void)spin.spin_until(until, over, over);
    return wait_until(until);
  }

  /// Sleeps until the wait has ended or the deadline has passed.
  ///
  /// \returns  any outcome but `waiting` and `claimed`.
  ending wait_until(platform::time_point until) noexcept {
    backoff pacing;
    for (;;) {
      // [W3] acquire, pairs with release [W1] and [W2].
      const std::uint32_t state = state_.load(std::memory_order::acquire);
      const outcome now = outcome_of(state);
      if (now != outcome::waiting && now != outcome::claimed) return {now, state >> arm_shift};
      if (now == outcome::claimed && !pacing.spent()) {
        pacing.snooze();
        continue;
      }
      if (now == outcome::waiting && expired(until)) {
        if (select(outcome::aborted) != selection::lost) return {outcome::aborted, 0};
        continue;
      }
      // From now on, the thread that ends the wait also wakes this one; if it finds the waiter awake, it saves the
      // system call. As a read-modify-write, this continues the release sequences of [W1] and [W2].
      if (state_.fetch_or(asleep, std::memory_order::relaxed) != state) continue;
      // A claimed waiter returns within a few instructions, unless the claim is given up.
      platform::park(state_, state | asleep, until);
    }
  }

private:
  // The arm, whether the waiter sleeps, and the outcome.
  static constexpr std::uint32_t arm_shift = 4;
  static constexpr std::uint32_t asleep = 1u << 3;
  static constexpr std::uint32_t outcome_mask = asleep - 1;

  static constexpr outcome outcome_of(std::uint32_t state) noexcept {
    return static_cast<outcome>(state & outcome_mask);
  }

  static constexpr std::uint32_t pack(outcome how, std::uint32_t arm) noexcept {
    return static_cast<std::uint32_t>(how) | arm << arm_shift;
  }

  platform::futex_word state_{pack(outcome::waiting, 0)};
};

}  // namespace sluice::inline SLUICE_ABI::detail
