#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

/// Counts the bytes, and the blocks, that one thread requests from operator new while counting is on. For one source
/// file of an executable.
namespace sluice::bench {

inline bool counts_requests = false;
inline std::size_t requested = 0;
inline std::size_t requests = 0;

namespace detail {

inline void* request(std::size_t size, std::size_t alignment) {
  if (counts_requests) {
    requested += size;
    ++requests;
  }
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::malloc(size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace detail
}  // namespace sluice::bench

// Not inlined: compilers would warn that memory from operator new is passed to free().
[[gnu::noinline]] void* operator new(std::size_t size) { return sluice::bench::detail::request(size, 1); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t to) {
  return sluice::bench::detail::request(size, static_cast<std::size_t>(to));
}
// Those of arrays call these, but not where a sanitizer has its own.
[[gnu::noinline]] void* operator new[](std::size_t size) { return sluice::bench::detail::request(size, 1); }
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t to) {
  return sluice::bench::detail::request(size, static_cast<std::size_t>(to));
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
