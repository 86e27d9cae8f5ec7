#pragma once

#include <cstddef>

/// Thread-local variables of modelled threads, which are fibers of one real thread. Each fiber borrows the thread-local
/// storage of a real thread that sleeps for as long as the process runs: `thread_local`, `errno`,
/// std::this_thread::get_id() and exceptions in flight are then its own, and have addresses of their own.
namespace sluice::models::shadow {

/// Whether this machine lets a process choose its thread pointer: Linux on x86-64 and AArch64.
bool thread_storage_supported() noexcept;

/// Borrows storage for every modelled thread, always in the same order: then their ids, which libraries hash, do not
/// depend on a schedule.
void borrow_thread_storage();

/// Whether the running code has a modelled thread's storage, so that it is a channel's or the harness's in a model.
bool in_thread_storage() noexcept;

/// The storage of the set-up and the tear-down.
inline constexpr std::size_t no_thread = 15;

/// From here on the running fiber has the storage of this modelled thread.
void use_thread_storage(std::size_t thread) noexcept;
/// From here on the running fiber has the real thread's own storage.
void use_own_thread_storage() noexcept;

/// Gives each modelled thread fresh thread-local variables.
void renew_thread_storage() noexcept;
/// Destroys the running modelled thread's variables, as its end does.
void end_thread_storage();
/// Destroys those that are left: of a thread that sleeps for ever, of the closer, of the set-up.
void end_all_thread_storage();

}  // namespace sluice::models::shadow
