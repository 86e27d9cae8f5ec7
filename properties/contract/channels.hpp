#pragma once

#include <properties/contract/messages.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

/// The channels that the contract is tested on.
namespace sluice::contract {

struct channel {
  std::string_view name;
  const contract::subject* subject;

  const core_traits& traits() const noexcept { return subject->traits(); }
  bool selectable() const noexcept { return subject->selectable(); }

  /// How many have been made so far.
  inline static std::atomic<std::size_t> made{0};

  /// \pre  traits().accepts(capacity)
  template <class T>
  auto make(std::optional<std::size_t> capacity) const {
    made.fetch_add(1, std::memory_order::relaxed);
    return subject->make<T>(capacity);
  }
};

/// The cores and facades of the project's registry.
const std::vector<channel>& every_channel();

/// For lines that take long: without the facade mpmc, all of whose cores are in the list.
const std::vector<channel>& every_core();

/// The channel of this name, if it is registered.
std::vector<channel> only_channel(std::string_view name);

}  // namespace sluice::contract
