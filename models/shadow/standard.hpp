#pragma once

// Every standard header that the renamed names could break comes first, then the modelled counterparts.
#include <new>

// heap.cpp replaces these, so that Relacy's must not be inlined.
#if defined(__GNUC__) && !defined(__clang__)
#define SLUICE_REPLACED gnu::noipa
#else
#define SLUICE_REPLACED gnu::noinline
#endif
[[SLUICE_REPLACED]] void* operator new(std::size_t);
[[SLUICE_REPLACED]] void* operator new[](std::size_t);
[[SLUICE_REPLACED]] void operator delete(void*) noexcept;
[[SLUICE_REPLACED]] void operator delete[](void*) noexcept;
#undef SLUICE_REPLACED

#include <models/platform.hpp>

#include <barrier>
#include <csetjmp>
#include <csignal>
#include <future>
#include <latch>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#include <models/shadow/allocation.hpp>
#include <models/shadow/atomic.hpp>
#include <models/shadow/builtins.hpp>
#include <models/shadow/clocks.hpp>
#include <models/shadow/free_functions.hpp>
#include <models/shadow/kernel_calls.hpp>
#include <models/shadow/locks.hpp>
#include <models/shadow/once.hpp>
#include <models/shadow/pthreads.hpp>
#include <models/shadow/refused.hpp>
#include <models/shadow/semaphores.hpp>
#include <models/shadow/this_thread.hpp>

/// The names that rename.hpp gives to the standard's; nothing else of namespace std changes.
namespace std {

namespace shadow_detail = ::sluice::models::shadow;

template <class T>
using modelled_atomic = shadow_detail::atomic<T>;
template <class T>
using modelled_atomic_ref = shadow_detail::atomic_ref<T>;
template <class T>
using modelled_unique_lock = shadow_detail::unique_lock<T>;
template <class T>
using modelled_shared_lock = shadow_detail::shared_lock<T>;
template <class T>
using modelled_lock_guard = shadow_detail::lock_guard<T>;
template <class... Locks>
using modelled_scoped_lock = shadow_detail::scoped_lock<Locks...>;
template <ptrdiff_t Most = counting_semaphore<>::max()>
using modelled_counting_semaphore = shadow_detail::counting_semaphore<Most>;
template <class... Completion>
using modelled_barrier = shadow_detail::barrier<Completion...>;
template <class... T>
using modelled_future = shadow_detail::needs_threads_of_its_own<T...>;
template <class... T>
using modelled_shared_future = shadow_detail::needs_threads_of_its_own<T...>;
template <class... T>
using modelled_promise = shadow_detail::needs_threads_of_its_own<T...>;
template <class... T>
using modelled_shared_ptr = shadow_detail::needs_hidden_counters<T...>;
template <class... T>
using modelled_weak_ptr = shadow_detail::needs_hidden_counters<T...>;
template <class... T>
using modelled_enable_shared_from_this = shadow_detail::needs_hidden_counters<T...>;
template <class T, class... Arguments>
shadow_detail::needs_hidden_counters<T> modelled_make_shared(Arguments&&...);
using shadow_detail::modelled_async;
template <class... T>
using modelled_packaged_task = shadow_detail::needs_threads_of_its_own<T...>;
using modelled_atomic_flag = shadow_detail::atomic_flag;
using modelled_mutex = shadow_detail::mutex;
using modelled_timed_mutex = shadow_detail::timed_mutex;
using modelled_shared_mutex = shadow_detail::shared_mutex;
using modelled_shared_timed_mutex = shadow_detail::shared_timed_mutex;
using modelled_recursive_mutex = shadow_detail::recursive_mutex;
using modelled_recursive_timed_mutex = shadow_detail::recursive_timed_mutex;
using modelled_condition_variable = shadow_detail::condition_variable;
using modelled_condition_variable_any = shadow_detail::condition_variable_any;
using modelled_binary_semaphore = shadow_detail::binary_semaphore;
using modelled_once_flag = shadow_detail::once_flag;
using shadow_detail::modelled_call_once;
using modelled_latch = shadow_detail::latch;
using modelled_thread = shadow_detail::thread;
using modelled_jthread = shadow_detail::jthread;

using modelled_atomic_char = modelled_atomic<char>;
using modelled_atomic_schar = modelled_atomic<signed char>;
using modelled_atomic_uchar = modelled_atomic<unsigned char>;
using modelled_atomic_short = modelled_atomic<short>;
using modelled_atomic_ushort = modelled_atomic<unsigned short>;
using modelled_atomic_int = modelled_atomic<int>;
using modelled_atomic_uint = modelled_atomic<unsigned>;
using modelled_atomic_long = modelled_atomic<long>;
using modelled_atomic_ulong = modelled_atomic<unsigned long>;
using modelled_atomic_llong = modelled_atomic<long long>;
using modelled_atomic_ullong = modelled_atomic<unsigned long long>;
using modelled_atomic_char8_t = modelled_atomic<char8_t>;
using modelled_atomic_char16_t = modelled_atomic<char16_t>;
using modelled_atomic_char32_t = modelled_atomic<char32_t>;
using modelled_atomic_wchar_t = modelled_atomic<wchar_t>;
using modelled_atomic_int8_t = modelled_atomic<std::int8_t>;
using modelled_atomic_uint8_t = modelled_atomic<std::uint8_t>;
using modelled_atomic_int16_t = modelled_atomic<std::int16_t>;
using modelled_atomic_uint16_t = modelled_atomic<std::uint16_t>;
using modelled_atomic_int32_t = modelled_atomic<std::int32_t>;
using modelled_atomic_uint32_t = modelled_atomic<std::uint32_t>;
using modelled_atomic_int64_t = modelled_atomic<std::int64_t>;
using modelled_atomic_uint64_t = modelled_atomic<std::uint64_t>;
using modelled_atomic_int_least8_t = modelled_atomic<std::int_least8_t>;
using modelled_atomic_uint_least8_t = modelled_atomic<std::uint_least8_t>;
using modelled_atomic_int_least16_t = modelled_atomic<std::int_least16_t>;
using modelled_atomic_uint_least16_t = modelled_atomic<std::uint_least16_t>;
using modelled_atomic_int_least32_t = modelled_atomic<std::int_least32_t>;
using modelled_atomic_uint_least32_t = modelled_atomic<std::uint_least32_t>;
using modelled_atomic_int_least64_t = modelled_atomic<std::int_least64_t>;
using modelled_atomic_uint_least64_t = modelled_atomic<std::uint_least64_t>;
using modelled_atomic_int_fast8_t = modelled_atomic<std::int_fast8_t>;
using modelled_atomic_uint_fast8_t = modelled_atomic<std::uint_fast8_t>;
using modelled_atomic_int_fast16_t = modelled_atomic<std::int_fast16_t>;
using modelled_atomic_uint_fast16_t = modelled_atomic<std::uint_fast16_t>;
using modelled_atomic_int_fast32_t = modelled_atomic<std::int_fast32_t>;
using modelled_atomic_uint_fast32_t = modelled_atomic<std::uint_fast32_t>;
using modelled_atomic_int_fast64_t = modelled_atomic<std::int_fast64_t>;
using modelled_atomic_uint_fast64_t = modelled_atomic<std::uint_fast64_t>;
using modelled_atomic_intptr_t = modelled_atomic<std::intptr_t>;
using modelled_atomic_uintptr_t = modelled_atomic<std::uintptr_t>;
using modelled_atomic_size_t = modelled_atomic<std::size_t>;
using modelled_atomic_ptrdiff_t = modelled_atomic<std::ptrdiff_t>;
using modelled_atomic_intmax_t = modelled_atomic<std::intmax_t>;
using modelled_atomic_uintmax_t = modelled_atomic<std::uintmax_t>;
using modelled_atomic_bool = modelled_atomic<bool>;
using modelled_atomic_signed_lock_free = modelled_atomic<int>;
using modelled_atomic_unsigned_lock_free = modelled_atomic<unsigned>;

using shadow_detail::modelled_aligned_alloc;
using shadow_detail::modelled_atomic_compare_exchange_strong;
using shadow_detail::modelled_atomic_compare_exchange_strong_explicit;
using shadow_detail::modelled_atomic_compare_exchange_weak;
using shadow_detail::modelled_atomic_compare_exchange_weak_explicit;
using shadow_detail::modelled_atomic_exchange;
using shadow_detail::modelled_atomic_exchange_explicit;
using shadow_detail::modelled_atomic_fetch_add;
using shadow_detail::modelled_atomic_fetch_add_explicit;
using shadow_detail::modelled_atomic_fetch_and;
using shadow_detail::modelled_atomic_fetch_and_explicit;
using shadow_detail::modelled_atomic_fetch_or;
using shadow_detail::modelled_atomic_fetch_or_explicit;
using shadow_detail::modelled_atomic_fetch_sub;
using shadow_detail::modelled_atomic_fetch_sub_explicit;
using shadow_detail::modelled_atomic_fetch_xor;
using shadow_detail::modelled_atomic_fetch_xor_explicit;
using shadow_detail::modelled_atomic_flag_clear;
using shadow_detail::modelled_atomic_flag_clear_explicit;
using shadow_detail::modelled_atomic_flag_notify_all;
using shadow_detail::modelled_atomic_flag_notify_one;
using shadow_detail::modelled_atomic_flag_test;
using shadow_detail::modelled_atomic_flag_test_and_set;
using shadow_detail::modelled_atomic_flag_test_and_set_explicit;
using shadow_detail::modelled_atomic_flag_test_explicit;
using shadow_detail::modelled_atomic_flag_wait;
using shadow_detail::modelled_atomic_flag_wait_explicit;
using shadow_detail::modelled_atomic_is_lock_free;
using shadow_detail::modelled_atomic_load;
using shadow_detail::modelled_atomic_load_explicit;
using shadow_detail::modelled_atomic_notify_all;
using shadow_detail::modelled_atomic_notify_one;
using shadow_detail::modelled_atomic_signal_fence;
using shadow_detail::modelled_atomic_store;
using shadow_detail::modelled_atomic_store_explicit;
using shadow_detail::modelled_atomic_thread_fence;
using shadow_detail::modelled_atomic_wait;
using shadow_detail::modelled_atomic_wait_explicit;
using shadow_detail::modelled_calloc;
using shadow_detail::modelled_free;
using shadow_detail::modelled_malloc;
using shadow_detail::modelled_realloc;

namespace modelled_this_thread = shadow_detail::this_thread;

}  // namespace std

using sluice::models::shadow::modelled_aligned_alloc;
using sluice::models::shadow::modelled_calloc;
using sluice::models::shadow::modelled_free;
using sluice::models::shadow::modelled_malloc;
using sluice::models::shadow::modelled_posix_memalign;
using sluice::models::shadow::modelled_pthread_cond_broadcast;
using sluice::models::shadow::modelled_pthread_cond_clockwait;
using sluice::models::shadow::modelled_pthread_cond_destroy;
using sluice::models::shadow::modelled_pthread_cond_init;
using sluice::models::shadow::modelled_pthread_cond_signal;
using sluice::models::shadow::modelled_pthread_cond_timedwait;
using sluice::models::shadow::modelled_pthread_cond_wait;
using sluice::models::shadow::modelled_pthread_mutex_destroy;
using sluice::models::shadow::modelled_pthread_mutex_init;
using sluice::models::shadow::modelled_pthread_mutex_lock;
using sluice::models::shadow::modelled_pthread_mutex_trylock;
using sluice::models::shadow::modelled_pthread_mutex_unlock;
using sluice::models::shadow::modelled_realloc;
using sluice::models::shadow::modelled_sched_yield;
using sluice::models::shadow::modelled_sem_clockwait;
using sluice::models::shadow::modelled_sem_destroy;
using sluice::models::shadow::modelled_sem_getvalue;
using sluice::models::shadow::modelled_sem_init;
using sluice::models::shadow::modelled_sem_post;
using sluice::models::shadow::modelled_sem_timedwait;
using sluice::models::shadow::modelled_sem_trywait;
using sluice::models::shadow::modelled_sem_wait;

// Of names that <sluice/platform.hpp> has, too.
namespace sluice::inline SLUICE_ABI::platform {
template <class T>
using modelled_atomic = atomic<T>;
using modelled_mutex = mutex;
using modelled_unique_lock = unique_lock;
using modelled_condition_variable = condition_variable;
}  // namespace sluice::inline SLUICE_ABI::platform
