#pragma once

#include <cstddef>

/// Every allocation and deallocation of a shadowed channel, beside Relacy's own bookkeeping: what is accessed after it
/// was freed, and races with its freeing, are then seen.
namespace sluice::models::shadow {

/// Forgets the blocks of the last execution.
void begin_heap() noexcept;

/// The size of a block that the channel allocated. \pre  It is not freed.
std::size_t size_of_block(const void* memory) noexcept;

/// Whether this address lies in memory that has been freed and not allocated again.
bool freed(const volatile void* address) noexcept;

}  // namespace sluice::models::shadow
