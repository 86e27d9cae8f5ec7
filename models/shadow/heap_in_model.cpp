#include <models/platform.hpp>

#include <models/shadow/locks.hpp>
#include <models/shadow/memory.hpp>
#include <models/shadow/word.hpp>

#include <cstddef>

// What heap.cpp needs of Relacy.
namespace sluice::models::shadow {

bool in_model() noexcept { return rl::is_ctx(); }
void* allocate_in_model(std::size_t size) { return rl::ctx().alloc(size); }
void free_in_model(void* memory) noexcept { rl::ctx().free(memory); }

void forget(const void* memory, std::size_t size) noexcept {
  words.forget(memory, size);
  mutexes.forget(memory, size);
  sleepers.forget(memory, size);
  plain.forget(memory, size);
}

}  // namespace sluice::models::shadow
