#pragma once

#include <harness/core_of.hpp>
#include <harness/erased_core.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice::harness {

/// The channel under test, for messages of some types.
template <class... Messages>
class subject {
public:
  /// \tparam Channel  as named in its registry line.
  template <template <class> class Channel>
  static subject of() {
    using core = core_of<Channel, int>;
    static_assert((check_core<core>(), true));
    return subject(core::traits, selectable_core<core>, basic_concurrent_queue<Channel<int>>,
                   {&detail::make_erased<core_of<Channel, Messages>>...});
  }

  const core_traits& traits() const noexcept { return traits_; }
  /// Whether it can be waited on by a select.
  bool selectable() const noexcept { return traits_.selectable; }
  /// Whether it is a queue of P0260, which any thread may close while others use it.
  bool closable() const noexcept { return closable_; }

  /// The channel alone, without handles.
  ///
  /// \pre  traits().accepts(capacity)
  template <class T>
  std::unique_ptr<core_interface<T>> make_core(std::optional<std::size_t> capacity) const {
    return std::get<core_maker<T>>(makers_)(capacity);
  }

  /// Checks for which cloning would be wrong do not apply.
  ///
  /// \pre  traits().accepts(capacity)
  template <class T, cardinality Consumers = cardinality::many, cardinality Producers = cardinality::many>
  std::pair<erased_sender<T, Consumers, Producers>, erased_receiver<T, Consumers>> make(
      std::optional<std::size_t> capacity) const {
    static_assert((std::same_as<T, Messages> || ...), "channels are not compiled for this message: add it to the list");
    return sluice::detail::factory::make<erased_core<T>, Consumers, Producers>(
        sluice::detail::origin::current(), std::get<core_maker<T>>(makers_), capacity);
  }

  /// The capacities of a list that this channel accepts; its least capacity if it accepts none of them.
  template <class List>
  std::vector<std::optional<std::size_t>> capacities(const List& wanted) const {
    std::vector<std::optional<std::size_t>> accepted;
    for (const auto& capacity : wanted) {
      if (traits_.accepts(capacity)) accepted.push_back(capacity);
    }
    if (accepted.empty()) accepted.push_back(traits_.bounded ? std::optional(traits_.least_capacity) : std::nullopt);
    return accepted;
  }

private:
  using makers = std::tuple<core_maker<Messages>...>;

  subject(const core_traits& traits, bool selectable, bool closable, makers m)
      : traits_(traits), closable_(closable), makers_(m) {
    traits_.selectable = selectable;
  }

  core_traits traits_;
  bool closable_;
  makers makers_;
};

}  // namespace sluice::harness
