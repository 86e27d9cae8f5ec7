#pragma once

#include <models/shadow/atomic.hpp>
#include <models/shadow/call_site.hpp>
#include <models/shadow/word.hpp>

#include <atomic>
#include <memory>
#include <type_traits>

/// GCC's and clang's builtins of atomics on plain objects, modelled: `__atomic_*`
/// (https://gcc.gnu.org/onlinedocs/gcc/_005f_005fatomic-Builtins.html) and `__sync_*`.
namespace sluice::models::shadow::builtin {

using platform::location;

template <class T>
using plain = std::remove_cv_t<T>;

constexpr std::memory_order order(int o) noexcept { return static_cast<std::memory_order>(o); }

template <class T>
access<plain<T>> on(T* object) noexcept {
  return access<plain<T>>(const_cast<plain<T>*>(object));
}

template <class T>
plain<T> load_n(T* object, int o, location where = location::current()) {
  return on(object).load(order(o), where);
}
template <class T>
void store_n(T* object, std::type_identity_t<plain<T>> value, int o, location where = location::current()) {
  on(object).store(value, order(o), where);
}
template <class T>
plain<T> exchange_n(T* object, std::type_identity_t<plain<T>> value, int o, location where = location::current()) {
  return on(object).exchange(value, order(o), where);
}
template <class T>
bool compare_exchange_n(T* object, plain<T>* expected, std::type_identity_t<plain<T>> desired, bool weak, int success,
                        int failure, location where = location::current()) {
  return on(object).compare_exchange(weak, *expected, desired, order(success), order(failure), where);
}
template <class T>
void load(T* object, plain<T>* out, int o, location where = location::current()) {
  *out = on(object).load(order(o), where);
}
template <class T>
void store(T* object, plain<T>* value, int o, location where = location::current()) {
  on(object).store(*value, order(o), where);
}
template <class T>
void exchange(T* object, plain<T>* value, plain<T>* out, int o, location where = location::current()) {
  *out = on(object).exchange(*value, order(o), where);
}
template <class T>
bool compare_exchange(T* object, plain<T>* expected, plain<T>* desired, bool weak, int success, int failure,
                      location where = location::current()) {
  return on(object).compare_exchange(weak, *expected, *desired, order(success), order(failure), where);
}

// Pointers are counted in bytes, as the builtins do.
#define SLUICE_FETCH(name, expression)                                                      \
  template <class T, class By>                                                              \
  plain<T> fetch_##name(T* object, By by, int o, location where = location::current()) {    \
    using bits = std::conditional_t<std::is_pointer_v<plain<T>>, std::uintptr_t, plain<T>>; \
    return on(object).update(                                                               \
        [&](plain<T> before) {                                                              \
          const auto value = (bits)before;                                                  \
          return (plain<T>)(bits)(expression);                                              \
        },                                                                                  \
        order(o), where);                                                                   \
  }                                                                                         \
  template <class T, class By>                                                              \
  plain<T> name##_fetch(T* object, By by, int o, location where = location::current()) {    \
    using bits = std::conditional_t<std::is_pointer_v<plain<T>>, std::uintptr_t, plain<T>>; \
    const auto value = (bits)fetch_##name(object, by, o, where);                            \
    return (plain<T>)(bits)(expression);                                                    \
  }
SLUICE_FETCH(add, value + static_cast<bits>(by))
SLUICE_FETCH(sub, value - static_cast<bits>(by))
SLUICE_FETCH(and, value& static_cast<bits>(by))
SLUICE_FETCH(or, value | static_cast<bits>(by))
SLUICE_FETCH(xor, value ^ static_cast<bits>(by))
#undef SLUICE_FETCH

inline bool test_and_set(void* object, int o, location where = location::current()) {
  return on(static_cast<unsigned char*>(object)).exchange(1, order(o), where) != 0;
}
inline void clear(void* object, int o, location where = location::current()) {
  on(static_cast<unsigned char*>(object)).store(0, order(o), where);
}

inline void thread_fence(int o, location where = location::current()) { modelled_atomic_thread_fence(order(o), where); }
inline void signal_fence(int) noexcept {}

// The older ones. Those that are no locks are full barriers.

/// A step with a full fence before and after it.
template <class F>
auto fenced(F step) {
  platform::model::fence_of(*rl::ctx().threadx_);
  const auto result = step();
  platform::model::fence_of(*rl::ctx().threadx_);
  return result;
}

#define SLUICE_SYNC(name, operation)                                                         \
  template <class T, class By>                                                               \
  plain<T> sync_fetch_and_##name(T* object, By by, location where = location::current()) {   \
    return fenced([&] { return operation(object, by, __ATOMIC_SEQ_CST, where); });           \
  }                                                                                          \
  template <class T, class By>                                                               \
  plain<T> sync_##name##_and_fetch(T* object, By by, location where = location::current()) { \
    return fenced([&] { return name##_fetch(object, by, __ATOMIC_SEQ_CST, where); });        \
  }
SLUICE_SYNC(add, fetch_add)
SLUICE_SYNC(sub, fetch_sub)
SLUICE_SYNC(and, fetch_and)
SLUICE_SYNC(or, fetch_or)
SLUICE_SYNC(xor, fetch_xor)
#undef SLUICE_SYNC

template <class T>
bool sync_swap(T* object, plain<T>& expected, plain<T> desired, const location& where) {
  return fenced(
      [&] { return compare_exchange_n(object, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST, where); });
}
template <class T>
plain<T> sync_val_compare_and_swap(T* object, std::type_identity_t<plain<T>> expected,
                                   std::type_identity_t<plain<T>> desired, location where = location::current()) {
  (void)sync_swap(object, expected, desired, where);
  return expected;
}
template <class T>
bool sync_bool_compare_and_swap(T* object, std::type_identity_t<plain<T>> expected,
                                std::type_identity_t<plain<T>> desired, location where = location::current()) {
  return sync_swap(object, expected, desired, where);
}
template <class T>
plain<T> sync_lock_test_and_set(T* object, std::type_identity_t<plain<T>> value, location where = location::current()) {
  return exchange_n(object, value, __ATOMIC_ACQUIRE, where);
}
template <class T>
void sync_lock_release(T* object, location where = location::current()) {
  store_n(object, plain<T>(), __ATOMIC_RELEASE, where);
}
inline void sync_synchronize(location where = location::current()) { thread_fence(__ATOMIC_SEQ_CST, where); }

}  // namespace sluice::models::shadow::builtin
