#pragma once

#include <sluice/core.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/spsc_list.hpp>
#include <sluice/cores/spsc_ring.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/detail/batch.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <variant>

namespace sluice::inline SLUICE_ABI::cores {

/// The core behind a facade: chooses one of several cores by the requested capacity, under one type.
///
/// \tparam Least  the least capacity at which `Bounded` is faster than `sync`. In smaller rings one message is hardly
///                ever followed by the next; `sync` then moves one cache line between the two sides, `Bounded` two.
template <class T, class Unbounded, class Bounded, std::size_t Least = 1>
class by_capacity {
public:
  using value_type = T;
  static constexpr core_traits traits{
      .producers = Unbounded::traits.producers,
      .consumers = Unbounded::traits.consumers,
      .unbounded = true,
      .bounded = true,
      .least_capacity = 0,
      .consistency = (std::max)(Unbounded::traits.consistency, Bounded::traits.consistency),
      .bypass = (std::max)(Unbounded::traits.bypass, Bounded::traits.bypass)};

  by_capacity() : core_(std::make_unique<Unbounded>()) {}

  explicit by_capacity(std::size_t capacity) {
    if (capacity == 0) {
      core_.template emplace<2>(std::make_unique<rendezvous<T>>());
    } else if (capacity < Least) {
      core_.template emplace<3>(std::make_unique<sync<T>>(capacity));
    } else {
      core_.template emplace<1>(std::make_unique<Bounded>(capacity));
    }
  }

  status try_send(T& value) {
    return visit(*this, [&](auto& core) { return core.try_send(value); });
  }
  status send_until(T& value, deadline until) {
    return visit(*this, [&](auto& core) { return core.send_until(value, until); });
  }
  status try_recv(std::optional<T>& out) {
    return visit(*this, [&](auto& core) { return core.try_recv(out); });
  }
  status recv_until(std::optional<T>& out, deadline until) {
    return visit(*this, [&](auto& core) { return core.recv_until(out, until); });
  }
  std::size_t try_send_many(std::span<T> messages) {
    return visit(*this, [&](auto& core) { return detail::try_send_many(core, messages); });
  }
  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    return visit(*this, [&](auto& core) { return detail::try_recv_many(core, out, most); });
  }
  bool register_send_waiter(detail::wait_entry& entry) {
    return visit(*this, [&](auto& core) { return core.register_send_waiter(entry); });
  }
  void unregister_send_waiter(detail::wait_entry& entry) noexcept {
    visit(*this, [&](auto& core) { core.unregister_send_waiter(entry); });
  }
  bool register_recv_waiter(detail::wait_entry& entry) {
    return visit(*this, [&](auto& core) { return core.register_recv_waiter(entry); });
  }
  void unregister_recv_waiter(detail::wait_entry& entry) noexcept {
    visit(*this, [&](auto& core) { core.unregister_recv_waiter(entry); });
  }
  void close_senders() {
    visit(*this, [](auto& core) { core.close_senders(); });
  }
  void close_receivers() {
    visit(*this, [](auto& core) { core.close_receivers(); });
  }
  std::size_t size() const {
    return visit(*this, [](auto& core) { return core.size(); });
  }
  std::optional<std::size_t> capacity() const {
    return visit(*this, [](auto& core) { return core.capacity(); });
  }

private:
  template <class Self, class Operation>
  static auto visit(Self& self, Operation operation) {
    switch (self.core_.index()) {
      case 0: return operation(**std::get_if<0>(&self.core_));
      case 1: return operation(**std::get_if<1>(&self.core_));
      case 2: return apart(**std::get_if<2>(&self.core_), operation);
      default: return apart(**std::get_if<3>(&self.core_), operation);
    }
  }

  /// Not inlined, so that the other two cores are, whose messages cost less.
  template <class Core, class Operation>
  [[gnu::noinline]] static auto apart(Core& core, Operation operation) {
    return operation(core);
  }

  // Cores cannot be moved; allocated separately, each takes no more memory than it needs.
  std::variant<std::unique_ptr<Unbounded>, std::unique_ptr<Bounded>, std::unique_ptr<rendezvous<T>>,
               std::unique_ptr<sync<T>>>
      core_;
};

/// The core of sluice::mpmc.
template <class T>
using mpmc = by_capacity<T, lock_free<T>, sync<T>>;
/// The core of sluice::mpsc.
template <class T>
using mpsc = by_capacity<T, mpsc_list<T>, sync<T>>;
/// The core of sluice::spsc.
template <class T>
using spsc_by_capacity = by_capacity<T, spsc_list<T>, spsc_ring<T>, 4>;

}  // namespace sluice::inline SLUICE_ABI::cores
