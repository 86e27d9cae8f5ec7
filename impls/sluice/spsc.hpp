#pragma once

#include <sluice/detail/any_core.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <utility>

/// One producer, one consumer: neither handle clones, and in return messages are cheaper.
namespace sluice::spsc {

template <class T>
using sender = basic_sender<detail::spsc_core<T>, cardinality::one, cardinality::one>;
template <class T>
using receiver = basic_receiver<detail::spsc_core<T>, cardinality::one>;

/// A channel without a bound: sends never wait.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> unbounded(
    detail::origin where = SLUICE_HERE) {
  return make_channel<detail::spsc_core<T>, cardinality::one, cardinality::one>(where);
}

/// A channel that holds at most `capacity` messages; with 0, a send returns only once its message is received.
///
/// \throws std::length_error, std::bad_alloc  if there cannot be so large a buffer.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> bounded(
    std::size_t capacity, detail::origin where = SLUICE_HERE) {
  return make_channel<detail::spsc_core<T>, cardinality::one, cardinality::one>(capacity, where);
}

}  // namespace sluice::spsc
