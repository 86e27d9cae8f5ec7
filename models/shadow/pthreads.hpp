#pragma once

#include <models/shadow/clocks.hpp>
#include <models/shadow/locks.hpp>

#include <cerrno>
#include <ctime>

#include <pthread.h>

/// The mutexes and condition variables of <pthread.h>, modelled; a mutex of a recursive kind is not.
namespace sluice::models::shadow {

inline int modelled_pthread_mutex_init(::pthread_mutex_t*, const ::pthread_mutexattr_t* attributes) {
  int kind = PTHREAD_MUTEX_DEFAULT;
  if (attributes) pthread_mutexattr_gettype(attributes, &kind);
  platform::expects(kind != PTHREAD_MUTEX_RECURSIVE, "a recursive pthread_mutex_t is not modelled");
  return 0;
}
inline int modelled_pthread_mutex_destroy(::pthread_mutex_t*) noexcept { return 0; }
inline int modelled_pthread_mutex_lock(::pthread_mutex_t* m, location where = location::current()) {
  mutex_at(m).lock(where);
  fair.step();
  return 0;
}
inline int modelled_pthread_mutex_trylock(::pthread_mutex_t* m, location where = location::current()) {
  const bool locked = mutex_at(m).try_lock(where);
  fair.step();
  return locked ? 0 : EBUSY;
}
inline int modelled_pthread_mutex_unlock(::pthread_mutex_t* m, location where = location::current()) {
  mutex_at(m).unlock(where);
  return 0;
}

inline int modelled_pthread_cond_init(::pthread_cond_t*, const ::pthread_condattr_t*) noexcept { return 0; }
inline int modelled_pthread_cond_destroy(::pthread_cond_t*) noexcept { return 0; }
inline int modelled_pthread_cond_signal(::pthread_cond_t* c, location where = location::current()) {
  wake_one(c, where);
  return 0;
}
inline int modelled_pthread_cond_broadcast(::pthread_cond_t* c, location where = location::current()) {
  wake_all(c, where);
  return 0;
}
inline int modelled_pthread_cond_wait(::pthread_cond_t* c, ::pthread_mutex_t* m, location where = location::current()) {
  (void)sleep_unlocked(c, mutex_at(m), time_point::max(), where);
  return 0;
}
inline int modelled_pthread_cond_timedwait(::pthread_cond_t* c, ::pthread_mutex_t* m, const std::timespec* until,
                                           location where = location::current()) {
  return sleep_unlocked(c, mutex_at(m), deadline_at(*until), where) ? ETIMEDOUT : 0;
}
inline int modelled_pthread_cond_clockwait(::pthread_cond_t* c, ::pthread_mutex_t* m, ::clockid_t,
                                           const std::timespec* until, location where = location::current()) {
  return modelled_pthread_cond_timedwait(c, m, until, where);
}

}  // namespace sluice::models::shadow
