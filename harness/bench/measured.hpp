#pragma once

#include <harness/core_of.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <cstdlib>
#include <optional>

namespace sluice::bench {

/// The channel that is measured: its own type, since a virtual call would be measured too.
template <template <class> class Channel>
struct measured {
  template <class T>
  using core = harness::core_of<Channel, T>;
  static_assert((check_core<core<int>>(), true));

  static constexpr core_traits traits = core<int>::traits;
  static constexpr bool selectable = selectable_core<core<int>>;

  template <class T>
  using sender = basic_sender<core<T>>;
  template <class T>
  using receiver = basic_receiver<core<T>>;

  /// Handles of one type for all cores, which can be cloned.
  ///
  /// \pre  traits.accepts(room)
  template <class T>
  static auto make(std::optional<std::size_t> room) {
    constexpr auto many = cardinality::many;
    if constexpr (traits.bounded) {
      if (room) return make_channel<core<T>, many, many>(*room);
    }
    if constexpr (traits.unbounded) return make_channel<core<T>, many, many>();
    std::abort();
  }
};

}  // namespace sluice::bench
