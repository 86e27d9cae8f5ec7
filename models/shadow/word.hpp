#pragma once

#include <models/platform.hpp>
#include <models/shadow/objects.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

/// The modelled states of atomics, whatever their types.
namespace sluice::models::shadow {

namespace detail {

using relacy_word = rl::generic_atomic<std::uint64_t, true>;

/// Names a private member of Relacy's: an explicit instantiation may (https://eel.is/c++draft/temp.spec#general-6).
template <auto Member, class Tag>
struct reveal {
  friend constexpr auto revealed(Tag) { return Member; }
};
struct newest_value {
  friend constexpr auto revealed(newest_value);
};
struct past_values {
  friend constexpr auto revealed(past_values);
};
template struct reveal<&relacy_word::value_, newest_value>;
template struct reveal<&relacy_word::history_, past_values>;
struct orders {
  friend constexpr auto revealed(orders);
};
template struct reveal<&relacy_word::impl_, orders>;

/// Relacy leaves it undefined when a first value was seen first: never, by any thread.
template <int Threads = 1>
void never_seen(rl::atomic_data* of) {
  if (rl::ctx().get_thread_count() != Threads) {
    if constexpr (Threads < 16) return never_seen<Threads + 1>(of);
  }
  for (auto& record : static_cast<rl::atomic_data_impl<Threads>*>(of)->history_) {
    std::ranges::fill(record.first_seen_order_, static_cast<std::size_t>(-1));
  }
}

/// C++ has sequentially consistent operations and fences in one order (https://eel.is/c++draft/atomics.order#4), Relacy
/// two orders apart. So such a load sees what the fences before it have seen, and the fences after such a store see it.
/// That is more than C++ promises: they also see what the store's thread has seen before.
template <class F>
void each_fenced(F join) {
  rl::context& c = rl::ctx();
  for (rl::thread_id_t i = 0; i < c.get_thread_count(); ++i) {
    join(c.threadx_->acq_rel_order_[i], c.seq_cst_fence_order_[i]);
  }
}
inline void see_fences() {
  each_fenced([](rl::timestamp_t& mine, rl::timestamp_t fenced) { mine = (std::max)(mine, fenced); });
}
inline void show_fences() {
  each_fenced([](rl::timestamp_t mine, rl::timestamp_t& fenced) { fenced = (std::max)(mine, fenced); });
}

/// The running thread sees all that the others have done.
inline void see_all_threads() {
  auto* const seen = rl::ctx().threadx_->acq_rel_order_;
  for (const rl::thread_info_base* other : platform::model::fibers) {
    if (other) seen[other->index_] = (std::max)(seen[other->index_], other->own_acq_rel_order_);
  }
}

/// An atomic whose first value every thread sees, as that of an initialized object. Relacy's own have a first store,
/// which is a step, and by one thread.
class initialized_word : public relacy_word {
public:
  std::uint64_t load(rl::memory_order o, rl::debug_info_param info) const {
    if (o != rl::mo_seq_cst) return relacy_word::load(o, info);
    rl::ctx().sched();
    const rl::preemption_disabler together(rl::ctx());
    see_fences();
    return relacy_word::load(o, info);
  }
  void store(std::uint64_t value, rl::memory_order o, rl::debug_info_param info) {
    relacy_word::store(value, o, info);
    if (o == rl::mo_seq_cst) show_fences();
  }
  std::uint64_t exchange(std::uint64_t value, rl::memory_order o, rl::debug_info_param info) {
    const std::uint64_t before = relacy_word::exchange(value, o, info);
    if (o == rl::mo_seq_cst) {
      see_fences();
      show_fences();
    }
    return before;
  }
  template <bool Spurious>
  bool compare_exchange(rl::bool_t<Spurious> weak, std::uint64_t& expected, std::uint64_t desired, rl::memory_order o,
                        rl::memory_order failure, rl::debug_info_param info) {
    const bool done = relacy_word::compare_exchange(weak, expected, desired, o, failure, info);
    if ((done ? o : failure) == rl::mo_seq_cst) see_fences();
    if (done && o == rl::mo_seq_cst) show_fences();
    return done;
  }

  explicit initialized_word(std::uint64_t value) {
    this->*revealed(newest_value()) = value;
    std::ranges::fill(this->*revealed(past_values()), value);
    never_seen(this->*revealed(orders()));
  }
};

}  // namespace detail

/// The modelled state of an atomic: its value as bits.
using word = platform::atomic<std::uint64_t, detail::initialized_word>;

inline objects<word> words;

/// The values of atomics of more than 64 bits, which a word refers to by number.
class wide_values {
public:
  using bytes = std::array<std::byte, 16>;

  void begin() noexcept { known_.clear(); }
  std::uint64_t number_of(const bytes& value) {
    const auto found = std::ranges::find(known_, value);
    const auto number = static_cast<std::uint64_t>(found - known_.begin());
    if (found == known_.end()) known_.push_back(value);
    return number;
  }
  const bytes& value_of(std::uint64_t number) const noexcept { return known_[number]; }

private:
  harness::raw_vector<bytes> known_;
};

inline wide_values wide;

/// Padding is no part of a value, so it is 0.
template <class T>
std::uint64_t bits_of(const T& object) {
  static_assert(std::is_trivially_copyable_v<T>, "an atomic's type can be copied byte by byte");
  static_assert(sizeof(T) <= 16,
                "the model checker has no atomics of more than 16 bytes: libraries use locks for them");
  union {
    std::remove_cv_t<T> value;
    char none;
  } copy{.none = 0};
  std::memcpy(static_cast<void*>(std::addressof(copy.value)), std::addressof(object), sizeof(T));
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  if constexpr (std::is_class_v<T>) __builtin_clear_padding(std::addressof(copy.value));
#endif
#endif
  if constexpr (sizeof(T) <= sizeof(std::uint64_t)) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, std::addressof(copy.value), sizeof(T));
    return bits;
  } else {
    wide_values::bytes bytes{};
    std::memcpy(bytes.data(), std::addressof(copy.value), sizeof(T));
    return wide.number_of(bytes);
  }
}

template <class T>
T value_of(std::uint64_t bits) {
  union {
    std::remove_cv_t<T> value;
    char none;
  } to{.none = 0};
  if constexpr (sizeof(T) <= sizeof(bits)) {
    std::memcpy(static_cast<void*>(std::addressof(to.value)), &bits, sizeof(T));
  } else {
    std::memcpy(static_cast<void*>(std::addressof(to.value)), wide.value_of(bits).data(), sizeof(T));
  }
  return to.value;
}

/// Lets no thread run for ever: one that has made many steps while no other made any yields from then on, as it would
/// be preempted sometime. It may wait in a loop, for what another thread is about to do.
class fairness {
public:
  void begin() noexcept { running_ = -1; }
  /// The running thread has made a step.
  void step() {
    if (!platform::model::playing) return;
    constexpr unsigned many = 64;
    const int thread = rl::ctx().threadx_->index_;
    if (std::exchange(running_, thread) != thread) steps_ = 0;
    if (++steps_ > many) platform::yield();
  }

private:
  int running_ = -1;
  unsigned steps_ = 0;  ///< of the running thread, in a row
};

inline fairness fair;

/// The operations of atomics on the object at an address, for all interfaces to them. The object itself holds the
/// newest value.
template <class T>
class access {
public:
  access(volatile T* object) noexcept : object_(const_cast<T*>(object)) {}  // NOLINT(google-explicit-constructor)

  /// In memory that is used again, other threads may still look at the atomic that was there: queues with free lists do
  /// so, and then ignore what they have seen. So that is no race, but a store without an order.
  void construct() const {
    const std::uint64_t first = bits_of(*object_);
    word* const before = words.construct(object_, [&](void* at) { return ::new (at) word(first); });
    if (before) before->store(first, std::memory_order::relaxed, platform::location::current());
  }

  T load(std::memory_order o, const platform::location& where) const {
    const T value = value_of<T>(state().load(o, where));
    fair.step();
    return value;
  }
  void store(T value, std::memory_order o, const platform::location& where) const {
    state().store(bits_of(value), o, where);
    write(value);
    fair.step();
  }
  T exchange(T value, std::memory_order o, const platform::location& where) const {
    return update([&](T) { return value; }, o, where);
  }
  /// Replaces the value by a function of it, in one step.
  template <class F>
  T update(F next, std::memory_order o, const platform::location& where) const {
    fair.step();
    platform::model::schedule_before(platform::model::access::update, &state(), where);
    const rl::preemption_disabler together(rl::ctx());
    word& w = state();
    const T before = value_of<T>(w.newest());
    const T after = next(before);
    w.exchange(bits_of(after), o, where);
    write(after);
    return before;
  }
  bool compare_exchange(bool weak, T& expected, T desired, std::memory_order success, std::memory_order failure,
                        const platform::location& where) const {
    std::uint64_t found = bits_of(expected);
    word& w = state();
    const bool done = weak ? w.compare_exchange_weak(found, bits_of(desired), success, failure, where)
                           : w.compare_exchange_strong(found, bits_of(desired), success, failure, where);
    if (done) {
      write(desired);
    } else {
      expected = value_of<T>(found);
    }
    fair.step();
    return done;
  }
  void wait(T old, std::memory_order o, const platform::location& where) const { state().wait(bits_of(old), o, where); }
  void notify_one(const platform::location& where) const {
    state().notify_one(where);
    fair.step();
  }
  void notify_all(const platform::location& where) const {
    state().notify_all(where);
    fair.step();
  }

  T newest() const { return value_of<T>(state().newest()); }
  /// The modelled state. The object may have been written without the model's knowledge: a plain variable behind an
  /// atomic_ref or a builtin, or memory that a free list uses meanwhile. Which thread did so is unknown, so the running
  /// one sees all that any thread has done: no accusation rests on such a write.
  word& state() const {
    word& w = words.at(object_, [&](void* at) { return ::new (at) word(bits_of(*object_)); });
    if (const std::uint64_t bits = bits_of(*object_); bits != w.newest()) {
      detail::see_all_threads();
      w.store(bits, std::memory_order::relaxed, platform::location::current());
    }
    return w;
  }

private:
  void write(const T& value) const noexcept {
    std::memcpy(static_cast<void*>(object_), std::addressof(value), sizeof(T));
  }

  T* object_;
};

}  // namespace sluice::models::shadow
