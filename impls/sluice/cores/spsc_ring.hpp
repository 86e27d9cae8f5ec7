#pragma once

#include <sluice/cores/spsc.hpp>
#include <sluice/detail/ring_size.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace sluice::inline SLUICE_ABI::cores {

/// The store of spsc_ring: an array of as many slots as the capacity, used in turn.
template <class T>
class ring_store {
public:
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .bounded = true,
                                      .least_capacity = 1,
                                      .consistency = consistency::sequential,
                                      .messages_per_allocation = core_traits::no_allocation};
  using cursor = std::size_t;

  explicit ring_store(std::size_t capacity)
      : capacity_(detail::checked_ring_size<platform::cell<T>>(capacity)),
        slots_(std::make_unique<platform::cell<T>[]>(capacity)) {
    // Otherwise the first lap would take a page fault per page.
    platform::prefault(slots_.get(), capacity * sizeof(platform::cell<T>));
  }

  platform::cell<T>& back(cursor at) const noexcept { return slots_[at]; }
  platform::cell<T>& front(cursor at) const noexcept { return slots_[at]; }
  void next(cursor& at) const noexcept { at = at + 1 < capacity_ ? at + 1 : 0; }
  void free(cursor, cursor) const noexcept {}

  std::optional<std::size_t> capacity() const noexcept { return capacity_; }

private:
  const std::size_t capacity_;
  const std::unique_ptr<platform::cell<T>[]> slots_;
};

/// Bounded SPSC ring with cached indices, for any capacity from 1: see spsc.
template <class T>
using spsc_ring = spsc<T, ring_store<T>>;

}  // namespace sluice::inline SLUICE_ABI::cores
