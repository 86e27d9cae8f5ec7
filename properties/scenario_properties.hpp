#pragma once

#include <harness/check_execution.hpp>
#include <harness/generate.hpp>
#include <harness/thread_engine.hpp>
#include <properties/property.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

/// Properties that execute scenarios and check their histories against the sequential specification.
namespace sluice::properties {

namespace detail {

/// What checking concurrent histories requires.
constexpr const char* needs_sleepers() noexcept {
  return harness::kernel::reports_sleepers ? nullptr : "this system does not report which threads sleep";
}
constexpr const char* needs_spec(const core_traits& traits) noexcept {
  if (const char* reason = needs_sleepers()) return reason;
  return needs_all(traits, needs_disconnect, needs_sleep);
}

inline constexpr std::array<std::optional<std::size_t>, 4> small_capacities{std::nullopt, 0, 1, 2};

/// The state in which a scenario starts.
inline harness::spec initial(const subject& channel, const harness::scenario& p) {
  return harness::initial_state(p, channel.traits());
}
inline harness::broadcast_spec initial(const harness::broadcast_subject& channel, const harness::scenario& p) {
  return harness::initial_broadcast(p, channel.traits(), p.capacity.value());
}

/// A seed from RapidCheck's own.
inline std::uint64_t any_seed() {
  return *rc::Gen<std::uint64_t>([](const rc::Random& random, int) {
    rc::Random mine = random;
    return rc::shrinkable::just(mine.next());
  });
}

}  // namespace detail

/// Executes scenarios and checks their histories against the sequential specification.
template <class Subject>
class scenario_checker {
public:
  /// \param hang_timeout  the watchdog's; the engine reports a livelock before it.
  scenario_checker(const Subject& channel, std::chrono::seconds hang_timeout)
      : traits_(channel.traits()), engine_(channel, std::chrono::milliseconds(hang_timeout) / 3) {}
  explicit scenario_checker(const basic_run<Subject>& r) : scenario_checker(r.channel(), r.wanted().hang_timeout) {}

  /// \returns  the violation of this execution, if any.
  std::optional<failing_scenario> check(const harness::scenario& p, std::uint64_t seed) {
    runs_now(p);
    const harness::execution done = engine_.execute(p, seed);
    std::string report = harness::check_execution(p, done, traits_);
    if (done.livelock) report += std::string(livelock) + "\n";
    nothing_runs();
    if (report.empty()) return std::nullopt;
    return failing_scenario{p, seed, std::move(report), done.livelock};
  }

private:
  std::remove_cvref_t<decltype(std::declval<const Subject&>().traits())> traits_;
  harness::thread_engine<Subject> engine_;
};

namespace detail {

template <class Subject>
void check_against_spec(basic_run<Subject>& r, scenario_checker<Subject>& with, const harness::scenario& p,
                        std::uint64_t seed) {
  if (auto found = with.check(p, seed)) r.fail(std::move(*found));
}

}  // namespace detail

/// One thread, random operations.
struct sequential {
  static constexpr std::string_view name = "sequential";
  static constexpr std::string_view claim =
      "On one thread, any list of operations gives exactly the results of the sequential specification.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_disconnect, needs_sleep);
  }

  static constexpr const char* not_applicable(const broadcast_traits&) { return nullptr; }

  template <class Subject>
  static void check(basic_run<Subject>& r) {
    scenario_checker with(r);
    r.forall([&] {
      const auto capacity = any_capacity(r);
      draws draw(detail::any_seed());
      auto p = harness::any_sequence(r.channel().traits(), capacity, longest(r.channel().traits()), std::ref(draw));
      remove_blocked(p.threads[0], detail::initial(r.channel(), p));
      if (!p.threads[0].empty()) detail::check_against_spec(r, with, p, draw.next());
    });
  }

private:
  /// Operations of a history that has no other check if it is too long to be linearized: as many handles may be left to
  /// drop at its end, and two quiescences follow.
  static constexpr std::size_t longest_exact = (harness::most_linearized - 4) / 2;

  static constexpr std::size_t longest(const core_traits& traits) { return traits.one_message ? longest_exact : 40; }
  static constexpr std::size_t longest(const broadcast_traits&) { return longest_exact; }

  /// Removes operations that would wait for ever, so that the rest is performed.
  template <class Spec>
  static void remove_blocked(harness::scenario::thread& ops, Spec state) {
    harness::scenario::thread kept;
    for (harness::op_kind kind : ops) {
      if (blocks(kind) && !state.enabled(kind)) continue;
      kept.push_back(kind);
      state.perform(kind);
    }
    // Without some operations, the thread may start with other handles.
    if (harness::well_formed(kept)) ops = std::move(kept);
  }
};

/// Two to four threads, random operations, which may block for ever.
struct linearizable {
  static constexpr std::string_view name = "linearizable";
  static constexpr std::string_view claim =
      "Whatever several threads do, some order of their operations explains the results; at quiescence only operations "
      "sleep that must, and no message lives that should not.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static constexpr const char* not_applicable(const broadcast_traits&) { return detail::needs_sleepers(); }

  template <class Subject>
  static void check(basic_run<Subject>& r) {
    scenario_checker with(r);
    r.forall([&] {
      const auto capacity = any_capacity(r, detail::small_capacities);
      draws draw(detail::any_seed());
      const auto p = harness::any_scenario(r.channel().traits(), capacity, std::ref(draw));
      // Timing differs between executions, so each scenario is executed several times.
      for (int again = 0; again < 10 && r.failure().empty(); ++again) {
        detail::check_against_spec(r, with, p, draw.next());
      }
    });
  }
};

/// Every scenario of two threads with up to two operations each, or a sample of them.
struct small_scenarios {
  static constexpr std::string_view name = "small_scenarios";
  static constexpr std::string_view claim =
      "The same for every scenario of two threads with up to two operations each, up to symmetry.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static constexpr const char* not_applicable(const broadcast_traits&) { return detail::needs_sleepers(); }

  template <class Subject>
  static void check(basic_run<Subject>& r) {
    scenario_checker with(r);
    const auto capacities = r.channel().capacities(detail::small_capacities);
    const harness::scenario_space space(harness::every_thread(harness::alphabet_of(r.channel().traits()), 2), 2);
    const std::size_t all = space.size() * capacities.size();
    const std::size_t wanted = std::min(all, 10 * r.wanted().executions);
    // Evenly spread, from a random start.
    draws draw(r.wanted().seed);
    const std::size_t from = draw(static_cast<unsigned>(all));
    std::size_t next = 0;
    r.times(wanted, [&] {
      const std::size_t n = (from + next++ * all / wanted) % all;
      const auto p = space.at(n / capacities.size(), capacities[n % capacities.size()]);
      if (!harness::within(r.channel().traits(), p)) return false;
      detail::check_against_spec(r, with, p, draw.next());
      return true;
    });
  }
};

/// Long executions with every form of operation, monitored for patterns that no correct channel shows.
struct monitored {
  static constexpr std::string_view name = "monitored";
  static constexpr std::string_view claim =
      "Long executions of up to eight threads show no message lost, duplicated or invented, no inverted order, and no "
      "wrong `empty` or `full`.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    scenario_checker with(r);
    draws draw(r.wanted().seed);
    const auto capacities = r.channel().capacities(common_capacities);
    r.times(std::max<std::size_t>(2, r.wanted().executions / 30), [&] {
      const auto capacity = capacities[draw(static_cast<unsigned>(capacities.size()))];
      const auto p = harness::any_long_scenario(r.channel().traits(), capacity, 2'000, std::ref(draw));
      detail::check_against_spec(r, with, p, draw.next());
      return true;
    });
  }
};

}  // namespace sluice::properties
