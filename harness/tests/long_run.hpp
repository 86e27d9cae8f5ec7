#pragma once

#include <harness/history.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace sluice::harness {

/// A long linearizable history: a queue used by eight threads, with each operation extended around its linearization
/// point.
inline history long_run(std::size_t operations, std::optional<std::size_t> capacity, unsigned seed) {
  std::minstd_rand random(seed);
  history h;
  h.reserve(operations);
  std::deque<int> queue;
  for (std::size_t i = 0; i < operations; ++i) {
    const instant now = 40 * (i + 1);
    event e{.called = now - random() % 40,
            .returned = now + random() % 40,
            .index = static_cast<std::uint32_t>(i),
            .thread = static_cast<std::uint16_t>(random() % 8)};
    if (random() % 2 == 0) {
      e.kind = op_kind::try_send;
      e.value = scenario::value_of(e.thread, i);
      e.result = capacity && queue.size() == *capacity ? status::full : status::ok;
      if (e.result == status::ok) queue.push_back(e.value);
    } else {
      e.kind = op_kind::try_recv;
      e.result = queue.empty() ? status::empty : status::ok;
      if (e.result == status::ok) {
        e.value = queue.front();
        queue.pop_front();
      }
    }
    h.push_back(e);
  }
  return h;
}

}  // namespace sluice::harness
