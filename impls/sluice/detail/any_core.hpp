#pragma once

#include <sluice/core.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/sync.hpp>

#include <cstddef>
#include <optional>
#include <variant>

namespace sluice::detail {

/// The core behind the facades: whichever suits the capacity asked for, under one type.
template <class T>
class any_core {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .least_capacity = 0};

  any_core() { core_.template emplace<cores::lock_free<T>>(); }

  explicit any_core(std::size_t capacity) {
    if (capacity == 0) {
      core_.template emplace<cores::rendezvous<T>>();
    } else {
      core_.template emplace<cores::sync<T>>(capacity);
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
      case 1: return operation(*std::get_if<1>(&self.core_));
      case 2: return operation(*std::get_if<2>(&self.core_));
      default: return operation(*std::get_if<3>(&self.core_));
    }
  }

  // Cores neither move nor are default constructed alike, so the variant starts with none and a constructor fills it.
  std::variant<std::monostate, cores::lock_free<T>, cores::sync<T>, cores::rendezvous<T>> core_;
};

}  // namespace sluice::detail
