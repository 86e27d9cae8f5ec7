#pragma once

// From here to the end of the unit, the names of the standard mean their modelled counterparts in
// <models/shadow/standard.hpp>.

#define atomic modelled_atomic
#define atomic_ref modelled_atomic_ref
#define atomic_flag modelled_atomic_flag
#define mutex modelled_mutex
#define timed_mutex modelled_timed_mutex
#define shared_mutex modelled_shared_mutex
#define shared_timed_mutex modelled_shared_timed_mutex
#define recursive_mutex modelled_recursive_mutex
#define recursive_timed_mutex modelled_recursive_timed_mutex
#define unique_lock modelled_unique_lock
#define shared_lock modelled_shared_lock
#define lock_guard modelled_lock_guard
#define scoped_lock modelled_scoped_lock
#define condition_variable modelled_condition_variable
#define condition_variable_any modelled_condition_variable_any
#define counting_semaphore modelled_counting_semaphore
#define binary_semaphore modelled_binary_semaphore
#define latch modelled_latch
#define barrier modelled_barrier
#define atomic_char modelled_atomic_char
#define atomic_schar modelled_atomic_schar
#define atomic_uchar modelled_atomic_uchar
#define atomic_short modelled_atomic_short
#define atomic_ushort modelled_atomic_ushort
#define atomic_int modelled_atomic_int
#define atomic_uint modelled_atomic_uint
#define atomic_long modelled_atomic_long
#define atomic_ulong modelled_atomic_ulong
#define atomic_llong modelled_atomic_llong
#define atomic_ullong modelled_atomic_ullong
#define atomic_char8_t modelled_atomic_char8_t
#define atomic_char16_t modelled_atomic_char16_t
#define atomic_char32_t modelled_atomic_char32_t
#define atomic_wchar_t modelled_atomic_wchar_t
#define atomic_int8_t modelled_atomic_int8_t
#define atomic_uint8_t modelled_atomic_uint8_t
#define atomic_int16_t modelled_atomic_int16_t
#define atomic_uint16_t modelled_atomic_uint16_t
#define atomic_int32_t modelled_atomic_int32_t
#define atomic_uint32_t modelled_atomic_uint32_t
#define atomic_int64_t modelled_atomic_int64_t
#define atomic_uint64_t modelled_atomic_uint64_t
#define atomic_int_least8_t modelled_atomic_int_least8_t
#define atomic_uint_least8_t modelled_atomic_uint_least8_t
#define atomic_int_least16_t modelled_atomic_int_least16_t
#define atomic_uint_least16_t modelled_atomic_uint_least16_t
#define atomic_int_least32_t modelled_atomic_int_least32_t
#define atomic_uint_least32_t modelled_atomic_uint_least32_t
#define atomic_int_least64_t modelled_atomic_int_least64_t
#define atomic_uint_least64_t modelled_atomic_uint_least64_t
#define atomic_int_fast8_t modelled_atomic_int_fast8_t
#define atomic_uint_fast8_t modelled_atomic_uint_fast8_t
#define atomic_int_fast16_t modelled_atomic_int_fast16_t
#define atomic_uint_fast16_t modelled_atomic_uint_fast16_t
#define atomic_int_fast32_t modelled_atomic_int_fast32_t
#define atomic_uint_fast32_t modelled_atomic_uint_fast32_t
#define atomic_int_fast64_t modelled_atomic_int_fast64_t
#define atomic_uint_fast64_t modelled_atomic_uint_fast64_t
#define atomic_intptr_t modelled_atomic_intptr_t
#define atomic_uintptr_t modelled_atomic_uintptr_t
#define atomic_size_t modelled_atomic_size_t
#define atomic_ptrdiff_t modelled_atomic_ptrdiff_t
#define atomic_intmax_t modelled_atomic_intmax_t
#define atomic_uintmax_t modelled_atomic_uintmax_t
#define atomic_bool modelled_atomic_bool
#define atomic_signed_lock_free modelled_atomic_signed_lock_free
#define atomic_unsigned_lock_free modelled_atomic_unsigned_lock_free
#define atomic_load modelled_atomic_load
#define atomic_load_explicit modelled_atomic_load_explicit
#define atomic_store modelled_atomic_store
#define atomic_store_explicit modelled_atomic_store_explicit
#define atomic_exchange modelled_atomic_exchange
#define atomic_exchange_explicit modelled_atomic_exchange_explicit
#define atomic_compare_exchange_weak modelled_atomic_compare_exchange_weak
#define atomic_compare_exchange_weak_explicit modelled_atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_strong modelled_atomic_compare_exchange_strong
#define atomic_compare_exchange_strong_explicit modelled_atomic_compare_exchange_strong_explicit
#define atomic_fetch_add modelled_atomic_fetch_add
#define atomic_fetch_add_explicit modelled_atomic_fetch_add_explicit
#define atomic_fetch_sub modelled_atomic_fetch_sub
#define atomic_fetch_sub_explicit modelled_atomic_fetch_sub_explicit
#define atomic_fetch_and modelled_atomic_fetch_and
#define atomic_fetch_and_explicit modelled_atomic_fetch_and_explicit
#define atomic_fetch_or modelled_atomic_fetch_or
#define atomic_fetch_or_explicit modelled_atomic_fetch_or_explicit
#define atomic_fetch_xor modelled_atomic_fetch_xor
#define atomic_fetch_xor_explicit modelled_atomic_fetch_xor_explicit
#define atomic_is_lock_free modelled_atomic_is_lock_free
#define atomic_wait modelled_atomic_wait
#define atomic_wait_explicit modelled_atomic_wait_explicit
#define atomic_notify_one modelled_atomic_notify_one
#define atomic_notify_all modelled_atomic_notify_all
#define atomic_flag_test modelled_atomic_flag_test
#define atomic_flag_test_explicit modelled_atomic_flag_test_explicit
#define atomic_flag_test_and_set modelled_atomic_flag_test_and_set
#define atomic_flag_test_and_set_explicit modelled_atomic_flag_test_and_set_explicit
#define atomic_flag_wait modelled_atomic_flag_wait
#define atomic_flag_wait_explicit modelled_atomic_flag_wait_explicit
#define atomic_flag_notify_one modelled_atomic_flag_notify_one
#define atomic_flag_notify_all modelled_atomic_flag_notify_all
#define atomic_flag_clear modelled_atomic_flag_clear
#define atomic_flag_clear_explicit modelled_atomic_flag_clear_explicit
#define atomic_thread_fence modelled_atomic_thread_fence
#define atomic_signal_fence modelled_atomic_signal_fence
#define thread modelled_thread
#define jthread modelled_jthread
#define future modelled_future
#define shared_future modelled_shared_future
#define promise modelled_promise
#define packaged_task modelled_packaged_task
#define shared_ptr modelled_shared_ptr
#define weak_ptr modelled_weak_ptr
#define enable_shared_from_this modelled_enable_shared_from_this
#define make_shared modelled_make_shared
#define async modelled_async
#define once_flag modelled_once_flag
#define call_once modelled_call_once
#define this_thread modelled_this_thread
#define sem_init(...) modelled_sem_init(__VA_ARGS__)
#define sem_destroy(...) modelled_sem_destroy(__VA_ARGS__)
#define sem_post(...) modelled_sem_post(__VA_ARGS__)
#define sem_wait(...) modelled_sem_wait(__VA_ARGS__)
#define sem_trywait(...) modelled_sem_trywait(__VA_ARGS__)
#define sem_timedwait(...) modelled_sem_timedwait(__VA_ARGS__)
#define sem_clockwait(...) modelled_sem_clockwait(__VA_ARGS__)
#define sem_getvalue(...) modelled_sem_getvalue(__VA_ARGS__)
#define sched_yield(...) modelled_sched_yield(__VA_ARGS__)
#define pthread_mutex_init(...) modelled_pthread_mutex_init(__VA_ARGS__)
#define pthread_mutex_destroy(...) modelled_pthread_mutex_destroy(__VA_ARGS__)
#define pthread_mutex_lock(...) modelled_pthread_mutex_lock(__VA_ARGS__)
#define pthread_mutex_trylock(...) modelled_pthread_mutex_trylock(__VA_ARGS__)
#define pthread_mutex_unlock(...) modelled_pthread_mutex_unlock(__VA_ARGS__)
#define pthread_cond_init(...) modelled_pthread_cond_init(__VA_ARGS__)
#define pthread_cond_destroy(...) modelled_pthread_cond_destroy(__VA_ARGS__)
#define pthread_cond_signal(...) modelled_pthread_cond_signal(__VA_ARGS__)
#define pthread_cond_broadcast(...) modelled_pthread_cond_broadcast(__VA_ARGS__)
#define pthread_cond_wait(...) modelled_pthread_cond_wait(__VA_ARGS__)
#define pthread_cond_timedwait(...) modelled_pthread_cond_timedwait(__VA_ARGS__)
#define pthread_cond_clockwait(...) modelled_pthread_cond_clockwait(__VA_ARGS__)
#define malloc(...) modelled_malloc(__VA_ARGS__)
#define calloc(...) modelled_calloc(__VA_ARGS__)
#define realloc(...) modelled_realloc(__VA_ARGS__)
#define aligned_alloc(...) modelled_aligned_alloc(__VA_ARGS__)
#define posix_memalign(...) modelled_posix_memalign(__VA_ARGS__)
#define free(...) modelled_free(__VA_ARGS__)
#define __atomic_load_n ::sluice::models::shadow::builtin::load_n
#define __atomic_store_n ::sluice::models::shadow::builtin::store_n
#define __atomic_exchange_n ::sluice::models::shadow::builtin::exchange_n
#define __atomic_compare_exchange_n ::sluice::models::shadow::builtin::compare_exchange_n
#define __atomic_fetch_add ::sluice::models::shadow::builtin::fetch_add
#define __atomic_fetch_sub ::sluice::models::shadow::builtin::fetch_sub
#define __atomic_fetch_and ::sluice::models::shadow::builtin::fetch_and
#define __atomic_fetch_or ::sluice::models::shadow::builtin::fetch_or
#define __atomic_fetch_xor ::sluice::models::shadow::builtin::fetch_xor
#define __atomic_add_fetch ::sluice::models::shadow::builtin::add_fetch
#define __atomic_sub_fetch ::sluice::models::shadow::builtin::sub_fetch
#define __atomic_and_fetch ::sluice::models::shadow::builtin::and_fetch
#define __atomic_or_fetch ::sluice::models::shadow::builtin::or_fetch
#define __atomic_xor_fetch ::sluice::models::shadow::builtin::xor_fetch
#define __atomic_test_and_set ::sluice::models::shadow::builtin::test_and_set
#define __atomic_clear ::sluice::models::shadow::builtin::clear
#define __atomic_thread_fence ::sluice::models::shadow::builtin::thread_fence
#define __atomic_signal_fence ::sluice::models::shadow::builtin::signal_fence
#define __atomic_load ::sluice::models::shadow::builtin::load
#define __atomic_store ::sluice::models::shadow::builtin::store
#define __atomic_exchange ::sluice::models::shadow::builtin::exchange
#define __atomic_compare_exchange ::sluice::models::shadow::builtin::compare_exchange
#define __sync_fetch_and_add ::sluice::models::shadow::builtin::sync_fetch_and_add
#define __sync_fetch_and_sub ::sluice::models::shadow::builtin::sync_fetch_and_sub
#define __sync_fetch_and_and ::sluice::models::shadow::builtin::sync_fetch_and_and
#define __sync_fetch_and_or ::sluice::models::shadow::builtin::sync_fetch_and_or
#define __sync_fetch_and_xor ::sluice::models::shadow::builtin::sync_fetch_and_xor
#define __sync_add_and_fetch ::sluice::models::shadow::builtin::sync_add_and_fetch
#define __sync_sub_and_fetch ::sluice::models::shadow::builtin::sync_sub_and_fetch
#define __sync_and_and_fetch ::sluice::models::shadow::builtin::sync_and_and_fetch
#define __sync_or_and_fetch ::sluice::models::shadow::builtin::sync_or_and_fetch
#define __sync_xor_and_fetch ::sluice::models::shadow::builtin::sync_xor_and_fetch
#define __sync_val_compare_and_swap ::sluice::models::shadow::builtin::sync_val_compare_and_swap
#define __sync_bool_compare_and_swap ::sluice::models::shadow::builtin::sync_bool_compare_and_swap
#define __sync_lock_test_and_set ::sluice::models::shadow::builtin::sync_lock_test_and_set
#define __sync_lock_release ::sluice::models::shadow::builtin::sync_lock_release
#define __sync_synchronize ::sluice::models::shadow::builtin::sync_synchronize
#define _mm_mfence() ::sluice::models::shadow::builtin::sync_synchronize()
#define _mm_sfence() ::sluice::models::shadow::builtin::thread_fence(__ATOMIC_RELEASE)
#define _mm_lfence() ::sluice::models::shadow::builtin::thread_fence(__ATOMIC_ACQUIRE)
#define _mm_pause() ::sluice::platform::yield()
#define __builtin_ia32_pause() ::sluice::platform::yield()
#define syscall(...) ::sluice::models::shadow::modelled_syscall(__VA_ARGS__)
#undef ATOMIC_FLAG_INIT
#define ATOMIC_FLAG_INIT \
  {}
#undef ATOMIC_VAR_INIT
#define ATOMIC_VAR_INIT(value) value
// Assembly is invisible to the model checker.
#ifndef SLUICE_SHADOW_ASSEMBLY
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
// clang-format off
#define asm _Pragma("GCC error \"assembly is not modelled; if it synchronizes nothing, define SLUICE_SHADOW_ASSEMBLY\"") asm
#define __asm _Pragma("GCC error \"assembly is not modelled; if it synchronizes nothing, define SLUICE_SHADOW_ASSEMBLY\"") __asm
#define __asm__ _Pragma("GCC error \"assembly is not modelled; if it synchronizes nothing, define SLUICE_SHADOW_ASSEMBLY\"") __asm__
// clang-format on
#ifdef __clang__
#pragma clang diagnostic pop
#endif
#endif
