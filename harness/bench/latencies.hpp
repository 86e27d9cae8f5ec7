#pragma once

#include <harness/bench/sample.hpp>
#include <harness/bench/streams.hpp>
#include <harness/bench/worker_threads.hpp>

#include <chrono>
#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

/// Latency workloads.
namespace sluice::bench {

inline std::uint64_t nanoseconds(clock::duration d) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(d).count());
}

/// A message is sent to a second thread and back over another channel, n times; each round trip is timed.
/// \param idle  how long both sides idle before each round trip, outside the measured time.
template <class Channel>
sample ping_pong(capacity room, std::uint64_t messages, bool pinned, clock::duration idle = {}) {
  auto [ping_tx, ping_rx] = Channel::template make<std::uint64_t>(room);
  auto [pong_tx, pong_rx] = Channel::template make<std::uint64_t>(room);
  histogram round_trips;
  clock::duration busy{};
  std::uint64_t sum = 0;
  worker_threads threads(2, pinned);
  threads.add([&] {
    for (std::uint64_t i = 0; i < messages; ++i) {
      if (idle != idle.zero()) std::this_thread::sleep_for(idle);
      const auto start = clock::now();
      (void)ping_tx.send(std::uint64_t{i});
      sum += pong_rx.recv().value_or(0);
      const auto took = clock::now() - start;
      busy += took;
      round_trips.record(nanoseconds(took));
    }
    ping_tx.reset();
  });
  threads.add([&] {
    for (std::uint64_t message : ping_rx) (void)pong_tx.send(message + 1);
  });
  sample s = threads.run(messages);
  s.elapsed = busy;
  expect_sum(sum, sum_below(messages) + messages);
  s.add_percentiles(round_trips);
  return s;
}

/// Open loop: the sender follows a schedule, whatever the channel does. A message's latency counts from its intended
/// send time, so that a stall affects all messages that were due during it (no coordinated omission: Tene, How NOT to
/// Measure Latency, 2013).
///
/// \param rate  messages a second.
/// \param busy  whether the receiver spins instead of sleeping.
template <class Channel>
sample open_loop(capacity room, std::uint64_t rate, clock::duration length, bool pinned, bool busy = false) {
  auto [tx, rx] = Channel::template make<std::uint64_t>(room);
  const clock::duration between = std::chrono::nanoseconds(std::chrono::seconds(1)) / rate;
  const auto messages = static_cast<std::uint64_t>(length / between);
  histogram latencies;
  double receiver_cpu = 0;
  std::uint64_t sum = 0;
  std::latch started(1);
  clock::time_point start;
  worker_threads threads(2, pinned);
  threads.add([&] {
    start = clock::now();
    started.count_down();
    for (std::uint64_t i = 0; i < messages; ++i) {
      const auto due = start + static_cast<clock::rep>(i) * between;
      while (clock::now() < due) {
      }
      (void)tx.send(std::uint64_t{i});
    }
    tx.reset();
  });
  threads.add([&] {
    started.wait();
    const auto before = usage::of_thread();
    for (;;) {
      const auto message = [&] {
        if constexpr (Channel::traits.tries) {
          if (busy) return rx.recv_busy();
        }
        return rx.recv();
      }();
      if (!message) break;
      const std::uint64_t i = *message;
      const auto latency = clock::now() - (start + static_cast<clock::rep>(i) * between);
      latencies.record(nanoseconds(latency));
      sum += i;
    }
    receiver_cpu = usage::of_thread().cpu_seconds - before.cpu_seconds;
  });
  sample s = threads.run(messages);
  expect_sum(sum, sum_below(messages));
  s.add_percentiles(latencies);
  s.counters.emplace_back("receiver_cpu", receiver_cpu / std::chrono::duration<double>(s.elapsed).count());
  return s;
}

}  // namespace sluice::bench
