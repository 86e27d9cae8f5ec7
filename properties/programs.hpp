#pragma once

#include <harness/generate.hpp>
#include <harness/linearize.hpp>
#include <harness/monitor.hpp>
#include <harness/threads.hpp>
#include <properties/property.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

/// Programs run and held against the sequential channel.
namespace sluice::properties {

namespace detail {

/// What concurrent histories are held to.
constexpr const char* needs_spec(const core_traits& traits) noexcept {
  if (!harness::kernel::knows_sleepers) return "this system does not tell who sleeps";
  return needs_all(traits, needs_disconnect, needs_linearizable, needs_sleep);
}

inline constexpr std::array<std::optional<std::size_t>, 4> small_capacities{std::nullopt, 0, 1, 2};

/// A seed from RapidCheck's own.
inline std::uint64_t any_seed() {
  return *rc::Gen<std::uint64_t>([](const rc::Random& random, int) {
    rc::Random mine = random;
    return rc::shrinkable::just(mine.next());
  });
}

}  // namespace detail

/// Runs programs and holds what they saw against the sequential channel.
template <class Subject>
class examiner {
public:
  /// \param patience  the watchdog's, which lets the engine find out first that somebody spins.
  explicit examiner(std::chrono::seconds patience) : engine_(std::chrono::milliseconds(patience) / 3) {}

  /// \returns  what went wrong in this execution, if anything did.
  std::optional<failing_program> examine(const harness::program& p, std::uint64_t seed) {
    runs_now(p);
    const harness::execution done = engine_.execute(p, seed);
    std::string account = done.events.size() <= harness::linearizer::most_events ? searched(p, done) : watched(p, done);
    if (done.spinning) account += "somebody goes round in circles\n";
    nothing_runs();
    if (account.empty()) return std::nullopt;
    return failing_program{p, seed, std::move(account), done.spinning};
  }

private:
  static constexpr ordering order = Subject::traits.order;

  /// Who promises its capacity exactly is held to the one asked for, anybody else to the one it tells.
  static std::optional<std::size_t> capacity_of(const harness::program& p, const harness::execution& done) {
    return Subject::traits.exact_capacity ? p.capacity : done.capacity;
  }

  /// Of what no order explains, the picture; otherwise empty.
  static std::string searched(const harness::program& p, const harness::execution& done) {
    const harness::spec initial = harness::initial_state(p, order, capacity_of(p, done));
    const auto verdict = harness::linearizer(done.events, initial, order).check();
    if (verdict.linearizable && !done.spinning) return {};
    return to_string(p) + "\n" + draw(done.events, verdict.unexplained, verdict.order);
  }

  /// Of a pattern that no channel shows, its name and events; otherwise empty.
  static std::string watched(const harness::program& p, const harness::execution& done) {
    const harness::spec initial = harness::initial_state(p, order);
    const auto found =
        harness::monitor(done.events, capacity_of(p, done), order, initial.senders(), initial.receivers()).check();
    if (!found) return {};
    return "capacity " + harness::to_string(p.capacity) + ", " + std::to_string(done.events.size()) +
           " operations: " + describe(found, done.events) + "\n";
  }

  harness::thread_engine<Subject> engine_;
};

namespace detail {

template <class Subject>
void hold_against_spec(run& r, examiner<Subject>& with, const harness::program& p, std::uint64_t seed) {
  if (auto found = with.examine(p, seed)) r.fail(std::move(*found));
}

}  // namespace detail

/// One thread, any list of operations.
template <class Subject>
struct sequential {
  static constexpr std::string_view name = "sequential";
  static constexpr std::string_view claim =
      "On one thread, any list of operations gives exactly what the sequential channel gives.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_disconnect, needs_sleep);
  }

  static void check(run& r) {
    examiner<Subject> with(r.wanted().patience);
    r.forall([&] {
      const auto capacity = any_capacity<Subject>();
      draws draw(detail::any_seed());
      auto p = harness::any_sequence(Subject::traits, capacity, 40, std::ref(draw));
      leave_out_blocked(p.threads[0], initial_state(p));
      if (!p.threads[0].empty()) detail::hold_against_spec(r, with, p, draw.next());
    });
  }

private:
  /// Leaves out operations that would wait for ever, so that the rest is carried out.
  static void leave_out_blocked(harness::program::thread& ops, harness::spec state) {
    harness::program::thread kept;
    for (harness::op_kind kind : ops) {
      if (blocks(kind) && !state.enabled(kind)) continue;
      kept.push_back(kind);
      harness::event e{.kind = kind};
      // The values do not matter here, only how many there are.
      for (status result : {status::ok, status::disconnected, status::timeout, status::full, status::empty}) {
        e.result = result;
        if (state.step(e)) break;
      }
    }
    // Without its first handles the list may mean something else.
    if (harness::well_formed(kept)) ops = std::move(kept);
  }
};

/// Two to four threads on random programs, which may block for ever.
template <class Subject>
struct linearizable {
  static constexpr std::string_view name = "linearizable";
  static constexpr std::string_view claim =
      "Whatever programs do on several threads, one order of their operations explains what they saw; who sleeps when "
      "all are at rest sleeps rightly, and no message lives that should not.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    examiner<Subject> with(r.wanted().patience);
    r.forall([&] {
      const auto capacity = any_capacity<Subject>(detail::small_capacities);
      draws draw(detail::any_seed());
      const auto p = harness::any_program(Subject::traits, capacity, std::ref(draw));
      // Timing differs from run to run: a program that went well once is worth a few more looks.
      for (int again = 0; again < 10 && r.failure().empty(); ++again) {
        detail::hold_against_spec(r, with, p, draw.next());
      }
    });
  }
};

/// Every program of two threads with up to two operations each, or as many of them as there is time for.
template <class Subject>
struct small_programs {
  static constexpr std::string_view name = "small_programs";
  static constexpr std::string_view claim =
      "The same of every program of two threads and up to two operations each, without symmetric twins.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    examiner<Subject> with(r.wanted().patience);
    const auto capacities = Subject::capacities(detail::small_capacities);
    const harness::program_space space(harness::every_thread(harness::alphabet_of(Subject::traits), 2), 2);
    const std::size_t all = space.size() * capacities.size();
    const std::size_t wanted = std::min(all, 10 * r.wanted().executions);
    // Evenly spread, beginning anywhere.
    draws draw(r.wanted().seed);
    const std::size_t from = draw(static_cast<unsigned>(all));
    std::size_t next = 0;
    r.times(wanted, [&] {
      const std::size_t n = (from + next++ * all / wanted) % all;
      const auto p = space.at(n / capacities.size(), capacities[n % capacities.size()]);
      if (!harness::within(Subject::traits, p)) return false;
      detail::hold_against_spec(r, with, p, draw.next());
      return true;
    });
  }
};

/// Long runs with every form of operation, watched for what no channel shows.
template <class Subject>
struct monitored {
  static constexpr std::string_view name = "monitored";
  static constexpr std::string_view claim =
      "Long runs of up to eight threads show no message lost, doubled or made up, no inverted order, no empty or full "
      "that was not so.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    examiner<Subject> with(r.wanted().patience);
    draws draw(r.wanted().seed);
    const auto capacities = Subject::capacities(common_capacities);
    r.times(std::max<std::size_t>(2, r.wanted().executions / 30), [&] {
      const auto capacity = capacities[draw(static_cast<unsigned>(capacities.size()))];
      const auto p = harness::any_long_program(Subject::traits, capacity, 2'000, std::ref(draw));
      detail::hold_against_spec(r, with, p, draw.next());
      return true;
    });
  }
};

}  // namespace sluice::properties
