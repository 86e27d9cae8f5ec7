#pragma once

#include <cstddef>

/// Counts what the program allocates, and makes an allocation fail on purpose.
namespace sluice::contract::allocations {

/// Blocks that are allocated now.
std::size_t live() noexcept;

/// From here on, the calling thread's allocation number `nth` (from 0) throws std::bad_alloc, once.
void fail(std::size_t nth) noexcept;

/// Ends that. \returns  whether it came to pass.
bool failed() noexcept;

}  // namespace sluice::contract::allocations
