#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::harness {

/// The outcome of one check of one channel.
enum class verdict : std::uint8_t { passed, failed, not_applicable };

constexpr std::string_view to_string(verdict v) noexcept {
  switch (v) {
    case verdict::passed: return "passed";
    case verdict::failed: return "failed";
    case verdict::not_applicable: return "not_applicable";
  }
  return "unknown";
}

}  // namespace sluice::harness
