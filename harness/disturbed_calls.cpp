#include <sluice/platform.hpp>

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <ctime>

// The C library's mutexes, condition variables, semaphores and futexes, disturbed as those of sluice/platform.hpp are:
// for channels that are not written against that. A program's own definitions precede those of its shared libraries,
// which they forward to (dlsym(3), RTLD_NEXT).
//
// What is inlined is out of reach: a channel's atomic operations, spin loops, and system calls in assembly. A semaphore
// has no spurious wake-ups: only a signal would cause one.

namespace {

using sluice::platform::disturb;
using sluice::platform::spurious_wakeup;

/// A function of the C library.
template <class Function>
class original {
public:
  explicit constexpr original(const char* name) noexcept : name_(name) {}

  template <class... Arguments>
  auto operator()(Arguments... arguments) {
    Function found = found_.load(std::memory_order::relaxed);
    if (found == nullptr) {
      void* address = nullptr;
#if defined(__GLIBC__)
      // Condition variables have an older version, which dlsym() may find.
      address = dlvsym(RTLD_NEXT, name_, "GLIBC_2.3.2");
#endif
      if (address == nullptr) address = dlsym(RTLD_NEXT, name_);
      found = reinterpret_cast<Function>(address);
      found_.store(found, std::memory_order::relaxed);
    }
    return found(arguments...);
  }

private:
  const char* name_;
  std::atomic<Function> found_{nullptr};
};

constinit original<int (*)(pthread_mutex_t*)> lock("pthread_mutex_lock");
constinit original<int (*)(pthread_mutex_t*)> try_lock("pthread_mutex_trylock");
constinit original<int (*)(pthread_mutex_t*)> unlock("pthread_mutex_unlock");
constinit original<int (*)(pthread_cond_t*, pthread_mutex_t*)> wait("pthread_cond_wait");
constinit original<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)> timed_wait("pthread_cond_timedwait");
constinit original<int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)> clock_wait(
    "pthread_cond_clockwait");
constinit original<int (*)(pthread_cond_t*)> signal_one("pthread_cond_signal");
constinit original<int (*)(pthread_cond_t*)> signal_all("pthread_cond_broadcast");
constinit original<int (*)(sem_t*)> post("sem_post");
constinit original<int (*)(sem_t*)> semaphore_wait("sem_wait");
constinit original<long (*)(long, ...)> system_call("syscall");

bool woken_spuriously(pthread_mutex_t* mutex) {
  disturb();
  if (!spurious_wakeup()) return false;
  unlock(mutex);
  disturb();
  lock(mutex);
  return true;
}

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  disturb();
  return lock(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  disturb();
  return try_lock(mutex);
}
int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  const int result = unlock(mutex);
  disturb();
  return result;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  return woken_spuriously(mutex) ? 0 : wait(condition, mutex);
}
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  return woken_spuriously(mutex) ? 0 : timed_wait(condition, mutex, until);
}
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  return woken_spuriously(mutex) ? 0 : clock_wait(condition, mutex, clock, until);
}
int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  disturb();
  return signal_one(condition);
}
int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  disturb();
  return signal_all(condition);
}

int sem_post(sem_t* semaphore) noexcept {
  disturb();
  return post(semaphore);
}
int sem_wait(sem_t* semaphore) {
  disturb();
  return semaphore_wait(semaphore);
}

long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  if (number == SYS_futex) {
    disturb();
    const auto operation = arguments[1] & FUTEX_CMD_MASK;
    if ((operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET) && spurious_wakeup()) return 0;
  }
  return system_call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"
