#pragma once

#include <harness/bench/requested_bytes.hpp>
#include <harness/bench/sample.hpp>
#include <harness/bench/streams.hpp>

#include <sluice/oneshot.hpp>

#include <cstddef>
#include <cstdint>

/// Workloads on a channel's creation and memory.
namespace sluice::bench {

/// Creates a channel, uses it once and drops it, n times.
template <class Channel>
sample create(capacity room, std::uint64_t times) {
  const span timed;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < times; ++i) {
    auto [tx, rx] = Channel::template make<std::uint64_t>(room);
    (void)tx.send(std::uint64_t{i});
    sum += rx.recv().value_or(0);
  }
  const sample s = timed.finish(times);
  expect_sum(sum, sum_below(times));
  return s;
}

/// Bytes that an empty channel has requested from the allocator, and after one message.
template <class Channel>
sample memory(capacity room) {
  requested = 0;
  counts_requests = true;
  auto [tx, rx] = Channel::template make<std::uint64_t>(room);
  const auto empty = static_cast<double>(requested);
  const span timed;
  (void)tx.send(std::uint64_t{1});
  sample s = timed.finish(1);
  counts_requests = false;
  s.counters = {{"bytes_empty", empty}, {"bytes_one", static_cast<double>(requested)}};
  expect_sum(rx.recv().value_or(0), 1);
  return s;
}

}  // namespace sluice::bench
