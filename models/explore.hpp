#pragma once

#include <models/platform.hpp>
#include <models/scheduler.hpp>

#include <harness/program.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Running a Relacy suite under our scheduler, and what comes of it.
namespace sluice::models {

struct model_result {
  bool passed = false;
  std::uint64_t executions = 0;
  std::uint64_t failing_seed = 0;
  std::string what;   ///< of a failure: Relacy's verdict and the history
  std::string trace;  ///< of a failure: every step, in the channel's own lines
};

/// One question about one channel, as a model program asks it.
struct model_check {
  std::string name;
  std::string question;
  std::string not_applicable;           ///< the reason, or empty
  std::vector<std::string> capacities;  ///< of those that the question is about, the ones that the channel can have
  std::function<model_result(std::string_view capacity, std::uint64_t seed, std::uint64_t executions)> explore;
  std::string threads{};  ///< of a question about a program: its threads, as in the program's text
};

/// Explores any program, where the channel is one that carries out programs.
using program_explorer =
    std::function<model_result(const harness::program&, std::uint64_t seed, std::uint64_t executions)>;

/// The words of a text, separated by blanks.
inline std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

/// Runs a suite `executions` times under different schedules, or until one of them fails.
///
/// \param account  what the failing execution did, as text.
/// \param closer   a thread whose sleeps end only when nobody else can run, or none.
template <class Suite, rl::thread_id_t Threads>
model_result explore_suite(std::uint64_t seed, std::uint64_t executions, std::string (*account)(),
                           rl::thread_id_t closer = no_closer) {
  using scheduler_type = scheduler<Threads>;
  current_search = {.first_seed = seed, .executions = executions, .closer = closer};

  // A stream of Relacy's own kind: its buffer is not taken for the channel's.
  rl::ostringstream output;
  rl::test_params params;
  params.output_stream = &output;
  params.progress_stream = &output;
  params.search_type = rl::random_scheduler_type;
  params.execution_depth_limit = 20000;
  const auto outcome = rl::run_test<Suite, scheduler_type>(params, output, false);

  model_result result;
  result.executions = params.stop_iteration;
  result.passed = outcome == rl::test_result_success;
  if (result.passed) return result;

  result.failing_seed = seed + params.stop_iteration - 1;
  current_search = {.first_seed = result.failing_seed, .executions = 1, .closer = closer};
  rl::ostringstream trace;
  rl::test_params again;
  again.output_stream = &trace;
  again.progress_stream = &trace;
  again.search_type = rl::random_scheduler_type;
  again.execution_depth_limit = params.execution_depth_limit;
  again.collect_history = true;
  const auto repeated = rl::run_test<Suite, scheduler_type>(again, trace, false);
  result.what = rl::test_result_str(outcome);
  if (repeated != outcome) result.what += " (the repetition differed: the model draws from something else as well)";
  result.what += "\n" + account();
  result.trace.assign(trace.str().c_str());
  return result;
}

}  // namespace sluice::models
