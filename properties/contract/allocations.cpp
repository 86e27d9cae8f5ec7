#include <properties/contract/allocations.hpp>

#include <atomic>
#include <cstdlib>
#include <new>

namespace sluice::contract::allocations {
namespace {

std::atomic<std::size_t> blocks{0};
constexpr std::size_t none = static_cast<std::size_t>(-1);
thread_local std::size_t failing = none;
thread_local bool has_failed = false;

void* allocate(std::size_t size, std::size_t alignment) {
  if (failing != none && failing-- == 0) {
    failing = none;
    has_failed = true;
    throw std::bad_alloc();
  }
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::malloc(size == 0 ? 1 : size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (!memory) throw std::bad_alloc();
  blocks.fetch_add(1, std::memory_order::relaxed);
  return memory;
}

void release(void* memory) noexcept {
  if (!memory) return;
  blocks.fetch_sub(1, std::memory_order::relaxed);
  std::free(memory);
}

}  // namespace

std::size_t live() noexcept { return blocks.load(std::memory_order::relaxed); }

void fail(std::size_t nth) noexcept {
  has_failed = false;
  failing = nth;
}

bool failed() noexcept {
  failing = none;
  return has_failed;
}

}  // namespace sluice::contract::allocations

namespace here = sluice::contract::allocations;

void* operator new(std::size_t size) { return here::allocate(size, 1); }
void* operator new[](std::size_t size) { return here::allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t to) { return here::allocate(size, static_cast<std::size_t>(to)); }
void* operator new[](std::size_t size, std::align_val_t to) {
  return here::allocate(size, static_cast<std::size_t>(to));
}
void operator delete(void* memory) noexcept { here::release(memory); }
void operator delete[](void* memory) noexcept { here::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { here::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { here::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { here::release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { here::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { here::release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { here::release(memory); }
