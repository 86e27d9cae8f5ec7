#pragma once

#include <sluice/core.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::harness {

/// What a oneshot's core has: a send that is called at most once and never waits.
template <class C>
concept sends_once = requires(C& c, typename C::value_type& value, std::optional<typename C::value_type>& out) {
  c.send(value, out);
  c.try_recv(out);
  c.close_senders();
  c.close_receivers();
};

/// A oneshot as a core for the checks: its second send is told that the channel is disconnected.
template <sends_once Oneshot>
class oneshot_core {
public:
  using value_type = typename Oneshot::value_type;
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .bounded = true,
                                      .greatest_capacity = 1,
                                      .one_message = true};

  explicit oneshot_core(std::size_t) {}

  status try_send(value_type& value) {
    if (std::exchange(used_, true)) return status::disconnected;
    std::optional<value_type> refused;
    channel_.send(value, refused);
    if (!refused) return status::ok;
    std::destroy_at(&value);
    std::construct_at(&value, std::move(*refused));
    return status::disconnected;
  }
  status send_until(value_type& value, deadline) { return try_send(value); }
  status try_recv(std::optional<value_type>& out) { return channel_.try_recv(out); }
  status recv_until(std::optional<value_type>& out, deadline until) { return channel_.recv_until(out, until); }
  void close_senders() { channel_.close_senders(); }
  void close_receivers() { channel_.close_receivers(); }
  std::size_t size() const { return channel_.size(); }
  std::optional<std::size_t> capacity() const { return 1; }

private:
  Oneshot channel_;
  bool used_ = false;  // by its one sender
};

}  // namespace sluice::harness
