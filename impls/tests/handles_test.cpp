#include <sluice/broadcast.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>
#include <sluice/oneshot.hpp>
#include <sluice/select.hpp>
#include <sluice/spsc.hpp>
#include <sluice/timer.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

// What the contract does not number.
namespace sluice {
namespace {

// A handle is a pointer.
static_assert(sizeof(mpmc::sender<int>) == sizeof(void*) && sizeof(mpsc::receiver<int>) == sizeof(void*));
static_assert(sizeof(oneshot::sender<int>) == sizeof(void*));

template <class Handle>
concept clonable = requires(const Handle& handle) {
  handle.clone();
};

template <class Core>
using ends_of = decltype(make_channel<Core>(1));

static_assert(clonable<ends_of<cores::sync<int>>::first_type> && clonable<ends_of<cores::sync<int>>::second_type>);
static_assert(!clonable<ends_of<cores::spsc_ring<int>>::first_type> &&
              !clonable<ends_of<cores::spsc_ring<int>>::second_type>);

TEST(handles, of_a_timer_never_disconnect) {
  EXPECT_FALSE(timer::tick(std::chrono::hours(1)).is_disconnected());
  EXPECT_FALSE(timer::never().is_disconnected());
}

TEST(facades, choose_by_capacity) {
  EXPECT_EQ(mpsc::channel<int>().first.capacity(), std::nullopt);
  EXPECT_EQ(mpsc::sync_channel<int>(0).first.capacity(), 0u);
  EXPECT_EQ(mpmc::bounded<int>(5).second.capacity(), 5u);
  auto [tx, rx] = mpmc::bounded<int>(0);
  EXPECT_TRUE(tx.try_send(1).error().full());
}

TEST(facades, of_one_producer_and_one_consumer_have_every_capacity) {
  using handles = std::pair<spsc::sender<std::unique_ptr<int>>, spsc::receiver<std::unique_ptr<int>>>;
  for (std::optional<std::size_t> capacity : {std::optional<std::size_t>(), {0}, {1}, {3}, {4}, {100}}) {
    handles ends = capacity ? spsc::bounded<std::unique_ptr<int>>(*capacity) : spsc::unbounded<std::unique_ptr<int>>();
    auto& [tx, rx] = ends;
    EXPECT_EQ(tx.capacity(), capacity);
    std::jthread sends([&tx = tx] {
      for (int i = 0; i < 1000; ++i) ASSERT_TRUE(tx.send(std::make_unique<int>(i)));
      tx.reset();
    });
    int next = 0;
    for (auto message : rx) EXPECT_EQ(*message, next++);
    EXPECT_EQ(next, 1000);
  }
  auto [tx, rx] = spsc::bounded<int>(4);
  ASSERT_TRUE(tx.send(1));
  rx.reset();
  EXPECT_EQ(tx.send(2).error().value, 2);
}

/// What every facade promises, on its own handles: order, each form of each operation, disconnects.
template <class Handles>
void exercise(Handles ends) {
  using std::chrono::milliseconds;
  auto& [tx, rx] = ends;
  EXPECT_EQ(rx.try_recv().error(), try_recv_error::empty);
  EXPECT_EQ(rx.recv_for(milliseconds(1)).error(), recv_timeout_error::timeout);
  constexpr int count = 120;
  std::jthread sends([&tx = tx] {
    for (int i = 0; i < count; ++i) {
      const auto sent = [&] {
        if (i % 3 == 0) return tx.send(i).has_value();
        if (i % 3 == 1) return tx.send_for(i, std::chrono::hours(1)).has_value();
        return tx.try_send(i).has_value();
      };
      while (!sent()) std::this_thread::yield();
    }
    tx.reset();
  });
  int next = 0;
  while (next < count / 2) {
    // At capacity 0 two peers that only try never meet.
    const int form = rx.capacity() == 0 ? next % 3 : next % 4;
    int got = -1;
    if (form == 0) got = rx.recv().value();
    if (form == 1) got = rx.recv_for(std::chrono::hours(1)).value();
    if (form == 2) got = select(on_recv(rx, [](auto message) { return message.value(); }));
    if (form == 3) got = rx.try_recv().value_or(-1);
    if (form == 3 && got == -1) continue;
    EXPECT_EQ(got, next++);
  }
  for (const int message : rx) EXPECT_EQ(message, next++);
  EXPECT_EQ(next, count);
  EXPECT_EQ(rx.recv().error(), recv_error::disconnected);
  EXPECT_EQ(rx.try_recv().error(), try_recv_error::disconnected);
  select(on_recv(rx, [](auto message) { EXPECT_FALSE(message); }), otherwise([] { ADD_FAILURE(); }));
}

template <class Handles>
void refuse(Handles ends) {
  auto& [tx, rx] = ends;
  rx.reset();
  EXPECT_EQ(tx.send(1).error().value, 1);
  EXPECT_TRUE(tx.try_send(2).error().disconnected());
  EXPECT_TRUE(tx.send_for(3, std::chrono::hours(1)).error().disconnected());
  select(on_send(tx, 4, [](auto sent) { EXPECT_EQ(sent.error().value, 4); }));
}

TEST(facades, keep_their_promises_at_every_capacity) {
  for (const std::size_t capacity : {0u, 1u, 3u, 4u, 100u}) {
    exercise(mpsc::sync_channel<int>(capacity));
    exercise(mpmc::bounded<int>(capacity));
    exercise(spsc::bounded<int>(capacity));
    refuse(mpsc::sync_channel<int>(capacity));
    refuse(mpmc::bounded<int>(capacity));
    refuse(spsc::bounded<int>(capacity));
  }
  exercise(mpsc::channel<int>());
  exercise(mpmc::unbounded<int>());
  exercise(spsc::unbounded<int>());
  refuse(mpsc::channel<int>());
  refuse(mpmc::unbounded<int>());
  refuse(spsc::unbounded<int>());
}

TEST(sending, makes_a_message_of_what_converts_to_one) {
  auto [tx, rx] = mpsc::channel<std::string>();
  const std::string kept = "copied";
  ASSERT_TRUE(tx.send("made") && tx.send(kept) && tx.send({'b', 'y'}) && tx.send(std::string("moved")));
  tx.reset();
  std::vector<std::string> got;
  for (std::string message : rx) got.push_back(std::move(message));
  EXPECT_EQ(got, (std::vector<std::string>{"made", "copied", "by", "moved"}));
  EXPECT_EQ(kept, "copied");
}

TEST(iteration, works_with_views) {
  auto [tx, rx] = mpsc::channel<int>();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(tx.send(i));
  int sum = 0;
  for (int message : rx | std::views::filter([](const int& m) { return m % 2 == 1; }) | std::views::take(3))
    sum += message;
  EXPECT_EQ(sum, 1 + 3 + 5);
}

TEST(capacity, beyond_this_machine_is_bad_alloc) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer's operator new ends the process where the standard's throws.
  constexpr std::size_t beyond = std::numeric_limits<std::size_t>::max() / 256;
  if constexpr (sizeof(void*) > 4) {
    EXPECT_THROW((void)mpmc::bounded<int>(beyond), std::bad_alloc);
  }
#endif
}

TEST(select, returns_what_its_handlers_have_in_common) {
  auto [tx, rx] = mpsc::channel<int>();
  ASSERT_TRUE(tx.send(3));
  const double half = select(on_recv(rx, [](auto got) { return *got / 2.0; }), otherwise([] { return 0; }));
  EXPECT_EQ(half, 1.5);
}

TEST(select, takes_every_kind_of_receiver) {
  auto [tx, rx] = mpsc::sync_channel<std::string>(1);
  auto [shot, answer] = oneshot::channel<int>();
  auto [news_tx, news] = broadcast::channel<int>(2);
  auto limit = timer::never();
  const auto which = [&] {
    return select(on_recv(rx, [](auto) { return 1; }), on_recv(answer, [](auto) { return 2; }),
                  on_recv(news, [](auto got) { return got ? 3 : 4; }), on_recv(limit, [](auto) { return 5; }),
                  otherwise([] { return 0; }));
  };
  EXPECT_EQ(which(), 0);
  ASSERT_TRUE(tx.send("a"));
  EXPECT_EQ(which(), 1);
  ASSERT_TRUE(shot.send(1));
  EXPECT_EQ(which(), 2);
  answer = oneshot::channel<int>().second;
  EXPECT_EQ(which(), 2) << "disconnected: always ready";
}

TEST(select, reports_a_lag) {
  auto [tx, rx] = broadcast::channel<int>(2);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(tx.send(i));
  EXPECT_EQ(select(on_recv(rx, [](auto got) { return got.error().missed; })), 3u);
  EXPECT_EQ(select(on_recv(rx, [](auto got) { return *got; })), 3);
}

TEST(select, of_two_threads_that_wait_for_each_other_meets) {
  constexpr int meetings = 10'000;
  auto [to_right, from_left] = mpmc::bounded<int>(0);
  auto [to_left, from_right] = mpmc::bounded<int>(0);
  const auto meet = [](auto& to, auto& from) {
    int balance = 0;
    for (int i = 0; i < meetings; ++i) {
      select(on_send(to, 1, [&](auto sent) { balance += sent.has_value(); }),
             on_recv(from, [&](auto got) { balance -= got.has_value(); }));
    }
    return balance;
  };
  int right = 0;
  std::jthread other([&, &to_left = to_left, &from_left = from_left] { right = meet(to_left, from_left); });
  const int left = meet(to_right, from_right);
  other.join();
  EXPECT_EQ(left, -right);
}

/// Counts how often a select registers with it.
template <class T>
struct counted : cores::spsc_ring<T> {
  using cores::spsc_ring<T>::spsc_ring;
  bool register_send_waiter(detail::wait_entry& entry) {
    ++registrations;
    return cores::spsc_ring<T>::register_send_waiter(entry);
  }
  bool register_recv_waiter(detail::wait_entry& entry) {
    ++registrations;
    return cores::spsc_ring<T>::register_recv_waiter(entry);
  }
  static inline int registrations = 0;
};

TEST(select, registers_with_no_channel_to_find_that_only_it_can_empty) {
  auto [tx, rx] = make_channel<counted<int>>(1);
  auto [other_tx, other_rx] = make_channel<counted<int>>(1);
  const auto poll = [&] {
    return select(on_recv(rx, [](auto) { return 1; }), on_recv(other_rx, [](auto) { return 2; }),
                  otherwise([] { return 0; }));
  };
  EXPECT_EQ(poll(), 0);
  ASSERT_TRUE(other_tx.send(1));
  EXPECT_EQ(poll(), 2);
  ASSERT_TRUE(tx.send(1) && other_tx.send(1));
  EXPECT_EQ(select(on_send(tx, 2, [](auto) { return 1; }), on_send(other_tx, 2, [](auto) { return 2; }),
                   otherwise([] { return 0; })),
            0);
  EXPECT_EQ(counted<int>::registrations, 0);
}

/// An empty core that changes each entry it registers, as a peer may read it from then on.
class marking {
public:
  using value_type = int;

  status try_recv(std::optional<int>&) { return status::empty; }
  std::optional<std::size_t> capacity() const noexcept { return 1; }
  bool register_recv_waiter(detail::wait_entry& entry) noexcept {
    ++registrations;
    const bool again = std::exchange(entry.linked, true);
    EXPECT_TRUE(!again || entry.packet == &mark_);
    entry.packet = &mark_;
    return false;
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept { entry.linked = false; }

  int registrations = 0;

private:
  int mark_ = 0;
};

TEST(select, does_not_write_an_entry_that_is_registered) {
  marking first;
  marking second;
  detail::recv_arm<marking, cardinality::many> one(first);
  detail::recv_arm<marking, cardinality::many> other(second);
  std::array<detail::arm*, 2> arms{&one, &other};
  std::array<detail::wait_entry, 2> entries;
  std::array<std::size_t, 2> order;
  EXPECT_EQ(detail::select_one(arms, entries, order, platform::now(), detail::preference::in_order), std::nullopt);
  EXPECT_EQ(first.registrations, 2);
  EXPECT_EQ(second.registrations, 2);
}

/// Sends to the two channels in turn; the receiver looks only when it knows of a message.
template <class Handles>
void always_ready(Handles first, Handles second) {
  constexpr int count = 20'000;
  std::atomic<int> sent{0};
  std::jthread sends([&] {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE((i % 2 == 0 ? first : second).first.send(i).has_value());
      sent.store(i + 1, std::memory_order::release);
    }
  });
  for (int received = 0; received < count;) {
    if (sent.load(std::memory_order::acquire) <= received) continue;
    select(on_recv(first.second, [](auto) {}), on_recv(second.second, [](auto) {}), otherwise([&] {
             ADD_FAILURE() << "no arm was ready after " << received;
             received = count;
           }));
    ++received;
  }
  for (auto* ends : {&first, &second}) {
    ends->second.reset();
  }
}

TEST(select, finds_what_only_it_can_take) {
  always_ready(mpsc::sync_channel<int>(8), mpsc::sync_channel<int>(8));
  always_ready(mpsc::channel<int>(), mpsc::channel<int>());
  always_ready(spsc::bounded<int>(8), spsc::bounded<int>(8));
  always_ready(spsc::unbounded<int>(), spsc::unbounded<int>());
}

TEST(recv_busy, is_met_by_a_send_that_does_not_wait) {
  auto [tx, rx] = mpsc::sync_channel<int>(0);
  std::jthread receives([&rx = rx] {
    EXPECT_EQ(rx.recv_busy(), 1);
    EXPECT_EQ(rx.recv_busy(), 2);
    EXPECT_FALSE(rx.recv_busy());
  });
  while (!tx.try_send(1)) std::this_thread::yield();
  ASSERT_TRUE(tx.send(2));
  tx.reset();
}

TEST(ranges, a_receiver_is_counted_by_iterating) {
  auto [tx, rx] = mpmc::unbounded<int>();
  std::jthread sends([tx = std::move(tx)]() mutable {
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(tx.send(i));
  });
  EXPECT_EQ(std::ranges::distance(rx), 1000);
}

TEST(selector, may_change_while_its_handlers_run) {
  auto [tx, rx] = mpsc::channel<int>();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(tx.send(i));
  selector chosen;
  selector::key key = 0;
  int calls = 0;
  key = chosen.recv(rx, [&](auto) {
    ++calls;
    EXPECT_TRUE(chosen.remove(key));
  });
  EXPECT_EQ(chosen.wait(), key);
  EXPECT_EQ(chosen.size(), 0u);
  EXPECT_FALSE(chosen.remove(key));
  EXPECT_EQ(calls, 1);
}

TEST(selector, takes_handlers_that_can_only_be_moved) {
  auto [tx, rx] = mpmc::unbounded<int>();
  ASSERT_TRUE(tx.send(3));
  selector chosen;
  int got = 0;
  const auto key = chosen.recv(rx, [&, factor = std::make_unique<int>(2)](auto message) { got = *message * *factor; });
  EXPECT_EQ(chosen.wait(), key);
  EXPECT_EQ(got, 6);
#if defined(__cpp_exceptions)
  EXPECT_THROW((void)chosen.clone(), std::logic_error);
#endif
}

#if defined(__cpp_exceptions)
TEST(capacity, beyond_memory_is_refused_by_name) {
  try {
    (void)mpmc::bounded<int>((std::numeric_limits<std::size_t>::max)());
    FAIL() << "it was made";
  } catch (const std::length_error& error) {
    EXPECT_NE(std::string(error.what()).find("beyond memory"), std::string::npos);
  }
}
#endif

TEST(backoff, is_bounded_however_it_is_mixed) {
  detail::backoff pacing;
  for (int i = 0; i < 100; ++i) pacing.snooze();
  for (int i = 0; i < 100; ++i) pacing.spin();  // would take for ever if it went on doubling
  for (int i = 0; i < 100; ++i) pacing.desynchronize();
  EXPECT_TRUE(pacing.spent());
}

#if defined(__linux__)
TEST(backoff, sleeps_in_the_end) {
  // A thread of a real-time policy that only yields keeps its peer from the processor.
  const auto sleeps = [] {
    rusage use{};
    getrusage(RUSAGE_THREAD, &use);
    return use.ru_nvcsw;
  };
  const auto before = sleeps();
  detail::backoff pacing;
  for (int i = 0; i < 1000; ++i) pacing.snooze();
  EXPECT_GE(sleeps() - before, 500);
}
#endif

}  // namespace
}  // namespace sluice
