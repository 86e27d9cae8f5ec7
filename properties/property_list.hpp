#pragma once

#include <properties/property.hpp>

#include <span>
#include <string_view>
#include <utility>

namespace sluice::properties {

/// A property of the channels that are a `Subject`.
template <class Subject>
struct property {
  using traits = decltype(std::declval<const Subject&>().traits());

  std::string_view name;
  std::string_view claim;
  const char* (*not_applicable)(traits);  ///< the reason, or nullptr
  void (*check)(basic_run<Subject>&);
};

/// Every property, in the order in which they are checked.
template <class Subject>
std::span<const property<Subject>> every_property() noexcept;
template <>
std::span<const property<subject>> every_property() noexcept;
template <>
std::span<const property<harness::broadcast_subject>> every_property() noexcept;

}  // namespace sluice::properties
