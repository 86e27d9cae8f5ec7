#pragma once

#include <harness/subject.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/mutex.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/spsc_list.hpp>
#include <sluice/cores/spsc_ring.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>
#include <sluice/spsc.hpp>

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>

/// The channels that the contract is tested on: each with its name, its traits, its handles and how it is made.
namespace sluice::contract {

/// A core, with handles that allow as many threads as it does.
template <template <class> class Core>
struct core_channel {
  using subject = harness::subject<Core>;
  static constexpr core_traits traits = subject::traits;

  template <class T>
  using sender = basic_sender<Core<T>, traits.consumers, traits.producers>;
  template <class T>
  using receiver = basic_receiver<Core<T>, traits.consumers>;

  /// \pre  traits.accepts(capacity)
  template <class T>
  static std::pair<sender<T>, receiver<T>> make(std::optional<std::size_t> capacity) {
    if constexpr (traits.bounded) {
      if (capacity) return make_channel<Core<T>>(*capacity);
    }
    if constexpr (traits.unbounded) return make_channel<Core<T>>();
    std::abort();
  }
};

struct mutex : core_channel<cores::mutex> {
  static constexpr std::string_view name = "mutex";
};
struct lock_free : core_channel<cores::lock_free> {
  static constexpr std::string_view name = "lock_free";
};
struct sync : core_channel<cores::sync> {
  static constexpr std::string_view name = "sync";
};
struct rendezvous : core_channel<cores::rendezvous> {
  static constexpr std::string_view name = "rendezvous";
};
struct spsc_ring : core_channel<cores::spsc_ring> {
  static constexpr std::string_view name = "spsc_ring";
};
struct spsc_list : core_channel<cores::spsc_list> {
  static constexpr std::string_view name = "spsc_list";
};

// The facades, which choose a core by capacity.
struct mpmc_channel : core_channel<cores::mpmc> {
  static constexpr std::string_view name = "mpmc";
};
struct mpsc_channel : core_channel<cores::mpmc> {
  static constexpr std::string_view name = "mpsc";
  static constexpr core_traits traits = [] {
    core_traits t = core_channel<cores::mpmc>::traits;
    t.consumers = cardinality::one;
    return t;
  }();

  template <class T>
  using sender = mpsc::sender<T>;
  template <class T>
  using receiver = mpsc::receiver<T>;

  template <class T>
  static auto make(std::optional<std::size_t> capacity) {
    return capacity ? mpsc::sync_channel<T>(*capacity) : mpsc::channel<T>();
  }
};
struct spsc_channel : core_channel<cores::spsc_by_capacity> {
  static constexpr std::string_view name = "spsc";
};

template <class... Channels>
struct channels {};

using every_channel =
    channels<mutex, lock_free, sync, rendezvous, spsc_ring, spsc_list, mpmc_channel, mpsc_channel, spsc_channel>;

/// For lines that take long: without the facades mpmc and mpsc, all of whose cores are in the list.
using every_core = channels<mutex, lock_free, sync, rendezvous, spsc_ring, spsc_list, spsc_channel>;

}  // namespace sluice::contract
