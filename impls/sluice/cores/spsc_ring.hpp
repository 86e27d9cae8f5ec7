#pragma once

#include <sluice/cores/spsc.hpp>
#include <sluice/detail/ring_size.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace sluice::cores {

/// The store of spsc_ring: as many slots as the capacity, used in turn.
template <class T>
class ring_store {
public:
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .bounded = true,
                                      .least_capacity = 1,
                                      .prompt = false,
                                      .messages_per_allocation = core_traits::no_allocation};
  using cursor = std::size_t;

  explicit ring_store(std::size_t capacity)
      : capacity_(detail::checked_ring_size<platform::cell<T>>(capacity)),
        slots_(std::make_unique<platform::cell<T>[]>(capacity)) {
    // Or the first lap would wait for it, page by page.
    platform::touch_pages(slots_.get(), capacity * sizeof(platform::cell<T>));
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

/// A bounded channel for one sender and one receiver, of any capacity from 1.
template <class T>
using spsc_ring = spsc<T, ring_store<T>>;

}  // namespace sluice::cores
