#pragma once

#include <models/platform.hpp>
#include <models/shadow/heap.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

// The linker's names for the beginning and the end of static variables.
extern "C" char __data_start;
extern "C" char _end;

namespace sluice::models::shadow {

/// Does something as if it had been done before the threads of the model started, so that it is ordered before all
/// that they do.
template <class F>
decltype(auto) as_of_set_up(F what) {
  std::size_t& mine = rl::ctx().threadx_->own_acq_rel_order_;
  struct restored {
    std::size_t& order;
    std::size_t value;
    ~restored() { order = value; }
  } const after{mine, std::exchange(mine, 0)};
  return what();
}

/// Whether this address is that of a static variable, whose initialization every thread sees: the compiler's guards
/// order it where it happens late.
inline bool is_static(const volatile void* address) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  return at >= reinterpret_cast<std::uintptr_t>(&__data_start) && at < reinterpret_cast<std::uintptr_t>(&_end);
}

/// The modelled states of objects, found by the objects' addresses. So an object keeps the size that the standard
/// library gives it, its trivial destructor, and its constant initialization; and one that no thread touches costs
/// nothing.
template <class State>
class objects {
public:
  /// Forgets all, without destruction: a failed execution leaves Relacy's objects behind, and so does Relacy.
  void begin() noexcept {
    ++execution_;
    used_ = 0;
    states_ = 0;
  }

  /// Destroys all.
  void end() {
    for (slot& s : slots_) {
      if (s.execution == execution_ && s.state) std::destroy_at(std::exchange(s.state, nullptr));
    }
    begin();
  }

  /// The state of the object at this address. If it has none yet, the object was constructed before the threads
  /// started.
  template <class Make>
  State& at(const volatile void* address, Make make) {
    platform::expects(address != nullptr, "the address of a lock, an atomic or a semaphore is null");
    slot& s = slot_of(address);
    if (!s.state) {
      platform::expects(!freed(address), "an object is used after its memory was freed");
      as_of_set_up([&] { s.state = make(room()); });
    }
    return *s.state;
  }

  /// The state of the object at this address, which the running thread makes if there is none.
  template <class Make>
  State& made_now(const volatile void* address, Make make) {
    slot& s = slot_of(address);
    if (!s.state) s.state = make(room());
    return *s.state;
  }

  /// Destroys the states of what was in this memory.
  void forget(const void* memory, std::size_t size) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    for (slot& s : slots_) {
      const auto at = reinterpret_cast<std::uintptr_t>(s.object);
      if (s.execution != execution_ || at - begin >= size) continue;
      s.made_in_set_up = false;
      if (s.state) std::destroy_at(std::exchange(s.state, nullptr));
    }
  }

  /// A thread constructs an object there. \returns  the state of the object that was there before, or null.
  template <class Make>
  State* construct(const volatile void* address, Make make) {
    slot& s = slot_of(address);
    if (s.state) return s.state;
    if (!platform::model::playing) {
      s.made_in_set_up = true;
      return nullptr;
    }
    if (!s.made_in_set_up && !is_static(address)) {
      s.state = make(room());
      return nullptr;
    }
    as_of_set_up([&] { s.state = make(room()); });
    return s.state;
  }

private:
  struct slot {
    const volatile void* object = nullptr;
    std::uint64_t execution = 0;  ///< in which it was filled
    State* state = nullptr;
    bool made_in_set_up = false;  ///< an object is there that no thread has used yet
  };

  /// Memory for one more state.
  void* room() {
    constexpr std::size_t together = 64;
    if (states_ == together * chunks_.size()) chunks_.push_back(harness::raw_allocator<State>().allocate(together));
    const std::size_t next = states_++;
    return chunks_[next / together] + next % together;
  }

  /// Open addressing; what another execution filled is empty.
  slot& slot_of(const volatile void* object) {
    if (2 * ++used_ > slots_.size()) grow();
    std::size_t at = start_of(object);
    while (slots_[at].execution == execution_ && slots_[at].object != object) at = (at + 1) & (slots_.size() - 1);
    slot& found = slots_[at];
    if (found.execution == execution_) {
      --used_;
    } else {
      found = {object, execution_, nullptr, false};
    }
    return found;
  }

  std::size_t start_of(const volatile void* object) const noexcept {
    return static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(object) * 0x9e3779b97f4a7c15u >> 20) &
           (slots_.size() - 1);
  }

  void grow() {
    harness::raw_vector<slot> before((std::max)(std::size_t{256}, 2 * slots_.size()));
    std::swap(before, slots_);
    for (const slot& old : before) {
      if (old.execution != execution_) continue;
      std::size_t at = start_of(old.object);
      while (slots_[at].execution == execution_) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = old;
    }
  }

  harness::raw_vector<slot> slots_;
  harness::raw_vector<State*> chunks_;
  std::uint64_t execution_ = 1;
  std::size_t used_ = 0;
  std::size_t states_ = 0;
};

}  // namespace sluice::models::shadow
