#pragma once

#include <models/platform.hpp>
#include <models/scheduler.hpp>
#include <models/steps.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Running a Relacy suite under our scheduler, and what comes of it.
namespace sluice::models {

struct model_result {
  bool passed = false;
  std::uint64_t executions = 0;
  schedule choices;   ///< of a failure: those of the plainest execution found that fails
  std::string what;   ///< of a failure: Relacy's verdict, the history, and the schedule as steps
  std::string trace;  ///< of a failure: every step, in the channel's own lines
};

/// Said of a model whose execution is not made by its choices alone.
inline constexpr const char* uncontrolled =
    "uncontrolled: the same choices led elsewhere, so the model depends on something else as well";

namespace detail {

/// \param trace  every step of a failure, or null.
template <class Suite, rl::thread_id_t Threads>
rl::test_result_e run_suite(strategy& how, rl::test_params& params, rl::ostringstream* trace) {
  // A stream of Relacy's own kind: its buffer is not taken for the channel's.
  rl::ostringstream output;
  rl::ostringstream& out = trace ? *trace : output;
  params.output_stream = &out;
  params.progress_stream = &output;
  params.search_type = rl::random_scheduler_type;
  params.execution_depth_limit = 20000;
  params.collect_history = trace != nullptr;
  current_search.how = &how;
  return rl::run_test<Suite, scheduler<Threads>>(params, out, false);
}

/// The failure as Relacy tells of it at the end of a trace: what, and where.
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

/// Runs a suite until an execution fails or the strategy has enough.
///
/// \param account  what the failing execution did, as text; empty if nothing was recorded.
/// \param shrinks  whether a failing schedule is made plain and drawn.
/// \param closer   a thread whose sleeps end only when nobody else can run, or none.
template <class Suite, rl::thread_id_t Threads, class Account>
model_result explore_suite(strategy& how, Account account, bool shrinks, rl::thread_id_t closer = no_closer) {
  current_search.closer = closer;
  model_result result;
  rl::test_params params;
  const auto outcome = detail::run_suite<Suite, Threads>(how, params, nullptr);
  result.executions = params.stop_iteration;
  result.passed = outcome == rl::test_result_success;
  if (result.passed) return result;
  result.choices = current_search.taken;

  const auto fails = [](const schedule& choices) -> std::optional<schedule> {
    replayed again(choices);
    rl::test_params once;
    if (detail::run_suite<Suite, Threads>(again, once, nullptr) == rl::test_result_success) return std::nullopt;
    return current_search.taken;
  };
  std::string controlled;
  if (const auto again = fails(result.choices); again != result.choices) {
    controlled = std::string(" (") + uncontrolled + ")";
  }
  if (shrinks) result.choices = plainest(result.choices, fails);

  replayed last(result.choices);
  rl::ostringstream trace;
  rl::test_params once;
  step_recorder steps;
  const auto repeated = detail::run_suite<Suite, Threads>(last, once, &trace);
  // Relacy writes atomics of eight bits as characters.
  for (const char c : trace.str()) result.trace.push_back(c >= 0 && c < 9 ? static_cast<char>('0' + c) : c);
  const auto kind = rl::test_result_str(repeated == rl::test_result_success ? outcome : repeated);
  result.what = detail::failure_in(result.trace, kind) + controlled + "\n" + account(steps);
  if (repeated == rl::test_result_data_race) result.what += steps.draw_reads();
  return result;
}

}  // namespace sluice::models
