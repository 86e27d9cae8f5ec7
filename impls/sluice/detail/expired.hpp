#pragma once

#include <sluice/platform.hpp>

namespace sluice::inline SLUICE_ABI::detail {

/// Whether a deadline has passed. The clock is not read for one that is never reached.
inline bool expired(platform::time_point until) { return until != platform::no_deadline && platform::now() >= until; }

}  // namespace sluice::inline SLUICE_ABI::detail
