#pragma once

#include <harness/erased_broadcast.hpp>
#include <harness/tracked_message.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::harness {

/// The broadcast under test.
class broadcast_subject {
public:
  /// The message of scenarios.
  using message = copied_message;
  using sender = broadcast::basic_sender<erased_broadcast<message>>;
  using receiver = broadcast::basic_receiver<erased_broadcast<message>>;

  /// \tparam Broadcast  a template over the message, as named in its registry line.
  template <template <class> class Broadcast>
  static broadcast_subject of() {
    using core = Broadcast<message>;
    static_assert(
        broadcast_core<core>,
        "a broadcast has the operations of sluice::cores::broadcast, its traits, and 64 bits as its position");
    broadcast_traits traits = core::traits;
    traits.clonable_receivers = clonable_broadcast<core>;
    return {&make_erased_broadcast<core>, traits};
  }

  const broadcast_traits& traits() const noexcept { return traits_; }

  /// \pre  traits().accepts(capacity)
  std::pair<sender, receiver> make(std::optional<std::size_t> capacity) const {
    return broadcast::detail::broadcast_factory::make<erased_broadcast<message>>(maker_, capacity.value());
  }

  /// The capacities of a list that a broadcast accepts.
  template <class List>
  std::vector<std::optional<std::size_t>> capacities(const List& wanted) const {
    std::vector<std::optional<std::size_t>> accepted;
    for (const auto& capacity : wanted) {
      if (traits_.accepts(capacity)) accepted.push_back(capacity);
    }
    return accepted;
  }

private:
  broadcast_subject(broadcast_maker<message> maker, broadcast_traits traits) : maker_(maker), traits_(traits) {}

  broadcast_maker<message> maker_;
  broadcast_traits traits_;
};

}  // namespace sluice::harness
