#pragma once

#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/expired.hpp>
#include <sluice/detail/spin_then_lock.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sluice::inline SLUICE_ABI::detail {

/// The queue in which one side of a channel waits, with direct hand-off: a thread that makes an operation possible
/// performs it for the thread that has waited longest, and then for the next, as long as it can.
///
/// Threads that have not waited may overtake those that have, which saves a switch of threads for most messages. Once
/// the first waiter has been overtaken by `platform::most_bypasses` operations, newcomers register as well, until all
/// that waited then have been served (eventual fairness, as in WebKit's WTF::Lock:
/// https://webkit.org/blog/6161/locking-in-webkit/).
///
/// No wake-up is lost: a waiter registers [D1], then looks at the channel again; a peer changes the channel, then looks
/// for waiters [D2]. All four accesses are seq_cst, so at least one of the two sees the other, and serves the waiter.
///
/// A select is not served, since another channel may serve it at the same time: it is woken to try again, and loses its
/// place if it fails.
///
/// The message itself is moved outside the lock, since that runs the user's code. Its move must not wait for the
/// channel, which has claimed the message's place; its destructor may use it.
///
/// \tparam Side  how operations of this side are performed:
///               - `status pending`: what an operation gives that has to wait;
///               - `status claim(claimed& what, bool exact)`: makes an operation certain; if it is not exact, it may
///               miss
///                 what is possible while a peer that serves afterwards is between two steps;
///               - `void complete(const claimed& what, void* packet)`: moves the message of a claimed operation;
///               - `bool worth_trying()`: whether an exact claim may now give another result; reads seq_cst;
///               - `std::size_t position()`: of the next operation; it only grows;
///               - `std::size_t passed(std::size_t since)`: how many operations came since that position.
class handoff_queue {
public:
  /// Whether threads wait.
  bool occupied() const noexcept {
    // [D2] seq_cst, pairs with [D1]; the caller's change to the channel is seq_cst and comes before.
    return state_.load(std::memory_order::seq_cst) != none_wait;
  }

  /// Whether newcomers must register, too.
  bool handing_over() const noexcept {
    // [D3] seq_cst, pairs with [D1]: a thread that comes after the decision obeys it.
    return state_.load(std::memory_order::seq_cst) == newcomers_wait;
  }

  /// Performs the operations of waiting threads, in FIFO order, until one has to wait.
  ///
  /// \param side     the operations of this side.
  /// \param changes  how many messages or how much room the caller has made: as many selects are woken at most, and
  ///                 what may be left is left to them.
  /// \returns  how many it has performed.
  template <class Side>
  std::size_t serve(Side side, std::size_t changes) noexcept {
    return serve_line(side, changes, false).performed;
  }

  /// Performs an operation without waiting. While newcomers must register, it comes after those of the threads that
  /// wait.
  template <class Side>
  status attempt(Side side, void* packet) noexcept {
    if (handing_over()) {
      const status now = serve_line(side, all, true).last;
      if (now != status::ok) return now;
    }
    typename Side::claimed what{};
    const status now = side.claim(what, true);
    if (now == status::ok) side.complete(what, packet);
    return now;
  }

  /// Waits until an operation is performed, by this thread or by a peer.
  /// \param side    the operations of this side.
  /// \param packet  what `side.perform()` takes.
  /// \param until   when the wait ends with `status::timeout`.
  /// \param glance  an attempt that may miss what is possible but disturbs peers less.
  template <class Side, class Glance>
  status wait(Side side, void* packet, platform::time_point until, Glance glance) {
    if (!handing_over()) {
      const status now = glance();
      if (now != side.pending) [[likely]]
        return now;
    }
    return wait_longer(side, packet, until, glance);
  }

  /// Ends every wait: the other side has disconnected. The caller has marked the channel closed.
  void close() noexcept {
    spin_then_lock guard(mutex_);
    waiters_.end_all(outcome::closed);
    publish();
  }

  /// Appends a waiter. The caller looks at the channel again afterwards; an earlier look proves nothing.
  template <class Side>
  void register_waiter(Side side, wait_entry& entry) noexcept {
    spin_then_lock guard(mutex_);
    if (!entry.linked) {
      entry.since = side.position();
      entry.served_before = served_;
    }
    waiters_.push(entry);
    publish();
  }

  void unregister_waiter(wait_entry& entry) noexcept {
    spin_then_lock guard(mutex_);
    waiters_.remove(entry);
    publish();
  }

private:
  static constexpr std::size_t all = (std::numeric_limits<std::size_t>::max)();
  enum : std::uint8_t { none_wait, some_wait, newcomers_wait };

  struct served {
    std::size_t performed = 0;
    status last = status::ok;  ///< what the first of those left gets; `ok` if it is not known, or none is left
  };

  /// What is left to do for a waiter outside the lock.
  template <class Side>
  struct due {
    waiter* owner = nullptr;  ///< to whom a message is handed over; null if its wait has ended already
    const platform::futex_word* sleeper = nullptr;
    void* packet = nullptr;
    typename Side::claimed what{};
  };

  template <class Side, class Glance>
  [[gnu::noinline]] status wait_longer(Side side, void* packet, platform::time_point until, Glance glance) {
    if (expired(until)) return last_attempt(side, packet);
    status now = side.pending;
    if (!handing_over() && spin_.pause_until([&] { return (now = glance()) != side.pending; })) return now;

    single_wait here(packet, true);
    register_waiter(side, here.entry);
    if (platform::recheck(side.worth_trying())) (void)serve_line(side, all, true);
    if (here.self.open()) (void)spin_.yield_until(until, [&] { return !here.self.open(); });
    switch (here.self.wait_until(until).how) {
      case outcome::handed_over: return status::ok;
      case outcome::closed: return attempt(side, packet);
      default: break;
    }
    unregister_waiter(here.entry);
    return last_attempt(side, packet);
  }

  template <class Side>
  status last_attempt(Side side, void* packet) noexcept {
    const status now = attempt(side, packet);
    return now == side.pending ? status::timeout : now;
  }

  /// \param exact  whether it waits for peers between two steps.
  template <class Side>
  [[gnu::noinline]] served serve_line(Side side, std::size_t selects, bool exact) noexcept {
    served so_far;
    for (bool more = true; more;) {
      std::array<due<Side>, 8> left;
      // An exact claim may wait for the one before it.
      const std::size_t most = exact ? 1 : left.size();
      std::size_t count = 0;
      {
        spin_then_lock guard(mutex_);
        while ((more = serve_first(side, selects, exact, so_far, left[count])) && ++count != most) {
        }
        publish();
      }
      for (const due<Side>& one : left) {
        if (one.owner) side.complete(one.what, one.packet);
        if (one.sleeper && (!one.owner || one.owner->end(outcome::handed_over))) platform::unpark(one.sleeper);
      }
    }
    return so_far;
  }

  /// \returns  whether to go on.
  template <class Side>
  bool serve_first(Side& side, std::size_t& selects, bool exact, served& so_far, due<Side>& left) noexcept {
    so_far.last = status::ok;
    wait_entry* const first = waiters_.first();
    if (!first) return false;
    so_far.last = side.pending;
    if (!side.worth_trying()) return stays_first(side, *first);
    if (!first->waits_here_only) {
      so_far.last = status::ok;
      const auto woken = waiters_.end_first(outcome::woken);
      left.sleeper = woken.sleeps_on;
      return !woken.owner || --selects != 0;
    }
    waiter& owner = *first->owner;
    if (owner.select(outcome::claimed) == waiter::selection::lost) {
      waiters_.remove(*first);
      return true;
    }
    so_far.last = side.claim(left.what, exact);
    if (so_far.last == side.pending) {
      owner.release();
      return stays_first(side, *first);
    }
    waiters_.remove(*first);
    ++served_;
    left.sleeper = owner.address();
    if (so_far.last == status::ok) {
      ++so_far.performed;
      left.owner = &owner;
      left.packet = first->packet;
    } else if (!owner.end(outcome::closed)) {
      left.sleeper = nullptr;
    }
    return true;
  }

  /// The first waiter has to wait on. \returns  false
  template <class Side>
  bool stays_first(Side& side, const wait_entry& first) noexcept {
    // Of those that came since, some waited themselves.
    if (side.passed(first.since) - (served_ - first.served_before) >= platform::most_bypasses) {
      no_bypass_ = true;
      before_ = side.position();
    }
    return false;
  }

  void publish() noexcept {
    const wait_entry* const first = waiters_.first();
    if (no_bypass_ && (!first || static_cast<std::ptrdiff_t>(first->since - before_) > 0)) no_bypass_ = false;
    // [D1] seq_cst, pairs with [D2] and [D3]: see the class comment.
    state_.store(!first ? none_wait : no_bypass_ ? newcomers_wait : some_wait, std::memory_order::seq_cst);
  }

  platform::mutex mutex_;
  wait_list waiters_;
  adaptive_spin spin_;
  bool no_bypass_ = false;
  std::size_t served_ = 0;  ///< operations performed for waiting threads
  std::size_t before_ = 0;  ///< those that came before this position are served before newcomers
  // Both sides read it at every operation, so it must not share a cache line with what changes at each; like the lock,
  // it changes only when a thread waits.
  platform::atomic<std::uint8_t> state_{none_wait};
};

}  // namespace sluice::inline SLUICE_ABI::detail
