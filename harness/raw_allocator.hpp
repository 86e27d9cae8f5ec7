#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <unordered_set>
#include <vector>

namespace sluice::harness {

/// Storage that a model checker does not see: its own `operator new` would take the harness's records for the
/// channel's and report them as leaks.
template <class T>
struct raw_allocator {
  using value_type = T;

  raw_allocator() = default;
  template <class U>
  raw_allocator(const raw_allocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    if (void* memory = (std::malloc)(count * sizeof(T))) return static_cast<T*>(memory);
    throw std::bad_alloc();
  }
  void deallocate(T* memory, std::size_t) noexcept { (std::free)(memory); }

  friend bool operator==(const raw_allocator&, const raw_allocator&) noexcept { return true; }
};

template <class T>
using raw_vector = std::vector<T, raw_allocator<T>>;

template <class T, class Hash = std::hash<T>>
using raw_set = std::unordered_set<T, Hash, std::equal_to<T>, raw_allocator<T>>;

}  // namespace sluice::harness
