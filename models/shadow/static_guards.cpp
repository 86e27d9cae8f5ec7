#include <models/platform.hpp>

#include <models/shadow/thread_storage.hpp>

#include <cstdint>

/// The compilers' guards of function-local static variables
/// (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#once-ctor), in place of the C++ library's: that waits for the
/// kernel, and so for ever if another modelled thread has begun the initialization.
namespace {

constexpr std::uint64_t done = 1;  // by the ABI in the first byte
constexpr std::uint64_t begun = 256;

}  // namespace

extern "C" int __cxa_guard_acquire(std::uint64_t* guard) {
  while (__atomic_load_n(guard, __ATOMIC_ACQUIRE) != done) {
    std::uint64_t never = 0;
    if (__atomic_compare_exchange_n(guard, &never, begun, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return 1;
    if (sluice::models::shadow::in_thread_storage() && sluice::platform::model::playing) sluice::platform::yield();
  }
  return 0;
}
extern "C" void __cxa_guard_release(std::uint64_t* guard) noexcept { __atomic_store_n(guard, done, __ATOMIC_RELEASE); }
extern "C" void __cxa_guard_abort(std::uint64_t* guard) noexcept {
  __atomic_store_n(guard, std::uint64_t{0}, __ATOMIC_RELEASE);
}
