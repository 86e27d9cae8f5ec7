#pragma once

#include <sluice/handles.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice::harness {

/// The channel under test: a core template, as named in its registry line.
template <template <class> class Core>
struct subject {
  static_assert((check_core<Core<int>>(), true));

  static constexpr core_traits traits = Core<int>::traits;

  template <class T>
  using sender = basic_sender<Core<T>>;
  template <class T>
  using receiver = basic_receiver<Core<T>>;

  /// Handles of one type for all cores, which can be cloned: checks for which cloning would be wrong do not apply.
  ///
  /// \pre  traits.accepts(capacity)
  template <class T>
  static auto make(std::optional<std::size_t> capacity) {
    constexpr auto many = cardinality::many;
    if constexpr (traits.bounded) {
      if (capacity) return make_channel<Core<T>, many, many>(*capacity);
    }
    if constexpr (traits.unbounded) return make_channel<Core<T>, many, many>();
    std::abort();
  }

  /// The capacities of a list that this channel accepts; its least capacity if it accepts none of them.
  template <class List>
  static std::vector<std::optional<std::size_t>> capacities(const List& wanted) {
    std::vector<std::optional<std::size_t>> accepted;
    for (const auto& capacity : wanted) {
      if (traits.accepts(capacity)) accepted.push_back(capacity);
    }
    if (accepted.empty()) accepted.push_back(traits.bounded ? std::optional(traits.least_capacity) : std::nullopt);
    return accepted;
  }
};

}  // namespace sluice::harness
