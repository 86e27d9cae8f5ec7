#pragma once

#include <harness/generate.hpp>
#include <harness/number.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::models {

/// The size of scenarios: `2x3` is two threads with up to three operations each.
struct scenario_size {
  std::size_t threads = 2;
  std::size_t operations = 2;
};

inline std::string to_string(const scenario_size& s) {
  return std::to_string(s.threads) + "x" + std::to_string(s.operations);
}

/// \throws std::invalid_argument  naming the text that is no size.
inline scenario_size parse_size(std::string_view text) {
  scenario_size s;
  const auto digit = [&](std::size_t at, char most) { return text[at] >= '1' && text[at] <= most; };
  if (text.size() != 3 || text[1] != 'x' || !digit(0, '3') || !digit(2, '9')) {
    throw std::invalid_argument("`" + std::string(text) +
                                "` is no size of scenarios: give threads x operations, as 2x3, with up to 3 threads");
  }
  s.threads = static_cast<std::size_t>(text[0] - '0');
  s.operations = static_cast<std::size_t>(text[2] - '0');
  return s;
}

/// Reads a shard: `2/8` is the second of eight.
///
/// \throws std::invalid_argument  naming the text that is no shard.
inline std::pair<std::size_t, std::size_t> parse_shard(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto part = harness::parse_number(text.substr(0, slash));
  const auto parts = harness::parse_number(text.substr(std::min(slash + 1, text.size())));
  if (part && parts && *part >= 1 && *part <= *parts) return {*part, *parts};
  throw std::invalid_argument("`" + std::string(text) + "` is no shard; give i/n with 1 <= i <= n, for example 2/8");
}

/// The scenarios of one size that a channel with these traits supports, at each capacity of `capacities`, by number.
class scenario_catalogue {
public:
  scenario_catalogue(const core_traits& traits, scenario_size size, std::vector<std::string> capacities)
      : traits_(traits),
        capacities_(std::move(capacities)),
        space_(harness::every_thread(harness::alphabet_of(traits), size.operations), size.threads) {}

  std::size_t size() const noexcept { return space_.size() * capacities_.size(); }

  /// nullopt where one side has more threads than the channel supports.
  std::optional<harness::scenario> at(std::size_t number) const {
    const auto capacity = harness::parse_capacity(capacities_[number / space_.size()]);
    auto p = space_.at(number % space_.size(), capacity);
    return harness::within(traits_, p) ? std::optional(std::move(p)) : std::nullopt;
  }

private:
  core_traits traits_;
  std::vector<std::string> capacities_;
  harness::scenario_space space_;
};

}  // namespace sluice::models
