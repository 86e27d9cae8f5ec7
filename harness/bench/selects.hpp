#pragma once

#include <harness/bench/sample.hpp>
#include <harness/bench/streams.hpp>
#include <harness/bench/worker_threads.hpp>

#include <sluice/select.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Workloads of select.
namespace sluice::bench {

namespace detail {

template <class Channel>
struct channels {
  std::vector<typename Channel::template sender<std::uint64_t>> senders;
  std::vector<typename Channel::template receiver<std::uint64_t>> receivers;

  channels(capacity room, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto [tx, rx] = Channel::template make<std::uint64_t>(room);
      senders.push_back(std::move(tx));
      receivers.push_back(std::move(rx));
    }
  }
};

template <class Receivers>
std::uint64_t select_sum(Receivers& receivers, std::uint64_t messages) {
  std::uint64_t sum = 0;
  selector any;
  for (auto& rx : receivers) any.recv(rx, [&sum](auto message) { sum += *message; });
  for (std::uint64_t i = 0; i < messages; ++i) any.wait();
  return sum;
}

}  // namespace detail

/// Each producer has its own channel; one receiver selects over all of them.
template <class Channel>
sample select_rx(capacity room, std::uint64_t messages, std::size_t producers, bool pinned) {
  detail::channels<Channel> ends(room, producers);
  std::uint64_t sum = 0;
  worker_threads threads(producers + 1, pinned);
  for (std::size_t p = 0; p < producers; ++p) {
    threads.add([&ends, p, producers, messages] {
      for (std::uint64_t i = p; i < messages; i += producers) (void)ends.senders[p].send(std::uint64_t{i});
    });
  }
  threads.add([&] { sum = detail::select_sum(ends.receivers, messages); });
  const sample s = threads.run(messages);
  expect_sum(sum, sum_below(messages));
  return s;
}

/// Each producer selects over sends to all channels, each consumer over receives from all.
template <class Channel>
sample select_both(capacity room, std::uint64_t messages, std::size_t sides, bool pinned) {
  detail::channels<Channel> ends(room, sides);
  std::atomic<std::uint64_t> sum{0};
  worker_threads threads(2 * sides, pinned);
  for (std::size_t p = 0; p < sides; ++p) {
    threads.add([&ends, p, sides, messages] {
      std::uint64_t next = p;
      selector any;
      for (const auto& tx : ends.senders) any.send(tx, next, [](auto) {});
      for (std::uint64_t i = p; i < messages; i += sides) {
        next = i;
        any.wait();
      }
    });
  }
  for (std::size_t c = 0; c < sides; ++c) {
    threads.add([&, share = messages / sides + (c < messages % sides)] {
      sum.fetch_add(detail::select_sum(ends.receivers, share), std::memory_order::relaxed);
    });
  }
  const sample s = threads.run(messages);
  expect_sum(sum.load(), sum_below(messages));
  return s;
}

}  // namespace sluice::bench
