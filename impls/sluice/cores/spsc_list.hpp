#pragma once

#include <sluice/cores/spsc.hpp>
#include <sluice/platform.hpp>

#include <array>
#include <cstddef>
#include <optional>

namespace sluice::inline SLUICE_ABI::cores {

/// The store of spsc_list: a linked list of blocks of slots. One emptied block is kept for the sender to use again.
template <class T>
class block_store {
  struct block;
  static constexpr std::size_t slots = platform::block_slots;

public:
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .unbounded = true,
                                      .consistency = consistency::sequential,
                                      .messages_per_allocation = platform::block_slots};
  struct cursor {
    block* in = nullptr;
    std::size_t at = slots;
  };

  /// \throws std::bad_alloc  if a block cannot be allocated; the store is unchanged.
  platform::cell<T>& back(cursor& c) {
    if (c.at == slots) {
      // [K1] acquire, pairs with release [K2]: the block was emptied before it is filled again.
      block* fresh = spare_.exchange(nullptr, std::memory_order::acquire);
      if (!fresh) fresh = new block;
      link_after(c).store(fresh, std::memory_order::relaxed);
      c = {fresh, 0};
    }
    return c.in->at[c.at];
  }

  platform::cell<T>& front(cursor& c) noexcept {
    if (c.at == slots) {
      block* const emptied = c.in;
      c = {link_after(c).load(std::memory_order::relaxed), 0};
      // [K2] release, pairs with acquire [K1].
      if (emptied) delete spare_.exchange(emptied, std::memory_order::release);
    }
    return c.in->at[c.at];
  }

  void next(cursor& c) const noexcept { ++c.at; }

  /// \pre  no message is left.
  void free(const cursor& front, const cursor& back) noexcept {
    delete spare_.load(std::memory_order::relaxed);
    block* b = front.in ? front.in : first_.load(std::memory_order::relaxed);
    while (b) {
      block* const after = b == back.in ? nullptr : b->next.load(std::memory_order::relaxed);
      delete b;
      b = after;
    }
  }

  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  struct block {
    std::array<platform::cell<T>, slots> at;
    platform::atomic<block*> next{nullptr};
  };

  platform::atomic<block*>& link_after(const cursor& c) noexcept { return c.in ? c.in->next : first_; }

  platform::atomic<block*> first_{nullptr};
  platform::atomic<block*> spare_{nullptr};
};

/// Unbounded SPSC list of blocks with cached indices: see spsc. At most one allocation per `platform::block_slots`
/// messages, and none while the receiver keeps up.
template <class T>
using spsc_list = spsc<T, block_store<T>>;

}  // namespace sluice::inline SLUICE_ABI::cores
