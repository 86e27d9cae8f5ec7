#pragma once

#include <models/platform.hpp>
#include <models/questions.hpp>

#include <harness/program.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small pieces for threads that no program (harness/program.hpp) can describe: several channels, select, broadcast.
namespace sluice::models {

/// A question that deserves a name, with the threads that put it.
///
/// \tparam Stage  what its threads share, made anew for each execution.
template <class Stage>
struct scene {
  std::string_view name;
  std::string_view question;
  std::string_view capacities;  ///< separated by blanks
  void (*thread)(Stage&, unsigned index);
  void (*after)(Stage&);  ///< expects what must hold once all threads have ended
};

/// Fails the execution unless the condition holds.
inline void expect(bool holds, platform::location where = platform::location::current()) {
  platform::expects(holds, "what the scene expects does not hold", where);
}

/// Every scene on a stage has as many threads; those that it does not need end at once.
inline constexpr rl::thread_id_t scene_threads = 3;

/// The scene that runs, and the capacity of its channels.
template <class Stage>
struct current_scene {
  static inline const scene<Stage>* playing = nullptr;
  static inline std::optional<std::size_t> capacity;
};

template <class Stage>
class scene_suite : public rl::test_suite<scene_suite<Stage>, scene_threads> {
public:
  void before() {
    platform::model::begin();
    stage_.emplace(current_scene<Stage>::capacity);
  }
  void thread(unsigned index) {
    platform::model::playing = true;
    platform::model::started();
    current_scene<Stage>::playing->thread(*stage_, index);
  }
  void after() {
    platform::model::playing = false;
    current_scene<Stage>::playing->after(*stage_);
    stage_.reset();
  }

private:
  std::optional<Stage> stage_;
};

/// Asks the question of a scene.
template <class Stage>
model_result explore(const scene<Stage>& s, std::string_view capacity, strategy& how) {
  current_scene<Stage>::playing = &s;
  current_scene<Stage>::capacity = harness::parse_capacity(capacity);
  const auto account = [](const step_recorder& steps) { return "step by step:\n" + steps.draw({}); };
  return explore_suite<scene_suite<Stage>, scene_threads>(how, account, true);
}

/// Scenes as questions, each at all of its capacities.
template <class Scenes>
std::vector<model_check> checks_of(const Scenes& scenes) {
  std::vector<model_check> checks;
  for (const auto& s : scenes) {
    checks.push_back(
        {.name = std::string(s.name),
         .question = std::string(s.question),
         .not_applicable = {},
         .capacities = words_of(s.capacities),
         .explore = [&s](std::string_view capacity, strategy& how) { return models::explore(s, capacity, how); }});
  }
  return checks;
}

}  // namespace sluice::models
