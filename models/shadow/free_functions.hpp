#pragma once

#include <models/shadow/atomic.hpp>

#include <type_traits>

/// The standard's functions on atomics, modelled: atomic_load(&a) and the like.
namespace sluice::models::shadow {

template <class T>
using value_in = std::type_identity_t<T>;
template <class T>
using step_in = typename detail::step_of<T>::type;

template <class T>
bool modelled_atomic_is_lock_free(const volatile atomic<T>* a) noexcept {
  return a->is_lock_free();
}
template <class T>
T modelled_atomic_load(const volatile atomic<T>* a, location where = location::current()) {
  return a->load(memory_order::seq_cst, where);
}
template <class T>
T modelled_atomic_load_explicit(const volatile atomic<T>* a, memory_order o, location where = location::current()) {
  return a->load(o, where);
}
template <class T>
void modelled_atomic_store(volatile atomic<T>* a, value_in<T> value, location where = location::current()) {
  a->store(value, memory_order::seq_cst, where);
}
template <class T>
void modelled_atomic_store_explicit(volatile atomic<T>* a, value_in<T> value, memory_order o,
                                    location where = location::current()) {
  a->store(value, o, where);
}

// A read-modify-write, with and without an order.
#define SLUICE_FREE(name, argument)                                                                    \
  template <class T>                                                                                   \
  T modelled_atomic_##name(volatile atomic<T>* a, argument by, location where = location::current()) { \
    return a->name(by, memory_order::seq_cst, where);                                                  \
  }                                                                                                    \
  template <class T>                                                                                   \
  T modelled_atomic_##name##_explicit(volatile atomic<T>* a, argument by, memory_order o,              \
                                      location where = location::current()) {                          \
    return a->name(by, o, where);                                                                      \
  }
SLUICE_FREE(exchange, value_in<T>)
SLUICE_FREE(fetch_add, step_in<T>)
SLUICE_FREE(fetch_sub, step_in<T>)
SLUICE_FREE(fetch_and, value_in<T>)
SLUICE_FREE(fetch_or, value_in<T>)
SLUICE_FREE(fetch_xor, value_in<T>)
#undef SLUICE_FREE

#define SLUICE_FREE(strength)                                                                                         \
  template <class T>                                                                                                  \
  bool modelled_atomic_compare_exchange_##strength(volatile atomic<T>* a, value_in<T>* expected, value_in<T> desired, \
                                                   location where = location::current()) {                            \
    return a->compare_exchange_##strength(*expected, desired, memory_order::seq_cst, where);                          \
  }                                                                                                                   \
  template <class T>                                                                                                  \
  bool modelled_atomic_compare_exchange_##strength##_explicit(                                                        \
      volatile atomic<T>* a, value_in<T>* expected, value_in<T> desired, memory_order success, memory_order failure,  \
      location where = location::current()) {                                                                         \
    return a->compare_exchange_##strength(*expected, desired, success, failure, where);                               \
  }
SLUICE_FREE(weak)
SLUICE_FREE(strong)
#undef SLUICE_FREE

template <class T>
void modelled_atomic_wait(const volatile atomic<T>* a, value_in<T> old, location where = location::current()) {
  a->wait(old, memory_order::seq_cst, where);
}
template <class T>
void modelled_atomic_wait_explicit(const volatile atomic<T>* a, value_in<T> old, memory_order o,
                                   location where = location::current()) {
  a->wait(old, o, where);
}
template <class T>
void modelled_atomic_notify_one(volatile atomic<T>* a, location where = location::current()) {
  a->notify_one(where);
}
template <class T>
void modelled_atomic_notify_all(volatile atomic<T>* a, location where = location::current()) {
  a->notify_all(where);
}

inline bool modelled_atomic_flag_test(const volatile atomic_flag* f, location where = location::current()) {
  return f->test(memory_order::seq_cst, where);
}
inline bool modelled_atomic_flag_test_explicit(const volatile atomic_flag* f, memory_order o,
                                               location where = location::current()) {
  return f->test(o, where);
}
inline bool modelled_atomic_flag_test_and_set(volatile atomic_flag* f, location where = location::current()) {
  return f->test_and_set(memory_order::seq_cst, where);
}
inline bool modelled_atomic_flag_test_and_set_explicit(volatile atomic_flag* f, memory_order o,
                                                       location where = location::current()) {
  return f->test_and_set(o, where);
}
inline void modelled_atomic_flag_clear(volatile atomic_flag* f, location where = location::current()) {
  f->clear(memory_order::seq_cst, where);
}
inline void modelled_atomic_flag_clear_explicit(volatile atomic_flag* f, memory_order o,
                                                location where = location::current()) {
  f->clear(o, where);
}

inline void modelled_atomic_flag_wait(const volatile atomic_flag* f, bool old, location where = location::current()) {
  f->wait(old, memory_order::seq_cst, where);
}
inline void modelled_atomic_flag_wait_explicit(const volatile atomic_flag* f, bool old, memory_order o,
                                               location where = location::current()) {
  f->wait(old, o, where);
}
inline void modelled_atomic_flag_notify_one(volatile atomic_flag* f, location where = location::current()) {
  f->notify_one(where);
}
inline void modelled_atomic_flag_notify_all(volatile atomic_flag* f, location where = location::current()) {
  f->notify_all(where);
}

}  // namespace sluice::models::shadow
