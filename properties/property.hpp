#pragma once

#include <harness/broadcast_subject.hpp>
#include <harness/draws.hpp>
#include <harness/requirements.hpp>
#include <harness/scenario.hpp>
#include <harness/thread_group.hpp>

#include <properties/messages.hpp>

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What properties are written with.
///
/// A property is a class:
///
///     struct no_message_lost {
///       static constexpr std::string_view name = "no_message_lost";
///       static constexpr std::string_view claim = "One sentence that is true of every channel that it applies to.";
///       static constexpr const char* not_applicable(const core_traits&);   // a reason, or nullptr
///       static void check(run&);
///     };
///
/// Of broadcasts, its traits are broadcast_traits, and it is checked by a broadcast_run.
namespace sluice::properties {

using harness::always;
using harness::draws;
using harness::needs_all;
using harness::needs_allocation_promise;
using harness::needs_bounded_bypass;
using harness::needs_buffer;
using harness::needs_discard;
using harness::needs_disconnect;
using harness::needs_exact_capacity;
using harness::needs_exact_size;
using harness::needs_global_order;
using harness::needs_sleep;
using harness::needs_strong_guarantee;
using harness::needs_timed;
using harness::needs_tries;
using harness::thread_group;
using harness::worker;

/// The effort of a run, from the command line.
struct options {
  std::uint64_t seed = 1;
  std::size_t executions = 50;
  std::chrono::seconds hang_timeout{30};  ///< without progress for so long, a check hangs
};

/// A scenario with an execution that no order of its operations explains.
struct failing_scenario {
  harness::scenario scenario;
  std::uint64_t seed = 0;  ///< of the execution
  std::string report;
  bool livelock = false;  ///< a thread still spins, and uses a processor
};

/// One property being checked.
///
/// \tparam Subject  what it is checked on: subject, or broadcast_subject.
template <class Subject>
class basic_run {
public:
  using subject_type = Subject;

  basic_run(const Subject& channel, const options& o, harness::watchdog& dog)
      : channel_(channel), options_(o), dog_(dog) {
    main_.about_to("the check itself");
    main_.adopt_this_thread();
    dog_.watch_over_main(&main_);
  }

  /// Checks the property on random inputs; shrinks and reports the input on which it fails.
  template <class Testable>
  void forall(Testable testable) {
    rc::detail::TestParams params;
    params.seed = options_.seed;
    params.maxSuccess = static_cast<int>(options_.executions);
    const auto result = rc::detail::checkTestable(
        [&, this]() {
          if (!failure_.empty()) return;
          ++executions_;
          dog_.watch_over_main(&main_);
          testable();
        },
        rc::detail::TestMetadata(), params);
    dog_.watch_over_main(nullptr);
    if (result.template is<rc::detail::SuccessResult>() || !failure_.empty()) return;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    fail(text.str());
  }

  /// Ends a property that does not apply for a reason that only shows at run time.
  void skip(const std::string& reason) { skipped_ = reason; }

  /// Runs up to `cases` fixed cases, until one fails.
  ///
  /// \param one  returns whether it ran a case.
  template <class Case>
  void times(std::size_t cases, Case one) {
    for (; cases > 0 && failure_.empty(); --cases) {
      dog_.watch_over_main(&main_);
      executions_ += one();
    }
    dog_.watch_over_main(nullptr);
  }

  /// Records a failing scenario; only the first counts. It is shrunk later, by executing it more often.
  void fail(failing_scenario found) {
    if (!failure_.empty()) return;
    failure_ = found.report;
    scenario_ = std::move(found);
  }

  /// For properties with fixed cases: counts one more.
  void count() {
    ++executions_;
    dog_.watch_over_main(&main_);
  }

  void fail(const std::string& what) { failure_ = what; }

  const Subject& channel() const noexcept { return channel_; }
  harness::watchdog& dog() noexcept { return dog_; }
  const options& wanted() const noexcept { return options_; }
  const std::optional<failing_scenario>& scenario() const noexcept { return scenario_; }
  std::uint64_t executions() const noexcept { return executions_; }
  const std::string& failure() const noexcept { return failure_; }
  const std::string& skipped() const noexcept { return skipped_; }

private:
  const Subject& channel_;
  const options& options_;
  harness::watchdog& dog_;
  worker main_{"main thread"};
  std::uint64_t executions_ = 0;
  std::string failure_;
  std::string skipped_;
  std::optional<failing_scenario> scenario_;
};

using run = basic_run<subject>;
using broadcast_run = basic_run<harness::broadcast_subject>;

/// The report of an execution in which some thread neither finished nor slept.
inline constexpr const char* livelock = "livelock: a thread neither finished nor slept";

namespace detail {
inline std::array<char, 4096> running{};
}

/// The running scenario as text, or an empty one: for the report of a crash.
inline const char* now_running() noexcept { return detail::running.data(); }

inline void nothing_runs() noexcept { detail::running[0] = '\0'; }

inline void runs_now(const harness::scenario& p) {
  const std::string text = to_string(p);
  // A truncated text could not be parsed.
  const bool fits = text.size() < detail::running.size();
  detail::running[fits ? text.copy(detail::running.data(), text.size()) : 0] = '\0';
}

inline constexpr std::array<std::optional<std::size_t>, 8> common_capacities{
    std::nullopt, 0, 1, 2, 3, 7, 64, 1000,
};

/// Capacities with room for a message.
inline constexpr std::array<std::optional<std::size_t>, 4> buffered_capacities{std::nullopt, 1, 3, 64};

/// One of the capacities that the channel accepts, each equally likely.
template <class Subject, class List = decltype(common_capacities)>
std::optional<std::size_t> any_capacity(const basic_run<Subject>& r, const List& wanted = common_capacities) {
  const auto accepted = r.channel().capacities(wanted);
  return accepted[*rc::gen::inRange<std::size_t>(0, accepted.size())];
}

/// Requires that an operation times out, and not early.
template <class Operation>
void expect_timeout(std::chrono::nanoseconds least, Operation operation) {
  const auto start = std::chrono::steady_clock::now();
  RC_ASSERT(operation());
  RC_ASSERT(std::chrono::steady_clock::now() - start >= least);
}

/// Sends until the channel is full. \returns  the number of messages. \pre  the channel is bounded
template <class Sender, class Make>
std::size_t fill(const run& r, Sender& tx, Make make) {
  std::size_t sent = 0;
  if (!r.channel().traits().tries) {
    for (; sent < tx.capacity(); ++sent) RC_ASSERT(tx.send(make()).has_value());
    return sent;
  }
  while (tx.try_send(make())) {
    if (++sent > 100'000)
      RC_FAIL("a bounded channel of capacity " + harness::to_string(tx.capacity()) + " is never full");
  }
  return sent;
}

}  // namespace sluice::properties
