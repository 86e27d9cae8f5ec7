#pragma once

#include <models/schedule.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sluice::models {

/// Shrinks a failing schedule to fewer deviations, as long as it still fails.
///
/// \param fails  executes a schedule; returns the choices that were actually made if it fails, or nullopt.
template <class Fails>
schedule shrink(schedule s, Fails fails) {
  for (std::size_t length = std::max<std::size_t>(1, s.size()); length > 0; length /= 2) {
    for (std::size_t from = 0; from < s.size();) {
      const std::size_t until = std::min(s.size(), from + length);
      schedule candidate = s;
      bool changed = false;
      for (std::size_t i = from; i < until; ++i) changed |= std::exchange(candidate[i].taken, 0) != 0;
      from = until;
      if (!changed) continue;
      if (auto found = fails(candidate); found && deviations(*found) < deviations(s)) s = std::move(*found);
    }
  }
  return s;
}

}  // namespace sluice::models
