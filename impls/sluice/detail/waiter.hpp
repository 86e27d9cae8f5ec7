#pragma once

#include <sluice/platform.hpp>

#include <cstdint>

namespace sluice::detail {

/// How a wait ended, or that it has not.
enum class outcome : std::uint32_t {
  waiting,
  claimed,  ///< a peer has chosen this waiter and is about to hand over
  done,     ///< woken to try again, or handed over
  closed,   ///< the other side went
  aborted,  ///< ended by the waiter itself: its deadline passed or its second look succeeded
};

/// One blocked operation, on the stack of the thread that blocks.
///
/// Whoever moves it out of `waiting` has the right to end the wait, so one wait ends in exactly one way.
class waiter {
public:
  /// Tries to be the one who ends this wait.
  ///
  /// After `select(outcome::done)` or `closed` succeeded the waiter may be gone: only wake() on its address remains.
  bool select(outcome how) noexcept {
    auto expected = static_cast<std::uint32_t>(outcome::waiting);
    // [W1] release, pairs with acquire [W3]: a waiter told that the other side went sees all that the other side did.
    // Claiming reads nothing of the waiter's: its packet was read under the lock that it was registered under.
    return state_.compare_exchange_strong(expected, static_cast<std::uint32_t>(how), std::memory_order::release,
                                          std::memory_order::relaxed);
  }

  /// Ends a wait that this caller has claimed. The waiter may be gone when it returns.
  void finish() noexcept {
    const platform::futex_word* word = &state_;
    // [W2] release, pairs with acquire [W3]: the thread that sees `done` also sees the message handed over.
    state_.store(static_cast<std::uint32_t>(outcome::done), std::memory_order::release);
    platform::unpark(word);
  }

  const platform::futex_word* address() const noexcept { return &state_; }

  /// Spins briefly, then sleeps until the wait has ended or the deadline has passed.
  ///
  /// \returns done, closed or aborted.
  outcome wait_until(platform::time_point until) noexcept {
    platform::backoff pacing;
    for (;;) {
      // [W3] acquire, pairs with release [W1] and [W2].
      const auto now = static_cast<outcome>(state_.load(std::memory_order::acquire));
      if (now != outcome::waiting && now != outcome::claimed) return now;
      if (!pacing.spent()) {
        pacing.snooze();
        continue;
      }
      if (now == outcome::waiting && until != platform::time_point::max() && platform::now() >= until) {
        if (select(outcome::aborted)) return outcome::aborted;
        continue;
      }
      // A claimed waiter is a few instructions from its end, whatever its deadline says.
      platform::park(state_, static_cast<std::uint32_t>(now),
                     now == outcome::waiting ? until : platform::time_point::max());
    }
  }

private:
  platform::futex_word state_{static_cast<std::uint32_t>(outcome::waiting)};
};

}  // namespace sluice::detail
