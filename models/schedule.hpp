#pragma once

#include <harness/number.hpp>
#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::models {

/// One choice of the scheduler or of the memory model. 0 is always the default: the running thread continues, a load
/// returns the newest value, no thread wakes spuriously.
struct choice {
  std::uint16_t taken = 0;
  std::uint16_t of = 1;

  friend bool operator==(const choice&, const choice&) = default;
};

/// All choices of an execution, which reproduce it.
using schedule = harness::raw_vector<choice>;

/// The number of deviations: preemptions, stale reads, early timeouts, spurious wake-ups and spurious failures.
inline std::size_t deviations(const schedule& s) {
  return static_cast<std::size_t>(std::ranges::count_if(s, [](const choice& c) { return c.taken != 0; }));
}

/// The text form lists the choices that are not 0, as `12=1,40=2`; `none` if there are none.
inline std::string to_string(const schedule& s) {
  std::string text;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i].taken == 0) continue;
    text.append(text.empty() ? "" : ",").append(std::to_string(i)).append("=").append(std::to_string(s[i].taken));
  }
  return text.empty() ? "none" : text;
}

/// Reads the text form, which does not contain the numbers of alternatives.
///
/// \throws std::invalid_argument  naming the text that is no schedule.
inline schedule parse_schedule(std::string_view text) {
  constexpr std::size_t longest = 60'000;
  schedule s;
  if (text == "none") return s;
  const auto number = [&](std::string_view part) {
    const auto value = harness::parse_number(part);
    if (value && *value < longest) return *value;
    throw std::invalid_argument("`" + std::string(text) + "` is no schedule: give `none`, or choices as 12=1,40=2");
  };
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view part = text.substr(from, comma - from);
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::size_t position = number(part.substr(0, equals));
    const std::size_t taken = number(part.substr(std::min(equals + 1, part.size())));
    if (position >= s.size()) s.resize(position + 1);
    s[position].taken = static_cast<std::uint16_t>(taken);
    from = comma + 1;
  }
  return s;
}

}  // namespace sluice::models
