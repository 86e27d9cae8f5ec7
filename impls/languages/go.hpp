#pragma once

#include <languages/c_channel.hpp>

// The C archive of go/channels.
extern "C" const sluice_channel_functions sluice_go_channel;

namespace sluice::languages {

struct go_library {
  static constexpr core_traits traits{
      .bounded = true, .least_capacity = 0, .greatest_capacity = 1u << 20, .discards = false, .own_threads = true};
  static constexpr auto* functions = &sluice_go_channel;
};
/// Go's chan, with a second one that tells the senders that the receivers have disconnected. It has room for all
/// messages from the start, and what is buffered when the receivers have disconnected is left to the garbage collector.
template <class T>
using go = c_channel<T, go_library>;

}  // namespace sluice::languages
