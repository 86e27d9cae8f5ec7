#pragma once

#include <models/explore.hpp>

#include <harness/applies.hpp>
#include <harness/program.hpp>
#include <sluice/core.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

/// What a model program can be asked about its channel.
namespace sluice::models {

/// One question about one channel, as a model program asks it.
struct model_check {
  std::string name;
  std::string question;
  std::string not_applicable;           ///< the reason, or empty
  std::vector<std::string> capacities;  ///< of those that the question is about, the ones that the channel can have
  std::function<model_result(std::string_view capacity, strategy&)> explore;
  std::string threads{};  ///< of a question about a program: its threads, as in the program's text
};

/// The words of a text, separated by blanks.
inline std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

/// Every program, on a channel that carries out programs.
struct program_questions {
  core_traits traits{};
  std::function<model_result(const harness::program&, strategy&, bool shrinks)> explore;
  /// Programs of so many threads, which the strategy puts before the engine.
  std::function<model_result(std::size_t threads, strategy&)> explore_all;
};

struct questions {
  std::vector<model_check> checks;
  std::optional<program_questions> programs;
};

/// Why programs cannot be explained on a channel of these promises, or empty.
inline std::string unfit(const core_traits& traits) {
  const char* reason =
      harness::needs_all(traits, harness::needs_disconnect, harness::needs_exact_capacity, harness::needs_linearizable);
  return reason ? reason : "";
}

/// The words among `capacities` that a channel of these promises can have.
inline std::vector<std::string> accepted(const core_traits& traits, std::string_view capacities) {
  std::vector<std::string> kept;
  for (const std::string& word : words_of(capacities)) {
    if (traits.accepts(harness::parse_capacity(word))) kept.push_back(word);
  }
  return kept;
}

}  // namespace sluice::models
