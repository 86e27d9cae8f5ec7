#pragma once

#include <models/explore.hpp>

#include <harness/requirements.hpp>
#include <harness/scenario.hpp>
#include <sluice/core.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

/// The checks of a model runner: questions about its channel.
namespace sluice::models {

/// One question about one channel, answered by exploring a model.
struct model_check {
  std::string name;
  std::string question;
  std::string not_applicable;           ///< the reason, or empty
  std::vector<std::string> capacities;  ///< of those that the question is about, the ones that the channel accepts
  std::function<model_result(std::string_view capacity, strategy&)> explore;
  std::string threads{};  ///< of a named scenario: its threads, as in a scenario's text
};

/// The words of a text, separated by blanks.
inline std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

/// Exploring any scenario on a channel.
struct scenario_questions {
  core_traits traits{};
  std::function<model_result(const harness::scenario&, strategy&, bool shrinks)> explore;
  /// Scenarios of so many threads, which the strategy prepares in current_execution.
  std::function<model_result(std::size_t threads, strategy&)> explore_all;
};

struct questions {
  std::vector<model_check> checks;
  std::optional<scenario_questions> scenarios;
};

/// Why the specification does not apply to a channel with these traits, or empty.
inline std::string outside_specification(const core_traits& traits) {
  const char* reason = harness::needs_all(traits, harness::needs_disconnect, harness::needs_exact_capacity);
  return reason ? reason : "";
}

/// The capacities in a text that a channel with these traits accepts.
inline std::vector<std::string> accepted(const core_traits& traits, std::string_view capacities) {
  std::vector<std::string> kept;
  for (const std::string& word : words_of(capacities)) {
    if (traits.accepts(harness::parse_capacity(word))) kept.push_back(word);
  }
  return kept;
}

}  // namespace sluice::models
