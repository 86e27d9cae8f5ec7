#pragma once

#include <models/shadow/heap.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

/// The C library's allocations, which the model checker then sees as those of operator new.
namespace sluice::models::shadow {

inline void* modelled_malloc(std::size_t size) { return ::operator new(size); }
inline void modelled_free(void* memory) noexcept { ::operator delete(memory); }
inline void* modelled_calloc(std::size_t count, std::size_t size) {
  void* const memory = ::operator new(count* size);
  std::memset(memory, 0, count * size);
  return memory;
}
/// The memory always moves.
inline void* modelled_realloc(void* memory, std::size_t size) {
  void* const more = ::operator new(size);
  if (memory) std::memcpy(more, memory, (std::min)(size, size_of_block(memory)));
  ::operator delete(memory);
  return more;
}
inline void* modelled_aligned_alloc(std::size_t alignment, std::size_t size) {
  return ::operator new(size, std::align_val_t{alignment});
}
inline int modelled_posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = modelled_aligned_alloc(alignment, size);
  return 0;
}

}  // namespace sluice::models::shadow
