#pragma once

#include <sluice/cores/by_capacity.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <utility>

/// Multiple producers, single consumer: senders can be cloned, the receiver cannot.
namespace sluice::inline SLUICE_ABI::mpsc {

template <class T>
using sender = basic_sender<cores::mpsc<T>, cardinality::one>;
template <class T>
using weak_sender = basic_weak_sender<cores::mpsc<T>, cardinality::one>;
template <class T>
using receiver = basic_receiver<cores::mpsc<T>, cardinality::one>;

/// An unbounded channel: sends never wait.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> channel(
    detail::origin where = detail::origin::current()) {
  return make_channel<cores::mpsc<T>, cardinality::one>(where);
}

/// A bounded channel of exactly `capacity` messages; with 0, a rendezvous: a send returns only once its message is
/// received.
///
/// \throws std::length_error, std::bad_alloc  if so large a buffer cannot be allocated.
template <class T>
[[nodiscard("a channel without handles is closed at once")]] std::pair<sender<T>, receiver<T>> sync_channel(
    std::size_t capacity, detail::origin where = detail::origin::current()) {
  return make_channel<cores::mpsc<T>, cardinality::one>(capacity, where);
}

}  // namespace sluice::inline SLUICE_ABI::mpsc
