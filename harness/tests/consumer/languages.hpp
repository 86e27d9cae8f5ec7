#pragma once

#include <languages/c_channel.hpp>

// As ring.c, the crate in rust and the package in go export them.
extern "C" {
extern const sluice_channel_functions ring_in_c;
extern const sluice_channel_functions queue_in_rust;
extern const sluice_broadcast_functions broadcast_in_rust;
extern const sluice_channel_functions sluice_go_channel;
}

namespace mine {

struct ring_library {
  static constexpr sluice::core_traits traits{.bounded = true};
  static constexpr auto* functions = &ring_in_c;
};
template <class T>
using c_ring = sluice::languages::c_channel<T, ring_library>;

struct rust_library {
  static constexpr sluice::core_traits traits{.unbounded = true, .bounded = true, .strong_guarantee = false};
  static constexpr auto* functions = &queue_in_rust;
};
template <class T>
using rust_queue = sluice::languages::c_channel<T, rust_library>;

struct rust_broadcast_library {
  static constexpr sluice::broadcast_traits traits{.discards = false};
  static constexpr auto* functions = &broadcast_in_rust;
};
template <class T>
using rust_broadcast = sluice::languages::c_broadcast<T, rust_broadcast_library>;

struct go_library {
  static constexpr sluice::core_traits traits{.unbounded = true, .bounded = true, .timed = false, .own_threads = true};
  static constexpr auto* functions = &sluice_go_channel;
};
template <class T>
using go_queue = sluice::languages::c_channel<T, go_library>;

}  // namespace mine
