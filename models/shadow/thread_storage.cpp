#include <models/shadow/thread_storage.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <cxxabi.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif

extern "C" int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* library);

namespace sluice::models::shadow {
namespace {

std::uintptr_t thread_pointer() noexcept {
  std::uintptr_t pointer = 0;
#if defined(__x86_64__)
  asm("mov %%fs:0, %0" : "=r"(pointer));  // the thread's control block names itself first
#elif defined(__aarch64__)
  asm("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
  return pointer;
}

void set_thread_pointer(std::uintptr_t pointer) noexcept {
#if defined(__x86_64__)
  constexpr unsigned long allowed = 2;  // HWCAP2_FSGSBASE
  static const bool by_instruction = (getauxval(AT_HWCAP2) & allowed) != 0;
  if (by_instruction) {
    asm volatile("wrfsbase %0" : : "r"(pointer) : "memory");
  } else {
    syscall(SYS_arch_prctl, ARCH_SET_FS, pointer);
  }
#elif defined(__aarch64__)
  asm volatile("msr tpidr_el0, %0" : : "r"(pointer) : "memory");
#endif
}

/// The initial values of the program's own thread-local variables, and where they are in a thread's storage.
struct initial_image {
  const void* values = nullptr;
  std::size_t initialized = 0;
  std::size_t size = 0;
  std::ptrdiff_t offset = 0;  ///< from the thread pointer
};

initial_image find_image() {
  initial_image found;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        // The program itself comes first.
        auto& image = *static_cast<initial_image*>(out);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& part = info->dlpi_phdr[i];
          if (part.p_type != PT_TLS) continue;
          const std::size_t alignment = (std::max)(static_cast<std::size_t>(part.p_align), std::size_t{1});
          image.values = reinterpret_cast<const void*>(info->dlpi_addr + part.p_vaddr);
          image.initialized = part.p_filesz;
          image.size = part.p_memsz;
#if defined(__x86_64__)
          image.offset = -static_cast<std::ptrdiff_t>((part.p_memsz + alignment - 1) / alignment * alignment);
#else
          image.offset = static_cast<std::ptrdiff_t>((16 + alignment - 1) / alignment * alignment);
#endif
        }
        return 1;
      },
      &found);
  return found;
}

struct destructor {
  void (*destroy)(void*);
  void* object;
};

/// A modelled thread's storage, and the destructors that its end calls.
struct storage {
  std::uintptr_t pointer = 0;
  harness::raw_vector<destructor> destructors;
};

constexpr std::size_t most_threads = no_thread + 1;
std::array<storage, most_threads> storages;
std::uintptr_t own = 0;
std::size_t running = most_threads;

void* sleep_for_ever(void* out) {
  __atomic_store_n(static_cast<std::uintptr_t*>(out), thread_pointer(), __ATOMIC_RELEASE);
  for (;;) pause();
}

std::uintptr_t borrow() {
  std::uintptr_t pointer = 0;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, sleep_for_ever, &pointer) != 0) std::abort();
  while (__atomic_load_n(&pointer, __ATOMIC_ACQUIRE) == 0) usleep(10);
  return pointer;
}

}  // namespace

bool thread_storage_supported() noexcept {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  return true;
#else
  return false;
#endif
}

bool in_thread_storage() noexcept {
  const std::uintptr_t pointer = thread_pointer();
  return std::ranges::any_of(storages, [&](const storage& each) { return each.pointer == pointer; });
}

void use_own_thread_storage() noexcept {
  if (own != 0) set_thread_pointer(own);
  running = most_threads;
}

void borrow_thread_storage() {
  own = thread_pointer();
  for (storage& each : storages) each.pointer = borrow();
}

void use_thread_storage(std::size_t thread) noexcept {
  running = thread;
  set_thread_pointer(storages[thread].pointer);
}

void renew_thread_storage() noexcept {
  static const initial_image image = find_image();
  for (storage& each : storages) {
    each.destructors.clear();
    auto* const variables = reinterpret_cast<char*>(each.pointer) + image.offset;
    std::memcpy(variables, image.values, image.initialized);
    std::memset(variables + image.initialized, 0, image.size - image.initialized);
  }
}

void end_thread_storage() {
  if (running == most_threads) return;
  auto& mine = storages[running].destructors;
  while (!mine.empty()) {
    const destructor last = mine.back();
    mine.pop_back();
    last.destroy(last.object);
  }
}

void end_all_thread_storage() {
  for (std::size_t thread = 0; thread <= no_thread; ++thread) {
    if (storages[thread].destructors.empty()) continue;
    use_thread_storage(thread);
    end_thread_storage();
  }
  use_thread_storage(no_thread);
}

}  // namespace sluice::models::shadow

/// Called for each thread-local variable with a destructor, in place of the C++ library's.
extern "C" int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* library) noexcept {
  using namespace sluice::models::shadow;
  if (running == most_threads) return __cxa_thread_atexit_impl(destroy, object, library);
  storages[running].destructors.push_back({destroy, object});
  return 0;
}
