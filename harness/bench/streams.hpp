#pragma once

#include <harness/bench/messages.hpp>
#include <harness/bench/sample.hpp>
#include <harness/bench/worker_threads.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

/// Throughput workloads.
namespace sluice::bench {

using capacity = std::optional<std::size_t>;

/// One thread sends n messages, then receives them.
template <class Channel>
sample seq(capacity room, std::uint64_t messages) {
  auto [tx, rx] = Channel::template make<std::uint64_t>(room);
  const span timed;
  std::uint64_t sum = 0;
  // A bounded channel is filled and emptied in turns.
  const std::uint64_t turn = room ? std::min<std::uint64_t>(*room, messages) : messages;
  for (std::uint64_t done = 0; done < messages;) {
    const std::uint64_t now = std::min(turn, messages - done);
    for (std::uint64_t i = 0; i < now; ++i) (void)tx.send(done + i);
    for (std::uint64_t i = 0; i < now; ++i) sum += rx.recv().value_or(0);
    done += now;
  }
  const sample s = timed.finish(messages);
  expect_sum(sum, sum_below(messages));
  return s;
}

/// The producers together send n messages to the consumers; the sum of what is received is checked.
///
/// \param send     sends a producer's share on its handle: the messages from its number on, `producers` apart.
/// \param receive  receives all on its handle, and returns their sum.
template <class Channel, class Message, class Send, class Receive>
sample stream_by(capacity room, std::uint64_t messages, std::size_t producers, std::size_t consumers, bool pinned,
                 Send send, Receive receive) {
  auto [tx, rx] = Channel::template make<Message>(room);
  std::atomic<std::uint64_t> sum{0};
  worker_threads threads(producers + consumers, pinned);
  for (std::size_t p = 0; p < producers; ++p) {
    threads.add([=, mine = tx.clone()]() mutable {
      send(mine, p);
      mine.reset();
    });
  }
  for (std::size_t c = 0; c < consumers; ++c) {
    threads.add([&, mine = rx.clone()]() mutable { sum.fetch_add(receive(mine), std::memory_order::relaxed); });
  }
  tx.reset();
  rx.reset();
  const sample s = threads.run(messages);
  expect_sum(sum.load(), sum_below(messages));
  return s;
}

/// One message at a time.
template <class Channel, class Message = std::uint64_t>
sample stream(capacity room, std::uint64_t messages, std::size_t producers, std::size_t consumers, bool pinned) {
  return stream_by<Channel, Message>(
      room, messages, producers, consumers, pinned,
      [=](auto& tx, std::uint64_t first) {
        for (std::uint64_t i = first; i < messages; i += producers) (void)tx.send(message_of<Message>(i));
      },
      [](auto& rx) {
        std::uint64_t sum = 0;
        for (Message message : rx) sum += number_of(message);
        return sum;
      });
}

/// In batches.
template <class Channel>
sample batch_stream(capacity room, std::uint64_t messages, std::size_t producers, std::size_t consumers, bool pinned) {
  static constexpr std::uint64_t most = 32;
  return stream_by<Channel, std::uint64_t>(
      room, messages, producers, consumers, pinned,
      [=](auto& tx, std::uint64_t first) {
        std::vector<std::uint64_t> batch;
        batch.reserve(most);
        for (std::uint64_t i = first; i < messages;) {
          batch.clear();
          for (; i < messages && batch.size() < most; i += producers) batch.push_back(i);
          (void)tx.send_all(batch);
        }
      },
      [](auto& rx) {
        std::uint64_t sum = 0;
        std::vector<std::uint64_t> batch;
        for (batch.reserve(most); rx.recv_many(batch, most); batch.clear()) {
          for (const std::uint64_t message : batch) sum += message;
        }
        return sum;
      });
}

/// The longest time in which a thread did not get on: its operation waited, or the thread did for a processor. It looks
/// at the clock at every 64th operation only, so that what it measures is not slowed down.
class longest_gap {
public:
  void after(std::uint64_t operations) {
    if (operations % 64 == 0) look();
  }
  void look() {
    const auto now = clock::now();
    longest_ = std::max(longest_, now - last_);
    last_ = now;
  }
  clock::duration longest() const { return longest_; }

private:
  clock::time_point last_ = clock::now();
  clock::duration longest_{};
};

/// Whether a workload that shows how fair a channel is has run for long enough: n messages, and a microsecond for each.
class fair_run {
public:
  explicit fair_run(std::uint64_t messages) : messages_(messages) {}

  bool over(std::uint64_t done) const {
    return done >= messages_ && done % 1024 == 0 && clock::now() - start_ >= least();
  }
  clock::duration least() const { return messages_ * std::chrono::microseconds(1); }

private:
  std::uint64_t messages_;
  clock::time_point start_ = clock::now();
};

/// The longest delay of as many threads that are always runnable and use no channel: what the scheduler alone does.
inline clock::duration longest_delay(std::size_t number, clock::duration span, bool pinned) {
  std::vector<longest_gap> gaps(number);
  worker_threads threads(number, pinned);
  for (longest_gap& gap : gaps) {
    threads.add([&gap, span] {
      gap = {};
      for (const auto end = clock::now() + span; clock::now() < end;) gap.look();
    });
  }
  (void)threads.run(0);
  return std::ranges::max(gaps, {}, &longest_gap::longest).longest();
}

/// The counters of a workload about fairness.
inline void add_fairness(sample& s, const std::vector<std::uint64_t>& shares, const std::vector<longest_gap>& gaps,
                         clock::duration delay) {
  const auto [least, most] = std::ranges::minmax(shares);
  const auto nanoseconds = [](clock::duration d) { return static_cast<double>(std::chrono::nanoseconds(d).count()); };
  s.counters.emplace_back("slowest_over_fastest", static_cast<double>(least) / static_cast<double>(most));
  s.counters.emplace_back("longest_wait_ns", nanoseconds(std::ranges::max(gaps, {}, &longest_gap::longest).longest()));
  s.counters.emplace_back("longest_delay_ns", nanoseconds(delay));
}

/// Producers send until n messages are received: their shares show how fair the channel is.
template <class Channel>
sample shares(capacity room, std::uint64_t messages, std::size_t producers, bool pinned) {
  auto [tx, rx] = Channel::template make<std::uint64_t>(room);
  std::vector<std::uint64_t> received(producers, 0);
  std::vector<longest_gap> gaps(producers);
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> all_sent{0};
  worker_threads threads(producers + 1, pinned);
  for (std::size_t p = 0; p < producers; ++p) {
    threads.add([&enough, &all_sent, &gap = gaps[p], p, mine = tx.clone()]() mutable {
      gap = {};
      std::uint64_t sent = 0;
      for (; !enough.load(std::memory_order::relaxed); gap.after(++sent)) (void)mine.send(std::uint64_t{p});
      all_sent.fetch_add(sent, std::memory_order::relaxed);
      mine.reset();
    });
  }
  std::uint64_t total = 0;
  std::uint64_t late = 0;
  threads.add([&, mine = rx.clone()]() mutable {
    for (const fair_run run(messages); !run.over(total); ++total) ++received[mine.recv().value()];
    enough.store(true, std::memory_order::relaxed);
    for ([[maybe_unused]] std::uint64_t message : mine) ++late;
  });
  tx.reset();
  rx.reset();
  sample s = threads.run(messages);
  expect_sum(total + late, all_sent.load());
  s.messages = total;
  add_fairness(s, received, gaps, longest_delay(producers + 1, fair_run(messages).least() / 4, pinned));
  return s;
}

/// Consumers receive what one producer sends, until it has sent n messages.
template <class Channel>
sample consumer_shares(capacity room, std::uint64_t messages, std::size_t consumers, bool pinned) {
  auto [tx, rx] = Channel::template make<std::uint64_t>(room);
  std::vector<std::uint64_t> received(consumers, 0);
  std::vector<longest_gap> gaps(consumers);
  worker_threads threads(consumers + 1, pinned);
  std::uint64_t total = 0;
  threads.add([&, mine = tx.clone()]() mutable {
    for (const fair_run run(messages); !run.over(total); ++total) (void)mine.send(std::uint64_t{1});
    mine.reset();
  });
  for (std::size_t c = 0; c < consumers; ++c) {
    threads.add([&count = received[c], &gap = gaps[c], mine = rx.clone()]() mutable {
      gap = {};
      for ([[maybe_unused]] std::uint64_t message : mine) gap.after(++count);
    });
  }
  tx.reset();
  rx.reset();
  sample s = threads.run(messages);
  std::uint64_t all = 0;
  for (const std::uint64_t share : received) all += share;
  expect_sum(all, total);
  s.messages = total;
  add_fairness(s, received, gaps, longest_delay(consumers + 1, fair_run(messages).least() / 4, pinned));
  return s;
}

}  // namespace sluice::bench
