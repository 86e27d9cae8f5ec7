#pragma once

#include <harness/applies.hpp>
#include <harness/crew.hpp>
#include <harness/draws.hpp>
#include <harness/program.hpp>
#include <harness/subject.hpp>

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

/// What every family of properties is written with.
///
/// A property is a class template over the subject:
///
///     template <class Subject>
///     struct no_message_lost {
///       static constexpr std::string_view name = "no_message_lost";
///       static constexpr std::string_view claim = "One sentence that is true of every channel that it applies to.";
///       static constexpr const char* not_applicable(const core_traits&);   // a reason, or nullptr
///       static void check(run&);
///     };
namespace sluice::properties {

using harness::always;
using harness::crew;
using harness::draws;
using harness::needs_all;
using harness::needs_allocation_promise;
using harness::needs_buffer;
using harness::needs_disconnect;
using harness::needs_exact_capacity;
using harness::needs_exact_size;
using harness::needs_global_order;
using harness::needs_linearizable;
using harness::needs_sleep;
using harness::needs_timed;
using harness::worker;

/// How much to try, from the command line.
struct options {
  std::uint64_t seed = 1;
  std::size_t executions = 50;
  std::chrono::seconds patience{30};  ///< without progress, it is a hang
};

/// A program that went wrong.
struct failing_program {
  harness::program program;
  std::uint64_t seed = 0;  ///< of the execution
  std::string account;
  bool spinning = false;  ///< a thread of it still uses a processor
};

/// One property being checked.
class run {
public:
  run(const options& o, harness::watchdog& dog) : options_(o), dog_(dog) {}

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

  /// Ends a property that turns out not to apply, for a reason that only shows when it runs.
  void skip(const std::string& reason) { skipped_ = reason; }

  /// Tries fixed cases, as many as are given, until one fails.
  ///
  /// \param one  returns whether there was such a case.
  template <class Case>
  void times(std::size_t cases, Case one) {
    for (; cases > 0 && failure_.empty(); --cases) {
      dog_.watch_over_main(&main_);
      executions_ += one();
    }
    dog_.watch_over_main(nullptr);
  }

  /// Takes note of a program that went wrong; the first one counts. It is shrunk later, by running it more often.
  void fail(failing_program found) {
    if (!failure_.empty()) return;
    failure_ = found.account;
    program_ = std::move(found);
  }

  /// For properties that try fixed cases: one more done.
  void count() noexcept { ++executions_; }

  void fail(const std::string& what) { failure_ = what; }

  harness::watchdog& dog() noexcept { return dog_; }
  const options& wanted() const noexcept { return options_; }
  const std::optional<failing_program>& program() const noexcept { return program_; }
  std::uint64_t executions() const noexcept { return executions_; }
  const std::string& failure() const noexcept { return failure_; }
  const std::string& skipped() const noexcept { return skipped_; }

private:
  const options& options_;
  harness::watchdog& dog_;
  worker main_{"main thread, between crews"};
  std::uint64_t executions_ = 0;
  std::string failure_;
  std::string skipped_;
  std::optional<failing_program> program_;
};

namespace detail {
inline std::array<char, 4096> running{};
}

/// The program that is running now, as text, or nothing: for whoever must tell what crashed.
inline const char* now_running() noexcept { return detail::running.data(); }

inline void nothing_runs() noexcept { detail::running[0] = '\0'; }

inline void runs_now(const harness::program& p) {
  const std::string text = to_string(p);
  // One that is cut short could not be run again.
  const bool fits = text.size() < detail::running.size();
  detail::running[fits ? text.copy(detail::running.data(), text.size()) : 0] = '\0';
}

inline constexpr std::array<std::optional<std::size_t>, 8> common_capacities{
    std::nullopt, 0, 1, 2, 3, 7, 64, 1000,
};

/// Those with room for a message.
inline constexpr std::array<std::optional<std::size_t>, 4> buffered_capacities{std::nullopt, 1, 3, 64};

/// One of the capacities that the subject can have, small ones as likely as large ones.
template <class Subject, class List = decltype(common_capacities)>
std::optional<std::size_t> any_capacity(const List& wanted = common_capacities) {
  const auto accepted = Subject::capacities(wanted);
  return accepted[*rc::gen::inRange<std::size_t>(0, accepted.size())];
}

/// Sends until the channel is full; how many messages that took. \pre  the channel is bounded
template <class Sender, class Make>
std::size_t fill(Sender& tx, Make make) {
  std::size_t sent = 0;
  while (tx.try_send(make())) {
    if (++sent > 100'000)
      RC_FAIL("a bounded channel of capacity " + harness::to_string(tx.capacity()) + " is never full");
  }
  return sent;
}

}  // namespace sluice::properties
