#pragma once

#include <models/platform.hpp>
#include <models/replayed_schedule.hpp>
#include <models/scheduler.hpp>
#include <models/shrink_schedule.hpp>
#include <models/step_recorder.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Running a Relacy suite under our scheduler.
namespace sluice::models {

struct model_result {
  bool passed = false;
  std::uint64_t executions = 0;
  schedule choices;   ///< of a failure: those of the simplest failing execution found
  std::string what;   ///< of a failure: Relacy's verdict, the history, and the schedule as steps
  std::string trace;  ///< of a failure: every step, in the channel's own lines
};

/// Reported of a model whose execution does not depend on its choices alone.
inline constexpr const char* uncontrolled = "uncontrolled nondeterminism: the same choices led to another execution";

namespace detail {

inline constexpr unsigned most_steps = 20'000;  ///< of an execution; one with more counts as a livelock

/// \param trace  every step of a failure, or null.
template <class Suite, rl::thread_id_t Threads>
rl::test_result_e run_suite(strategy& how, rl::test_params& params, rl::ostringstream* trace) {
  // Relacy's own stream type: its buffer is not attributed to the channel.
  rl::ostringstream output;
  rl::ostringstream& out = trace ? *trace : output;
  params.output_stream = &out;
  params.progress_stream = &output;
  params.search_type = rl::random_scheduler_type;
  params.execution_depth_limit = most_steps;
  params.collect_history = trace != nullptr;
  current_search.how = &how;
  const rl::test_result_e result = rl::run_test<Suite, scheduler<Threads>>(params, out, false);
  if (current_search.around) current_search.around->leave();
  return result;
}

/// The failure as Relacy reports it at the end of a trace: what, and where.
inline std::string failure_in(std::string_view trace, std::string_view kind) {
  for (std::size_t from = 0; from < trace.size();) {
    const std::size_t end = std::min(trace.find('\n', from), trace.size());
    const std::string_view line = trace.substr(from, end - from);
    const std::size_t at = line.find(kind);
    if (at != std::string_view::npos && line.starts_with('[')) return std::string(line.substr(at));
    from = end + 1;
  }
  return std::string(kind);
}

}  // namespace detail

/// Runs a suite until an execution fails or the strategy ends.
///
/// \param describe  returns what the failing execution did, as text.
/// \param shrinks   whether a failing schedule is shrunk first.
/// \param closer    a thread whose sleeps end only when no other can run, or none.
template <class Suite, rl::thread_id_t Threads, class Describe>
model_result explore_suite(strategy& how, Describe describe, bool shrinks, rl::thread_id_t closer = no_closer) {
  current_search.closer = closer;
  model_result result;
  rl::test_params params;
  const auto outcome = detail::run_suite<Suite, Threads>(how, params, nullptr);
  result.executions = params.stop_iteration;
  result.passed = outcome == rl::test_result_success;
  if (result.passed) return result;
  result.choices = current_search.taken;

  const auto fails = [](const schedule& choices) -> std::optional<schedule> {
    replayed_schedule again(choices);
    rl::test_params once;
    if (detail::run_suite<Suite, Threads>(again, once, nullptr) == rl::test_result_success) return std::nullopt;
    return current_search.taken;
  };
  std::string controlled;
  if (const auto again = fails(result.choices); again != result.choices) {
    controlled = std::string(" (") + uncontrolled + ")";
  }
  if (shrinks) result.choices = shrink(result.choices, fails);

  replayed_schedule last(result.choices);
  rl::ostringstream trace;
  rl::test_params once;
  step_recorder steps;
  const auto repeated = detail::run_suite<Suite, Threads>(last, once, &trace);
  // Relacy writes atomics of eight bits as characters.
  for (const char c : trace.str()) result.trace.push_back(c >= 0 && c < 9 ? static_cast<char>('0' + c) : c);
  const auto verdict = repeated == rl::test_result_success ? outcome : repeated;
  result.what = verdict == rl::test_result_livelock
                    ? "livelock: threads still run after " + std::to_string(detail::most_steps) + " steps"
                    : detail::failure_in(result.trace, rl::test_result_str(verdict));
  result.what += controlled + "\n" + describe(steps);
  if (repeated == rl::test_result_livelock) result.what += steps.draw_loop();
  if (repeated == rl::test_result_data_race) result.what += steps.draw_reads();
  return result;
}

}  // namespace sluice::models
