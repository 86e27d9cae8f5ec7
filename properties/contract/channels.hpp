#pragma once

#include <properties/contract/messages.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

/// The channels that the contract is tested on.
namespace sluice::contract {

struct channel {
  std::string_view name;
  core_traits traits;
  const contract::subject* subject;

  /// \pre  traits.accepts(capacity)
  template <class T>
  auto make(std::optional<std::size_t> capacity) const {
    return subject->make<T>(capacity);
  }
};

/// The cores and facades in the registry.
const std::vector<channel>& registered_channels();

/// The same and mpsc, whose core is mpmc's.
const std::vector<channel>& every_channel();

/// For lines that take long: without the facades mpmc and mpsc, all of whose cores are in the list.
const std::vector<channel>& every_core();

/// The channel of this name. \pre  there is one.
std::vector<channel> only_channel(std::string_view name);

}  // namespace sluice::contract
