#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

/// Counts allocations, and makes one fail on purpose. One source file of the executable includes
/// <harness/counting_new.hpp>.
namespace sluice::harness::allocations {
namespace detail {

inline constexpr std::size_t none = static_cast<std::size_t>(-1);
inline std::atomic<std::size_t> live{0};
inline thread_local std::size_t made = 0;
inline thread_local std::size_t failing = none;
inline thread_local bool has_failed = false;

inline void* allocate(std::size_t size, std::size_t alignment) {
  if (failing != none && failing-- == 0) {
    failing = none;
    has_failed = true;
    throw std::bad_alloc();
  }
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::malloc(size == 0 ? 1 : size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) throw std::bad_alloc();
  live.fetch_add(1, std::memory_order::relaxed);
  ++made;
  return memory;
}

inline void release(void* memory) noexcept {
  if (!memory) return;
  live.fetch_sub(1, std::memory_order::relaxed);
  std::free(memory);
}

}  // namespace detail

/// Blocks that are allocated now.
inline std::size_t live() noexcept { return detail::live.load(std::memory_order::relaxed); }

/// Blocks that the calling thread has allocated so far.
inline std::size_t made() noexcept { return detail::made; }

/// From here on, the calling thread's allocation number `nth` (from 0) throws std::bad_alloc, once.
inline void fail(std::size_t nth) noexcept {
  detail::has_failed = false;
  detail::failing = nth;
}

/// Ends that. \returns  whether the allocation failed.
inline bool failed() noexcept {
  detail::failing = detail::none;
  return detail::has_failed;
}

}  // namespace sluice::harness::allocations
