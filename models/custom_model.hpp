#pragma once

#include <models/platform.hpp>
#include <models/questions.hpp>

#include <harness/scenario.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Custom models: functions for threads that no scenario can describe, with several channels, select or broadcast.
namespace sluice::models {

/// A named question, with the function that each of its threads runs.
///
/// \tparam Fixture  what the threads share, constructed anew for each execution.
template <class Fixture>
struct custom_model {
  std::string_view name;
  std::string_view question;
  std::string_view capacities;  ///< separated by blanks
  void (*thread)(Fixture&, unsigned index);
  void (*after)(Fixture&);  ///< checks what must hold once all threads have ended
};

/// Fails the execution unless the condition holds.
inline void expect(bool holds, platform::location where = platform::location::current()) {
  platform::expects(holds, "a condition of the custom model does not hold", where);
}

/// Every custom model of a fixture has so many threads: 3, or its `threads`. Those that it does not need return at
/// once.
template <class Fixture>
constexpr rl::thread_id_t custom_model_threads() {
  if constexpr (requires { Fixture::threads; }) return Fixture::threads;
  return 3;
}

/// The running custom model, and the capacity of its channels.
template <class Fixture>
struct current_custom_model {
  static inline const custom_model<Fixture>* running = nullptr;
  static inline std::optional<std::size_t> capacity;
};

template <class Fixture>
class custom_model_suite : public rl::test_suite<custom_model_suite<Fixture>, custom_model_threads<Fixture>()> {
public:
  void before() {
    const between_threads section;
    platform::model::begin();
    fixture_.emplace(current_custom_model<Fixture>::capacity);
  }
  void thread(unsigned index) {
    platform::model::playing = true;
    platform::model::started();
    current_custom_model<Fixture>::running->thread(*fixture_, index);
    end_thread();
  }
  void after() {
    const between_threads section;
    platform::model::playing = false;
    current_custom_model<Fixture>::running->after(*fixture_);
    fixture_.reset();
  }

private:
  end_of_execution end_;
  std::optional<Fixture> fixture_;
};

/// Explores a custom model.
template <class Fixture>
model_result explore(const custom_model<Fixture>& s, std::string_view capacity, strategy& how) {
  current_custom_model<Fixture>::running = &s;
  current_custom_model<Fixture>::capacity = harness::parse_capacity(capacity);
  const auto describe = [](const step_recorder& steps) { return "step by step:\n" + steps.draw({}); };
  return explore_suite<custom_model_suite<Fixture>, custom_model_threads<Fixture>()>(how, describe, true);
}

/// Custom models as checks, each at all of its capacities.
template <class CustomModels>
std::vector<model_check> checks_of(const CustomModels& custom_models) {
  std::vector<model_check> checks;
  for (const auto& s : custom_models) {
    checks.push_back(
        {.name = std::string(s.name),
         .question = std::string(s.question),
         .not_applicable = {},
         .capacities = words_of(s.capacities),
         .explore = [&s](std::string_view capacity, strategy& how) { return models::explore(s, capacity, how); }});
  }
  return checks;
}

/// The same, each at those of its capacities that a channel with these traits accepts.
template <class CustomModels>
std::vector<model_check> checks_of(const CustomModels& custom_models, const core_traits& traits) {
  auto checks = checks_of(custom_models);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    checks[i].capacities = accepted(traits, custom_models[i].capacities);
  }
  return checks;
}

}  // namespace sluice::models
