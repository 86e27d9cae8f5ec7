#pragma once

#include <harness/number.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::models {

/// How often a random search chooses in which way: shares of its executions.
struct search_mix {
  static constexpr std::array<std::string_view, 5> thread_names{"uniform", "pct", "pos", "surw", "forced_reads"};
  static constexpr std::array<std::string_view, 2> load_names{"even", "own_view"};
  static constexpr std::string_view explanation =
      "shares of uniform, pct, pos, surw and forced_reads, and of even and own_view, as pct=2,pos,own_view";

  std::array<unsigned, thread_names.size()> threads{};
  std::array<unsigned, load_names.size()> loads{};

  /// Found by measuring: models/README.md has the table.
  static const search_mix usual;
};

inline constexpr search_mix search_mix::usual{.threads = {0, 1, 1, 0, 1}, .loads = {2, 1}};

/// Reads shares as `pct=2,pos,own_view`: a name alone has the share 1.
///
/// \throws std::invalid_argument  naming the text that is no mix.
inline search_mix parse_mix(std::string_view text) {
  search_mix mix;
  const auto share_of = [&](std::string_view name) -> unsigned* {
    const auto thread = std::ranges::find(search_mix::thread_names, name);
    if (thread != search_mix::thread_names.end()) {
      return &mix.threads[static_cast<std::size_t>(thread - search_mix::thread_names.begin())];
    }
    const auto load = std::ranges::find(search_mix::load_names, name);
    return load == search_mix::load_names.end()
               ? nullptr
               : &mix.loads[static_cast<std::size_t>(load - search_mix::load_names.begin())];
  };
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view part = text.substr(from, comma - from);
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto share = equals == part.size() ? 1 : harness::parse_number(part.substr(equals + 1));
    unsigned* const of = share_of(part.substr(0, equals));
    if (!of || !share || *share > 1000) {
      throw std::invalid_argument("`" + std::string(text) + "` is no mix of strategies: give " +
                                  std::string(search_mix::explanation));
    }
    *of = static_cast<unsigned>(*share);
    from = comma + 1;
  }
  return mix;
}

}  // namespace sluice::models
