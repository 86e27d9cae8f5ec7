#include <models/shadow/heap.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>

// This file does not include Relacy, whose operators new and delete it replaces.
namespace sluice::models::shadow {

bool in_model() noexcept;
void* allocate_in_model(std::size_t size);
void free_in_model(void* memory) noexcept;
void forget(const void* memory, std::size_t size) noexcept;

namespace {

struct block {
  void* base = nullptr;  ///< as Relacy knows it
  std::size_t size = 0;
};

using blocks = std::unordered_map<const void*, block, std::hash<const void*>, std::equal_to<>,
                                  harness::raw_allocator<std::pair<const void* const, block>>>;

struct range {
  const std::byte* begin;
  const std::byte* end;
};

blocks& live() {
  static blocks all;
  return all;
}

harness::raw_vector<range>& free_ranges() {
  static harness::raw_vector<range> all;
  return all;
}

void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
  if (!in_model()) {
    void* const memory = alignment <= alignof(std::max_align_t)
                             ? std::malloc(size == 0 ? 1 : size)
                             : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  const std::size_t more = alignment <= alignof(std::max_align_t) ? 0 : alignment;
  void* const base = allocate_in_model(size + more);
  void* aligned = base;
  std::size_t room = size + more;
  if (more != 0) std::align(alignment, size, aligned, room);
  const auto* const begin = static_cast<const std::byte*>(aligned);
  std::erase_if(free_ranges(), [&](const range& r) { return r.begin < begin + size && begin < r.end; });
  live()[aligned] = {base, size};
  // A read of what was never written finds the same in each execution.
  return std::memset(aligned, 0, size);
}

void release(void* memory) noexcept {
  if (!memory) return;
  if (!in_model()) return std::free(memory);
  const auto known = live().find(memory);
  if (known == live().end()) return free_in_model(memory);
  const block freed = known->second;
  live().erase(known);
  forget(memory, freed.size);
  const auto* const begin = static_cast<const std::byte*>(memory);
  free_ranges().push_back({begin, begin + freed.size});
  free_in_model(freed.base);
}

}  // namespace

void begin_heap() noexcept {
  live().clear();
  free_ranges().clear();
}

std::size_t size_of_block(const void* memory) noexcept {
  const auto known = live().find(memory);
  return known == live().end() ? 0 : known->second.size;
}

bool freed(const volatile void* address) noexcept {
  const auto* const at = const_cast<const std::byte*>(static_cast<const volatile std::byte*>(address));
  return std::ranges::any_of(free_ranges(), [&](const range& r) { return r.begin <= at && at < r.end; });
}

}  // namespace sluice::models::shadow

using sluice::models::shadow::allocate;
using sluice::models::shadow::release;

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t to) { return allocate(size, static_cast<std::size_t>(to)); }
void* operator new[](std::size_t size, std::align_val_t to) { return allocate(size, static_cast<std::size_t>(to)); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
