#pragma once

#include <models/address_map.hpp>
#include <models/platform.hpp>
#include <models/shadow/heap.hpp>

#include <harness/raw_allocator.hpp>

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
    known_.clear();
    states_ = 0;
  }

  /// Destroys all.
  void end() {
    known_.for_each([](const volatile void*, object& o) { o.destroy(); });
    begin();
  }

  /// The state of the object at this address. If it has none yet, the object was constructed before the threads
  /// started.
  template <class Make>
  State& at(const volatile void* address, Make make) {
    platform::expects(address != nullptr, "the address of a lock, an atomic or a semaphore is null");
    object& o = known_[address];
    if (!o.state) {
      platform::expects(!freed(address), "an object is used after its memory was freed");
      as_of_set_up([&] { o.state = make(room()); });
    }
    return *o.state;
  }

  /// The state of the object at this address, which the running thread makes if there is none.
  template <class Make>
  State& made_now(const volatile void* address, Make make) {
    object& o = known_[address];
    if (!o.state) o.state = make(room());
    return *o.state;
  }

  /// Destroys the states of what was in this memory.
  void forget(const void* memory, std::size_t size) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    known_.for_each([&](const volatile void* address, object& o) {
      if (reinterpret_cast<std::uintptr_t>(address) - begin < size) o.destroy();
    });
  }

  /// A thread constructs an object there. \returns  the state of the object that was there before, or null.
  template <class Make>
  State* construct(const volatile void* address, Make make) {
    object& o = known_[address];
    if (o.state) return o.state;
    if (!platform::model::playing) {
      o.made_in_set_up = true;
      return nullptr;
    }
    if (!o.made_in_set_up && !is_static(address)) {
      o.state = make(room());
      return nullptr;
    }
    as_of_set_up([&] { o.state = make(room()); });
    return o.state;
  }

private:
  struct object {
    State* state = nullptr;
    bool made_in_set_up = false;  ///< it is there, and no thread has used it yet

    void destroy() {
      made_in_set_up = false;
      if (state) std::destroy_at(std::exchange(state, nullptr));
    }
  };

  /// Memory for one more state.
  void* room() {
    constexpr std::size_t together = 64;
    if (states_ == together * chunks_.size()) chunks_.push_back(harness::raw_allocator<State>().allocate(together));
    const std::size_t next = states_++;
    return chunks_[next / together] + next % together;
  }

  address_map<object> known_;
  harness::raw_vector<State*> chunks_;
  std::size_t states_ = 0;
};

}  // namespace sluice::models::shadow
