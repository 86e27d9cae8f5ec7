// Relacy's header must come after all others.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <models/platform.hpp>

#include <models/bypass_models.hpp>
#include <models/close_models.hpp>
#include <models/four_thread_models.hpp>
#include <models/handle_models.hpp>
#include <models/model_runner.hpp>
#include <models/named_scenarios.hpp>
#include <models/run_models.hpp>
#include <models/select_models.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace sluice::models {

int run_models(std::string name, questions asked, int argc, char** argv) {
  return model_runner(std::move(name), argv[0], std::move(asked)).main(argc, argv);
}

int run_models(std::string name, const model_subject& channel, int argc, char** argv) {
  tested = &channel;
  questions asked{.checks = scenario_checks(channel.traits()), .scenarios = scenarios_of(channel.traits())};
  std::ranges::move(select_checks(channel), std::back_inserter(asked.checks));
  std::ranges::move(handle_checks(channel), std::back_inserter(asked.checks));
  std::ranges::move(bypass_checks(channel), std::back_inserter(asked.checks));
  std::ranges::move(close_checks(channel), std::back_inserter(asked.checks));
  std::ranges::move(four_thread_checks(channel), std::back_inserter(asked.checks));
  return run_models(std::move(name), std::move(asked), argc, argv);
}

}  // namespace sluice::models
