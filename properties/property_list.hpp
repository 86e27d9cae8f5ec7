#pragma once

#include <properties/property.hpp>

#include <span>
#include <string_view>

namespace sluice::properties {

struct property {
  std::string_view name;
  std::string_view claim;
  const char* (*not_applicable)(const core_traits&);  ///< the reason, or nullptr
  void (*check)(run&);
};

/// Every property, in the order in which they are checked.
std::span<const property> every_property() noexcept;

}  // namespace sluice::properties
