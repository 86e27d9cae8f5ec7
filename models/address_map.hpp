#pragma once

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::models {

/// What an execution knows of objects, by the objects' addresses. To forget it all takes no time: what another
/// execution filled is empty.
template <class Value>
class address_map {
public:
  /// Forgets all.
  void clear() noexcept {
    ++execution_;
    used_ = 0;
  }

  /// The value of this object, which is value-initialized if there was none. The next call invalidates it.
  Value& operator[](const volatile void* object) {
    if (2 * ++used_ > slots_.size()) grow();
    slot& found = slots_[place_of(object)];
    if (found.execution == execution_) {
      --used_;
    } else {
      found = {object, execution_, {}};
    }
    return found.value;
  }

  /// Calls `f(address, value)` for each object.
  template <class F>
  void for_each(F f) {
    for (slot& s : slots_) {
      if (s.execution == execution_) f(s.object, s.value);
    }
  }

private:
  struct slot {
    const volatile void* object = nullptr;
    std::uint64_t execution = 0;  ///< in which it was filled
    Value value{};
  };

  /// Open addressing: the object's slot, or the empty one where it belongs.
  std::size_t place_of(const volatile void* object) const noexcept {
    const std::size_t last = slots_.size() - 1;
    auto at = static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(object) * 0x9e3779b97f4a7c15u >> 20) & last;
    while (slots_[at].execution == execution_ && slots_[at].object != object) at = (at + 1) & last;
    return at;
  }

  void grow() {
    harness::raw_vector<slot> before((std::max)(std::size_t{256}, 2 * slots_.size()));
    std::swap(before, slots_);
    for (const slot& old : before) {
      if (old.execution == execution_) slots_[place_of(old.object)] = old;
    }
  }

  harness::raw_vector<slot> slots_;
  std::uint64_t execution_ = 1;
  std::size_t used_ = 0;
};

}  // namespace sluice::models
