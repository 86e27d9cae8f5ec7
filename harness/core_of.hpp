#pragma once

#include <harness/oneshot_core.hpp>
#include <sluice/cores/conqueue.hpp>

namespace sluice::harness {

namespace detail {

template <class Channel>
struct core_of {
  using type = Channel;
};
template <basic_concurrent_queue Queue>
struct core_of<Queue> {
  using type = cores::conqueue<Queue>;
};
template <class Channel>
requires(!core<Channel> && sends_once<Channel>) struct core_of<Channel> {
  using type = oneshot_core<Channel>;
};

}  // namespace detail

/// The core of a registered channel: the channel itself, or if it is a queue of P0260 or a oneshot, one made of it.
///
/// \tparam Channel  as named in its registry line
template <template <class> class Channel, class T>
using core_of = typename detail::core_of<Channel<T>>::type;

}  // namespace sluice::harness
