#pragma once

#include <harness/bench/latency.hpp>
#include <harness/bench/probe.hpp>
#include <harness/subject.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace sluice::bench {

using clock = std::chrono::steady_clock;

/// What one run of a workload came to.
struct sample {
  clock::duration elapsed{};  ///< from the moment all threads stand ready to the moment the last is done
  double cpu_seconds = 0;     ///< of the whole process, over the same span
  long context_switches = 0;
};

/// Processor time and context switches of this process so far.
struct usage {
  double cpu_seconds = 0;
  long context_switches = 0;

  static usage now() {
    usage u;
#if defined(__linux__)
    rusage r{};
    getrusage(RUSAGE_SELF, &r);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    u.cpu_seconds = seconds(r.ru_utime) + seconds(r.ru_stime);
    u.context_switches = r.ru_nvcsw + r.ru_nivcsw;
#endif
    return u;
  }
};

/// Measures from its making to finish().
class span {
public:
  sample finish() const {
    const auto end = clock::now();
    const usage after = usage::now();
    return {.elapsed = end - start_,
            .cpu_seconds = after.cpu_seconds - before_.cpu_seconds,
            .context_switches = after.context_switches - before_.context_switches};
  }

private:
  usage before_ = usage::now();
  clock::time_point start_ = clock::now();
};

/// A run whose sums are wrong has no time.
class lost_messages : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

inline void expect_sum(std::uint64_t got, std::uint64_t expected) {
  if (got != expected) {
    throw lost_messages("the sum received is " + std::to_string(got) + ", not " + std::to_string(expected) +
                        ": messages were lost or made up");
  }
}

constexpr std::uint64_t sum_below(std::uint64_t n) { return n * (n - 1) / 2; }

/// One thread sends n messages, then receives them.
template <class Subject>
sample seq(std::optional<std::size_t> capacity, std::uint64_t messages) {
  auto [tx, rx] = Subject::template make<std::uint64_t>(capacity);
  const span timed;
  std::uint64_t sum = 0;
  // A bounded channel is filled and emptied in turns.
  const std::uint64_t turn = capacity ? std::min<std::uint64_t>(*capacity, messages) : messages;
  for (std::uint64_t done = 0; done < messages;) {
    const std::uint64_t now = std::min(turn, messages - done);
    for (std::uint64_t i = 0; i < now; ++i) (void)tx.send(done + i);
    for (std::uint64_t i = 0; i < now; ++i) sum += rx.recv().value_or(0);
    done += now;
  }
  const sample s = timed.finish();
  expect_sum(sum, sum_below(messages));
  return s;
}

/// Producers send n messages between them to the consumers.
template <class Subject>
sample stream(std::optional<std::size_t> capacity, std::uint64_t messages, std::size_t producers, std::size_t consumers,
              bool pinned) {
  auto [tx, rx] = Subject::template make<std::uint64_t>(capacity);
  std::latch ready(static_cast<std::ptrdiff_t>(producers + consumers + 1));
  std::latch go(1);
  std::atomic<std::uint64_t> sum{0};
  std::vector<std::jthread> threads;
  const auto spawn = [&](auto job) {
    threads.emplace_back([&, n = threads.size(), job = std::move(job)]() mutable {
      if (pinned) pin(n);
      ready.count_down();
      go.wait();
      job();
    });
  };
  for (std::size_t p = 0; p < producers; ++p) {
    spawn([&, p, mine = tx.clone()]() mutable {
      for (std::uint64_t i = p; i < messages; i += producers) (void)mine.send(std::uint64_t{i});
      mine.reset();
    });
  }
  for (std::size_t c = 0; c < consumers; ++c) {
    spawn([&, mine = rx.clone()]() mutable {
      std::uint64_t mine_sum = 0;
      for (std::uint64_t message : mine) mine_sum += message;
      sum.fetch_add(mine_sum, std::memory_order::relaxed);
    });
  }
  tx.reset();
  rx.reset();
  ready.arrive_and_wait();
  const span timed;
  go.count_down();
  threads.clear();
  const sample s = timed.finish();
  expect_sum(sum.load(), sum_below(messages));
  return s;
}

/// A message goes to a second thread and comes back over another channel, n times; each round trip is timed.
template <class Subject>
sample ping_pong(std::optional<std::size_t> capacity, std::uint64_t messages, bool pinned, histogram& round_trips) {
  auto [ping_tx, ping_rx] = Subject::template make<std::uint64_t>(capacity);
  auto [pong_tx, pong_rx] = Subject::template make<std::uint64_t>(capacity);
  std::latch ready(2);
  std::jthread echo([&] {
    if (pinned) pin(1);
    ready.arrive_and_wait();
    for (std::uint64_t message : ping_rx) (void)pong_tx.send(message + 1);
  });
  const std::vector<int> all = processors();
  if (pinned) pin(0);
  ready.arrive_and_wait();
  const span timed;
  auto last = clock::now();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < messages; ++i) {
    (void)ping_tx.send(std::uint64_t{i});
    sum += pong_rx.recv().value_or(0);
    const auto now = clock::now();
    round_trips.record(static_cast<std::uint64_t>(std::chrono::nanoseconds(now - last).count()));
    last = now;
  }
  const sample s = timed.finish();
  ping_tx.reset();
  if (pinned) unpin(all);
  expect_sum(sum, sum_below(messages) + messages);
  return s;
}

}  // namespace sluice::bench
