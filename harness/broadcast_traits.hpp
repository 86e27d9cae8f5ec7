#pragma once

#include <sluice/core.hpp>

#include <cstddef>
#include <optional>

namespace sluice::harness {

/// What a broadcast promises, as far as generating its scenarios depends on it.
struct broadcast_traits {
  static constexpr cardinality producers = cardinality::many;
  static constexpr cardinality consumers = cardinality::many;
  static constexpr bool own_threads = false;

  bool clonable_receivers = true;  ///< a clone starts at the position of its original

  constexpr bool accepts(std::optional<std::size_t> capacity) const noexcept { return capacity && *capacity != 0; }
};

}  // namespace sluice::harness
