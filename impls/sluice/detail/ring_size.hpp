#pragma once

#include <sluice/detail/raise.hpp>

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>

namespace sluice::inline SLUICE_ABI::detail {

/// \returns  the capacity of a ring of such slots, if there can be one.
/// \throws std::length_error
template <class Slot>
std::size_t checked_ring_size(std::size_t capacity) {
  constexpr std::size_t most = (std::numeric_limits<std::ptrdiff_t>::max)() / sizeof(Slot) / 4;
  if (capacity == 0) raise<std::length_error>("sluice: a ring needs a capacity of at least 1");
  if (capacity > most) {
    raise<std::length_error>("sluice: a capacity of " + std::to_string(capacity) + " is beyond memory; at most " +
                             std::to_string(most) + " messages of this type can be asked for");
  }
  return capacity;
}

}  // namespace sluice::inline SLUICE_ABI::detail
