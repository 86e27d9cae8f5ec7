#pragma once

#include <sluice/detail/any_core.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <utility>

/// Many producers, one consumer: senders clone, the receiver does not.
namespace sluice::mpsc {

template <class T>
using sender = basic_sender<detail::mpmc_core<T>, cardinality::one>;
template <class T>
using receiver = basic_receiver<detail::mpmc_core<T>, cardinality::one>;

/// A channel without a bound: sends never wait.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> channel(
    detail::origin where = SLUICE_HERE) {
  return make_channel<detail::mpmc_core<T>, cardinality::one>(where);
}

/// A channel that holds at most `capacity` messages; with 0, a send returns only once its message is received.
///
/// \throws std::length_error, std::bad_alloc  if there cannot be so large a buffer.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> sync_channel(
    std::size_t capacity, detail::origin where = SLUICE_HERE) {
  return make_channel<detail::mpmc_core<T>, cardinality::one>(capacity, where);
}

}  // namespace sluice::mpsc
