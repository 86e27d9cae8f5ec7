#pragma once

#include <sluice/handles.hpp>

#include <cstddef>
#include <cstdlib>
#include <optional>

namespace sluice::bench {

/// The channel that is measured: its own type, since a virtual call would be measured too.
template <template <class> class Core>
struct measured {
  static_assert((check_core<Core<int>>(), true));

  static constexpr core_traits traits = Core<int>::traits;
  static constexpr bool selectable = selectable_core<Core<int>>;

  template <class T>
  using sender = basic_sender<Core<T>>;
  template <class T>
  using receiver = basic_receiver<Core<T>>;

  /// Handles of one type for all cores, which can be cloned.
  ///
  /// \pre  traits.accepts(room)
  template <class T>
  static auto make(std::optional<std::size_t> room) {
    constexpr auto many = cardinality::many;
    if constexpr (traits.bounded) {
      if (room) return make_channel<Core<T>, many, many>(*room);
    }
    if constexpr (traits.unbounded) return make_channel<Core<T>, many, many>();
    std::abort();
  }
};

}  // namespace sluice::bench
