#pragma once

#include <sluice/detail/any_core.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <utility>

/// Many producers, many consumers: each message goes to one of the receivers.
namespace sluice::mpmc {

template <class T>
using sender = basic_sender<detail::mpmc_core<T>>;
template <class T>
using receiver = basic_receiver<detail::mpmc_core<T>>;

/// A channel without a bound: sends never wait.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> unbounded(
    detail::origin where = SLUICE_HERE) {
  return make_channel<detail::mpmc_core<T>>(where);
}

/// A channel that holds at most `capacity` messages; with 0, a send returns only once its message is received.
///
/// \throws std::length_error, std::bad_alloc  if there cannot be so large a buffer.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> bounded(
    std::size_t capacity, detail::origin where = SLUICE_HERE) {
  return make_channel<detail::mpmc_core<T>>(capacity, where);
}

}  // namespace sluice::mpmc
