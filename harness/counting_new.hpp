#pragma once

#include <harness/allocations.hpp>

/// The operators new and delete behind <harness/allocations.hpp>, for one source file of an executable.
namespace here = sluice::harness::allocations::detail;

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
