#pragma once

#include <models/shadow/call_site.hpp>
#include <models/shadow/word.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

/// std::atomic, atomic_ref, atomic_flag and fences, modelled.
namespace sluice::models::shadow {

using platform::location;
using std::memory_order;

namespace detail {

constexpr memory_order of_failure(memory_order success) noexcept {
  if (success == memory_order::acq_rel) return memory_order::acquire;
  return success == memory_order::release ? memory_order::relaxed : success;
}

template <class T>
concept number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

/// `value Op by`, of integers as the standard has it: without overflow.
template <class Op, class T, class By>
T applied(T value, By by) noexcept {
  if constexpr (std::integral<T>) {
    using bits = std::make_unsigned_t<T>;
    return static_cast<T>(Op()(static_cast<bits>(value), static_cast<bits>(by)));
  } else {
    return static_cast<T>(Op()(value, by));
  }
}

/// What fetch_add() adds to a T.
template <class T>
struct step_of {
  using type = T;
};
template <class T>
struct step_of<T*> {
  using type = std::ptrdiff_t;
};

/// The operations that std::atomic and std::atomic_ref have in common, on the object that `Self` names. They are const,
/// as those of a reference are.
///
/// \tparam Self  has `access<T> on() const volatile`.
template <class Self, class T>
class operations {
  static access<T> on(const volatile operations& self) { return static_cast<const volatile Self&>(self).on(); }
  template <class Op, class By>
  T update(By by, memory_order o, const location& where) const volatile {
    return on(*this).update([&](T value) { return applied<Op>(value, by); }, o, where);
  }

public:
  using value_type = T;
  using difference_type = typename step_of<T>::type;
  using step = difference_type;

  static constexpr bool is_always_lock_free = sizeof(T) <= sizeof(void*);
  bool is_lock_free() const volatile noexcept { return is_always_lock_free; }

  T load(memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    return on(*this).load(o, where);
  }
  void store(T value, memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    on(*this).store(value, o, where);
  }
  T exchange(T value, memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    return on(*this).exchange(value, o, where);
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order success, memory_order failure,
                             location where = location::current()) const volatile {
    return on(*this).compare_exchange(true, expected, desired, success, failure, where);
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order o = memory_order::seq_cst,
                             location where = location::current()) const volatile {
    return on(*this).compare_exchange(true, expected, desired, o, of_failure(o), where);
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order success, memory_order failure,
                               location where = location::current()) const volatile {
    return on(*this).compare_exchange(false, expected, desired, success, failure, where);
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order o = memory_order::seq_cst,
                               location where = location::current()) const volatile {
    return on(*this).compare_exchange(false, expected, desired, o, of_failure(o), where);
  }
  void wait(T old, memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    on(*this).wait(old, o, where);
  }
  void notify_one(location where = location::current()) const volatile { on(*this).notify_one(where); }
  void notify_all(location where = location::current()) const volatile { on(*this).notify_all(where); }

  T fetch_add(step by, memory_order o = memory_order::seq_cst,
              location where = location::current()) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return update<std::plus<>>(by, o, where);
  }
  T fetch_sub(step by, memory_order o = memory_order::seq_cst,
              location where = location::current()) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return update<std::minus<>>(by, o, where);
  }
  T fetch_and(T with, memory_order o = memory_order::seq_cst,
              location where = location::current()) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return update<std::bit_and<>>(with, o, where);
  }
  T fetch_or(T with, memory_order o = memory_order::seq_cst,
             location where = location::current()) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return update<std::bit_or<>>(with, o, where);
  }
  T fetch_xor(T with, memory_order o = memory_order::seq_cst,
              location where = location::current()) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return update<std::bit_xor<>>(with, o, where);
  }

  // Operators take the caller's line from the address to which they return.

  [[gnu::noinline]] operator T() const volatile { return load(memory_order::seq_cst, SLUICE_CALLER); }  // NOLINT
  [[gnu::noinline]] T operator++() const volatile requires(number<T> || std::is_pointer_v<T>) {
    return applied<std::plus<>>(fetch_add(1, memory_order::seq_cst, SLUICE_CALLER), step(1));
  }
  [[gnu::noinline]] T operator++(int) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return fetch_add(1, memory_order::seq_cst, SLUICE_CALLER);
  }
  [[gnu::noinline]] T operator--() const volatile requires(number<T> || std::is_pointer_v<T>) {
    return applied<std::minus<>>(fetch_sub(1, memory_order::seq_cst, SLUICE_CALLER), step(1));
  }
  [[gnu::noinline]] T operator--(int) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return fetch_sub(1, memory_order::seq_cst, SLUICE_CALLER);
  }
  [[gnu::noinline]] T operator+=(step by) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return applied<std::plus<>>(fetch_add(by, memory_order::seq_cst, SLUICE_CALLER), by);
  }
  [[gnu::noinline]] T operator-=(step by) const volatile requires(number<T> || std::is_pointer_v<T>) {
    return applied<std::minus<>>(fetch_sub(by, memory_order::seq_cst, SLUICE_CALLER), by);
  }
  [[gnu::noinline]] T operator&=(T with) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return applied<std::bit_and<>>(fetch_and(with, memory_order::seq_cst, SLUICE_CALLER), with);
  }
  [[gnu::noinline]] T operator|=(T with) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return applied<std::bit_or<>>(fetch_or(with, memory_order::seq_cst, SLUICE_CALLER), with);
  }
  [[gnu::noinline]] T operator^=(T with) const volatile requires(std::integral<T> && !std::same_as<T, bool>) {
    return applied<std::bit_xor<>>(fetch_xor(with, memory_order::seq_cst, SLUICE_CALLER), with);
  }

protected:
  operations() = default;
  ~operations() = default;
};

}  // namespace detail

/// std::atomic. Its size, alignment and initialization are the standard library's.
template <class T>
class alignas(std::atomic<T>) atomic : public detail::operations<atomic<T>, T> {
  using base = detail::operations<atomic<T>, T>;
  friend base;

public:
  constexpr atomic() noexcept(std::is_nothrow_default_constructible_v<T>) : value_() { construct(); }
  constexpr atomic(T value) noexcept : value_(value) { construct(); }  // NOLINT(google-explicit-constructor)
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  atomic& operator=(const atomic&) volatile = delete;

  [[gnu::noinline]] T operator=(T value) {  // NOLINT(misc-unconventional-assign-operator)
    this->store(value, memory_order::seq_cst, SLUICE_CALLER);
    return value;
  }
  [[gnu::noinline]] T operator=(T value) volatile {  // NOLINT(misc-unconventional-assign-operator)
    this->store(value, memory_order::seq_cst, SLUICE_CALLER);
    return value;
  }

private:
  constexpr void construct() {
    if (!std::is_constant_evaluated()) on().construct();
  }
  access<T> on() const volatile { return access<T>(const_cast<T*>(std::addressof(value_))); }

  T value_;
};

/// std::atomic_ref.
template <class T>
class atomic_ref : public detail::operations<atomic_ref<T>, T> {
  using base = detail::operations<atomic_ref<T>, T>;
  friend base;

public:
  static constexpr std::size_t required_alignment = std::atomic_ref<T>::required_alignment;

  explicit atomic_ref(T& object) noexcept : object_(std::addressof(object)) {}
  atomic_ref(const atomic_ref&) noexcept = default;
  atomic_ref& operator=(const atomic_ref&) = delete;

  [[gnu::noinline]] T operator=(T value) const {  // NOLINT(misc-unconventional-assign-operator)
    on().store(value, memory_order::seq_cst, SLUICE_CALLER);
    return value;
  }

private:
  access<T> on() const volatile { return access<T>(object_); }

  T* object_;
};

class atomic_flag {
public:
  constexpr atomic_flag() noexcept {
    if (!std::is_constant_evaluated()) on().construct();
  }
  atomic_flag(const atomic_flag&) = delete;
  atomic_flag& operator=(const atomic_flag&) = delete;

  bool test(memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    return on().load(o, where);
  }
  bool test_and_set(memory_order o = memory_order::seq_cst, location where = location::current()) volatile {
    return on().exchange(true, o, where);
  }
  void clear(memory_order o = memory_order::seq_cst, location where = location::current()) volatile {
    on().store(false, o, where);
  }
  void wait(bool old, memory_order o = memory_order::seq_cst, location where = location::current()) const volatile {
    on().wait(old, o, where);
  }
  void notify_one(location where = location::current()) volatile { on().notify_one(where); }
  void notify_all(location where = location::current()) volatile { on().notify_all(where); }

private:
  access<bool> on() const volatile { return access<bool>(const_cast<bool*>(&set_)); }

  bool set_ = false;
};

inline void modelled_atomic_thread_fence(memory_order o, location where = location::current()) {
  rl::context& c = rl::ctx();
  platform::model::schedule_before(platform::model::access::write, &platform::model::fenced, where);
  if (!mutation_sites.mutated(role::fence, where)) {
    switch (o) {
      case memory_order::relaxed: break;
      case memory_order::consume:
      case memory_order::acquire: c.atomic_thread_fence_acquire(); break;
      case memory_order::release: c.atomic_thread_fence_release(); break;
      case memory_order::acq_rel: c.atomic_thread_fence_acq_rel(); break;
      default: platform::model::fence_of(*c.threadx_);
    }
  }
  platform::model::did(platform::model::access::write, &platform::model::fenced, where);
  fair.step();
}

/// It restrains compilers alone.
inline void modelled_atomic_signal_fence(memory_order) noexcept {}

}  // namespace sluice::models::shadow
