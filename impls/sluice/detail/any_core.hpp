#pragma once

#include <sluice/core.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/spsc_list.hpp>
#include <sluice/cores/spsc_ring.hpp>
#include <sluice/cores/sync.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <variant>

namespace sluice::detail {

/// The core behind a facade: whichever suits the capacity asked for, under one type.
///
/// \tparam Least  the least capacity at which `Bounded` is quicker than a ring whose slots carry their own marks: where
///                a message is hardly ever followed by the next, both sides then move one line between them, not two.
template <class T, class Unbounded, class Bounded, std::size_t Least = 1>
class any_core {
public:
  using value_type = T;
  static constexpr core_traits traits{.producers = Unbounded::traits.producers,
                                      .consumers = Unbounded::traits.consumers,
                                      .unbounded = true,
                                      .bounded = true,
                                      .least_capacity = 0,
                                      .prompt = Unbounded::traits.prompt && Bounded::traits.prompt};

  any_core() : core_(std::make_unique<Unbounded>()) {}

  explicit any_core(std::size_t capacity) {
    if (capacity == 0) {
      core_.template emplace<2>(std::make_unique<cores::rendezvous<T>>());
    } else if (capacity < Least) {
      core_.template emplace<3>(std::make_unique<cores::sync<T>>(capacity));
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
  bool watch_send(wait_entry& entry) {
    return visit(*this, [&](auto& core) { return core.watch_send(entry); });
  }
  void unwatch_send(wait_entry& entry) noexcept {
    visit(*this, [&](auto& core) { core.unwatch_send(entry); });
  }
  bool watch_recv(wait_entry& entry) {
    return visit(*this, [&](auto& core) { return core.watch_recv(entry); });
  }
  void unwatch_recv(wait_entry& entry) noexcept {
    visit(*this, [&](auto& core) { core.unwatch_recv(entry); });
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
      case 2: return operation(**std::get_if<2>(&self.core_));
      default: return operation(**std::get_if<3>(&self.core_));
    }
  }

  // Cores do not move; on their own, each takes no more than it needs.
  std::variant<std::unique_ptr<Unbounded>, std::unique_ptr<Bounded>, std::unique_ptr<cores::rendezvous<T>>,
               std::unique_ptr<cores::sync<T>>>
      core_;
};

template <class T>
using mpmc_core = any_core<T, cores::lock_free<T>, cores::sync<T>>;
template <class T>
using spsc_core = any_core<T, cores::spsc_list<T>, cores::spsc_ring<T>, 4>;

}  // namespace sluice::detail
