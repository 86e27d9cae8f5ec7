#pragma once

#include <languages/c_channel.hpp>

#include <cstddef>

// The static library of rust/channels.
extern "C" {
extern const sluice_channel_functions sluice_rust_std;
extern const sluice_channel_functions sluice_rust_std_sync;
extern const sluice_channel_functions sluice_crossbeam;
extern const sluice_channel_functions sluice_flume;
extern const sluice_channel_functions sluice_tokio;
extern const sluice_channel_functions sluice_tokio_oneshot;
extern const sluice_broadcast_functions sluice_tokio_broadcast;
}

namespace sluice::languages {

/// A bounded channel of Rust has room for all messages from the start.
inline constexpr std::size_t greatest_capacity = 1u << 20;

// None makes a promise for a failed allocation: it ends a program in Rust.

struct rust_std_library {
  static constexpr core_traits traits{
      .consumers = cardinality::one, .unbounded = true, .exact_size = false, .strong_guarantee = false};
  static constexpr auto* functions = &sluice_rust_std;
};
/// std::sync::mpsc::channel. It does not tell its size.
template <class T>
using rust_std = c_channel<T, rust_std_library>;

struct rust_std_sync_library {
  static constexpr core_traits traits{.consumers = cardinality::one,
                                      .bounded = true,
                                      .least_capacity = 0,
                                      .greatest_capacity = greatest_capacity,
                                      .timed = false,
                                      .exact_size = false,
                                      .strong_guarantee = false};
  static constexpr auto* functions = &sluice_rust_std_sync;
};
/// std::sync::mpsc::sync_channel. A send has no deadline.
template <class T>
using rust_std_sync = c_channel<T, rust_std_sync_library>;

struct crossbeam_library {
  static constexpr core_traits traits{.unbounded = true,
                                      .bounded = true,
                                      .least_capacity = 0,
                                      .greatest_capacity = greatest_capacity,
                                      .discards = false,
                                      .strong_guarantee = false};
  static constexpr auto* functions = &sluice_crossbeam;
};
/// Bounded, Debian's version keeps what is buffered until the senders disconnect.
template <class T>
using crossbeam = c_channel<T, crossbeam_library>;

struct flume_library {
  static constexpr core_traits traits{
      .unbounded = true, .bounded = true, .least_capacity = 0, .discards = false, .strong_guarantee = false};
  static constexpr auto* functions = &sluice_flume;
};
/// It keeps what is buffered until the senders disconnect.
template <class T>
using flume = c_channel<T, flume_library>;

struct tokio_library {
  static constexpr core_traits traits{.consumers = cardinality::one,
                                      .unbounded = true,
                                      .bounded = true,
                                      .greatest_capacity = greatest_capacity,
                                      .consistency = consistency::weak,
                                      .exact_size = false,
                                      .strong_guarantee = false};
  static constexpr auto* functions = &sluice_tokio;
};
/// tokio::sync::mpsc, in its blocking forms. It is fair: room that a waiting sender was woken for is taken from then
/// on, so the channel may be `full` before that sender has sent. Debian's does not tell its size.
template <class T>
using tokio = c_channel<T, tokio_library>;

struct tokio_oneshot_library {
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .bounded = true,
                                      .greatest_capacity = 1,
                                      .exact_size = false,
                                      .strong_guarantee = false,
                                      .one_message = true};
  static constexpr auto* functions = &sluice_tokio_oneshot;
};
/// tokio::sync::oneshot.
template <class T>
using tokio_oneshot = c_channel<T, tokio_oneshot_library>;

struct tokio_broadcast_library {
  static constexpr broadcast_traits traits{.greatest_capacity = greatest_capacity, .exact_capacity = false};
  static constexpr auto* functions = &sluice_tokio_broadcast;
};
/// tokio::sync::broadcast. It keeps as many messages as the next power of two.
template <class T>
using tokio_broadcast = c_broadcast<T, tokio_broadcast_library>;

}  // namespace sluice::languages
