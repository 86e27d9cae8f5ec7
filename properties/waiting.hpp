#pragma once

#include <properties/property.hpp>
#include <sluice/platform.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

/// Waiting: how it ends, and what it costs.
namespace sluice::properties {

namespace detail {

/// One of the forms of an operation that the channel has: 0, it does not wait; 1, it waits; 2, until a deadline.
inline int any_form(const run& r) {
  const core_traits& traits = r.channel().traits();
  return *rc::gen::inRange(traits.tries ? 0 : 1, traits.timed ? 3 : 2);
}

}  // namespace detail

/// A sleeping receiver and each form of send.
struct receiver_wakes {
  static constexpr std::string_view name = "receiver_wakes";
  static constexpr std::string_view claim = "A waiting receiver is woken by a message, whichever operation sent it.";
  static constexpr const char* not_applicable(const core_traits& traits) { return always(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const int form = detail::any_form(r);
      auto [tx, rx] = r.channel().make<int>(capacity);
      int got = 0;
      thread_group threads(r.dog());
      const worker& receiver = threads.add("receiver", [&](worker& self) {
        self.about_to("recv");
        got = rx.recv().value_or(-1);
      });
      threads.start();
      receiver.await_asleep();
      bool sent = false;
      while (!sent) {
        sent = form == 0   ? tx.try_send(7).has_value()
               : form == 1 ? tx.send(7).has_value()
                           : tx.send_for(7, std::chrono::seconds(10)).has_value();
      }
      threads.join();
      RC_ASSERT(got == 7);
    });
  }
};

/// A sender that sleeps on a full channel and each form of receive.
struct sender_wakes {
  static constexpr std::string_view name = "sender_wakes";
  static constexpr std::string_view claim =
      "A sender that waits for room is woken by a receive, and its message is received after those sent before.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return traits.bounded ? nullptr : "its senders never wait";
  }

  static void check(run& r) {
    r.forall([&] {
      static constexpr std::array<std::optional<std::size_t>, 5> bounded{0, 1, 2, 3, 7};
      const auto capacity = any_capacity(r, bounded);
      const int form = detail::any_form(r);
      auto [tx, rx] = r.channel().make<int>(capacity);
      int messages = 0;
      fill(r, tx, [&] { return messages++; });
      bool sent = false;
      thread_group threads(r.dog());
      const worker& sender = threads.add("sender", [&](worker& self) {
        self.about_to("send");
        sent = tx.send(messages - 1).has_value();
      });
      threads.start();
      sender.await_asleep();
      std::vector<int> received;
      while (received.size() < static_cast<std::size_t>(messages)) {
        const auto got = form == 0   ? rx.try_recv().value_or(-1)
                         : form == 1 ? rx.recv().value_or(-1)
                                     : rx.recv_for(std::chrono::seconds(10)).value_or(-1);
        if (form != 0 || got != -1) received.push_back(got);
      }
      threads.join();
      RC_ASSERT(sent);
      for (int i = 0; i < messages; ++i) RC_ASSERT(received[static_cast<std::size_t>(i)] == i);
    });
  }
};

/// As many messages, or as much room, as there are sleeping threads.
struct all_served {
  static constexpr std::string_view name = "all_served";
  static constexpr std::string_view claim =
      "If there are as many messages, or as much room, as sleeping threads, every one of them wakes.";
  static constexpr const char* not_applicable(const core_traits& traits) { return always(traits); }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const bool senders_sleep = capacity && *rc::gen::arbitrary<bool>();
      const auto users = senders_sleep ? r.channel().traits().producers : r.channel().traits().consumers;
      const int sleepers = users == cardinality::many ? *rc::gen::inRange(1, 7) : 1;
      auto [tx, rx] = r.channel().make<int>(capacity);
      std::size_t buffered = senders_sleep ? fill(r, tx, [] { return 0; }) : 0;
      std::atomic<int> served{0};
      thread_group threads(r.dog());
      std::vector<const worker*> waiting;
      for (int i = 0; i < sleepers; ++i) {
        waiting.push_back(
            &threads.add((senders_sleep ? "sender " : "receiver ") + std::to_string(i), [&](worker& self) {
              self.about_to(senders_sleep ? "send" : "recv");
              served += senders_sleep ? tx.send(1).has_value() : rx.recv().has_value();
            }));
      }
      threads.start();
      for (const worker* w : waiting) w->await_asleep();
      if (senders_sleep) {
        for (buffered += static_cast<std::size_t>(sleepers); buffered > 0; --buffered) (void)rx.recv();
      } else {
        for (int i = 0; i < sleepers; ++i) (void)tx.send(1);
      }
      threads.join();
      RC_ASSERT(served == sleepers);
    });
  }
};

/// A thread that sleeps, and others that operate all the time.
struct bounded_bypass {
  static constexpr std::string_view name = "bounded_bypass";
  static constexpr std::string_view claim =
      "A waiting thread is overtaken by no more operations of its side than the channel promises.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (const char* reason = needs_all(traits, needs_bounded_bypass, needs_global_order, needs_disconnect))
      return reason;
    return sent(traits) || received(traits) ? nullptr : "none of its sides has several threads and waits";
  }

  static void check(run& r) {
    const core_traits& traits = r.channel().traits();
    r.forall([&] {
      const auto others = static_cast<std::size_t>(*rc::gen::inRange(1, 4));
      if (sent(traits) && (!received(traits) || *rc::gen::arbitrary<bool>())) {
        a_sender_waits(r, others);
      } else {
        a_receiver_waits(r, others);
      }
    });
  }

private:
  static constexpr bool sent(const core_traits& traits) {
    return traits.bounded && traits.producers == cardinality::many;
  }
  static constexpr bool received(const core_traits& traits) { return traits.consumers == cardinality::many; }

  /// \param others  as many threads of its side as operate, beside one of the other.
  static std::size_t most_overtaking(const run& r, std::size_t others) {
    return r.channel().traits().bypass + others + 1;
  }

  static void a_sender_waits(run& r, std::size_t others) {
    static constexpr std::array<std::optional<std::size_t>, 4> bounded{0, 1, 2, 7};
    const auto capacity = any_capacity(r, bounded);
    auto [tx, rx] = r.channel().make<int>(capacity);
    constexpr int others_message = 0;
    constexpr int its_message = 1;
    const std::size_t before = fill(r, tx, [] { return others_message; });
    thread_group first(r.dog());
    const worker& waiting = first.add("waiting sender", [&](worker& self) {
      self.about_to("send");
      (void)tx.send(int{its_message});
    });
    first.start();
    const bool waits = waiting.await_asleep();
    thread_group threads(r.dog());
    for (std::size_t i = 0; i < others; ++i) {
      threads.add("sender " + std::to_string(i), [&](worker& self) {
        self.about_to("send");
        while (tx.send(int{others_message})) {
        }
      });
    }
    threads.start();
    const std::size_t most = before + most_overtaking(r, others);
    std::size_t received = 0;
    while (received <= most && rx.recv() == others_message) ++received;
    rx.reset();
    threads.join();
    first.join();
    RC_ASSERT(!waits || received <= most);
  }

  static void a_receiver_waits(run& r, std::size_t others) {
    const auto capacity = any_capacity(r);
    auto [tx, rx] = r.channel().make<int>(capacity);
    const std::size_t most = most_overtaking(r, others);
    int got = -1;
    thread_group first(r.dog());
    const worker& waiting = first.add("waiting receiver", [&](worker& self) {
      self.about_to("recv");
      got = rx.recv().value_or(-1);
    });
    first.start();
    const bool waits = waiting.await_asleep();
    thread_group threads(r.dog());
    for (std::size_t i = 0; i < others; ++i) {
      threads.add("receiver " + std::to_string(i), [&](worker& self) {
        self.about_to("recv");
        while (rx.recv()) {
        }
      });
    }
    threads.start();
    for (std::size_t i = 0; i <= most && !waiting.finished(); ++i) (void)tx.send(static_cast<int>(i));
    tx.reset();
    threads.join();
    first.join();
    RC_ASSERT(!waits || got != -1);
  }
};

/// Deadlines that are near, past, and beyond the clock's range.
struct deadlines {
  static constexpr std::string_view name = "deadlines";
  static constexpr std::string_view claim =
      "A timed operation never times out early, however far its deadline, and a channel works after a timeout.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_timed(traits); }

  static void check(run& r) {
    r.forall([&] {
      using namespace std::chrono_literals;
      const auto capacity = any_capacity(r);
      auto [tx, rx] = r.channel().make<int>(capacity);
      const auto wait = std::chrono::microseconds(*rc::gen::inRange(0, 2000));
      expect_timeout(wait, [&] { return rx.recv_for(wait).error() == recv_timeout_error::timeout; });
      RC_ASSERT(rx.recv_for(-1h).error() == recv_timeout_error::timeout);
      RC_ASSERT(rx.recv_until(deadline::min()).error() == recv_timeout_error::timeout);
      if (capacity && !r.channel().traits().one_message) {
        const std::size_t filled = fill(r, tx, [] { return 1; });
        expect_timeout(wait, [&] { return tx.send_for(2, wait).error().timeout(); });
        RC_ASSERT(tx.send_for(2, -1h).error().timeout());
        for (std::size_t i = 0; i < filled; ++i) RC_ASSERT(rx.recv_for(0s).value() == 1);
      }
      far_deadline(r, tx, rx);
    });
  }

private:
  template <class Sender, class Receiver>
  static void far_deadline(run& r, Sender& tx, Receiver& rx) {
    using namespace std::chrono_literals;
    const int which = *rc::gen::inRange(0, 8);
    // Some of these exceed 2^31 or 2^32 milliseconds, where conversions overflow.
    const auto days = 24h * *rc::gen::inRange(1, 2000);
    recv_timeout_error error{};
    int got = 0;
    thread_group threads(r.dog());
    const worker& receiver = threads.add("receiver", [&](worker& self) {
      self.about_to("recv_for");
      const auto message = which == 0   ? rx.recv_for(std::chrono::hours::max())
                           : which == 1 ? rx.recv_for(std::chrono::nanoseconds::max())
                           : which == 2 ? rx.recv_until(deadline::max())
                           : which == 3 ? rx.recv_until(std::chrono::sys_days::max())
                           : which == 4 ? rx.recv_until(std::chrono::sys_days(std::chrono::year(2500) / 1 / 1))
                                        : rx.recv_for(days);
      if (message) {
        got = *message;
      } else {
        error = message.error();
      }
    });
    threads.start();
    receiver.await_asleep();
    // A receiver that has timed out already is the failure, so this does not wait for it to sleep.
    while (!receiver.finished() && !tx.send_for(7, 1ms)) {
    }
    threads.join();
    if (got != 7) RC_FAIL("a receive with a far deadline ended at once with " + std::string(to_string(error)));
  }
};

/// Spurious wake-ups, over and over.
struct spurious_wakeups {
  static constexpr std::string_view name = "spurious_wakeups";
  static constexpr std::string_view claim =
      "A deadline holds for the operation, not for each sleep: one with repeated spurious wake-ups still times out.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_timed(traits); }

  static void check(run& r) {
    using namespace std::chrono_literals;
    bool any = false;
    for (const auto& capacity : r.channel().capacities(common_capacities)) {
      auto [tx, rx] = r.channel().make<int>(capacity);
      for (const bool sends : {false, true}) {
        if (sends && !capacity) continue;
        if (sends) fill(r, tx, [] { return 1; });
        // One point in time for both: were this thread preempted between two, wake-ups before the operation's deadline
        // would count as after it.
        const auto until = std::chrono::steady_clock::now() + 5ms;
        platform::disturbing = platform::disturbance::waking_past(until);
        const bool timed_out = sends ? tx.send_until(2, until).error().timeout()
                                     : rx.recv_until(until).error() == recv_timeout_error::timeout;
        const auto woken = platform::disturbing;
        platform::disturbing = {};
        r.count();
        any |= woken.woken() != 0;
        if (timed_out && std::chrono::steady_clock::now() >= until && !woken.exhausted()) continue;
        r.fail("capacity " + harness::to_string(capacity) + ": " + (sends ? "send_until" : "recv_until") +
               (woken.exhausted() ? " waited long after its deadline, for as long as spurious wake-ups came"
                                  : " ended early, or not with a timeout"));
        return;
      }
    }
    if (!any) r.skip("it sleeps by means that cannot be woken spuriously");
  }
};

/// The processor time of a thread that waits.
struct waits_asleep {
  static constexpr std::string_view name = "waits_asleep";
  static constexpr std::string_view claim = "A blocked operation uses next to no processor time.";
  static constexpr const char* not_applicable(const core_traits& traits) { return needs_sleep(traits); }

  static void check(run& r) {
    // Each case takes real time, so once per capacity is enough.
    for (const auto& capacity : r.channel().capacities(common_capacities)) {
      auto [tx, rx] = r.channel().make<int>(capacity);
      if (!sleeps(
              r, "receive", capacity, [&] { (void)rx.recv(); }, [&] { (void)tx.send(1); })) {
        return;
      }
      if (!capacity) continue;
      fill(r, tx, [] { return 1; });
      if (!sleeps(
              r, "send", capacity, [&] { (void)tx.send(1); }, [&] { (void)rx.recv(); })) {
        return;
      }
    }
  }

private:
  template <class Blocked, class Release>
  static bool sleeps(run& r, const char* what, std::optional<std::size_t> capacity, Blocked blocked, Release release) {
    constexpr auto span = std::chrono::milliseconds(100);
    std::chrono::nanoseconds used{};
    thread_group threads(r.dog());
    const worker& waiting = threads.add("waiting thread", [&](worker& self) {
      self.about_to(what);
      const auto before = worker::cpu_time();
      blocked();
      used = worker::cpu_time() - before;
    });
    threads.start();
    waiting.await_asleep();
    std::this_thread::sleep_for(span);
    release();
    threads.join();
    r.count();
    if (used <= span / 4) return true;
    r.fail("capacity " + harness::to_string(capacity) + ": a " + what + " blocked for " + std::to_string(span.count()) +
           " ms used " + std::to_string(used.count() / 1000) + " us of processor time");
    return false;
  }
};

}  // namespace sluice::properties
