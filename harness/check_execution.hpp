#pragma once

#include <harness/broadcast_spec.hpp>
#include <harness/linearize.hpp>
#include <harness/monitor.hpp>
#include <harness/thread_engine.hpp>
#include <sluice/core.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

/// Checking what threads did against the sequential specification.
namespace sluice::harness {

namespace detail {

/// A channel with exact capacity is checked for the requested one, another for the one it reports.
inline std::optional<std::size_t> checked_capacity(const scenario& p, const execution& done,
                                                   const core_traits& traits) {
  return traits.exact_capacity ? p.capacity : done.capacity;
}

inline void require_brief(const scenario& p, const execution& done) {
  if (done.events.size() <= most_linearized) return;
  throw std::invalid_argument("`" + to_string(p) + "` has more operations than can be checked exactly: at most " +
                              std::to_string(most_linearized) + ", with the drops of handles");
}

/// The picture of a history that is not explained; otherwise empty.
template <class Spec>
std::string check_exactly(const scenario& p, const execution& done, const Spec& initial, promises held) {
  const auto found = linearizer(done.events, initial, held).check();
  if (found.linearizable && !done.livelock) return {};
  return to_string(p) + "\n" + draw(done.events, found.unexplained, found.order);
}

/// The violation that the monitor finds in a long history; otherwise empty.
inline std::string check_by_monitor(const scenario& p, const execution& done, const core_traits& traits) {
  const spec initial = initial_state(p, traits);
  const auto found =
      monitor(done.events, checked_capacity(p, done, traits), traits, initial.senders(), initial.receivers()).check();
  if (!found) return {};
  return "capacity " + to_string(p.capacity) + ", " + std::to_string(done.events.size()) +
         " operations: " + describe(found, done.events) + "\n";
}

}  // namespace detail

/// Why an execution of a scenario is not what a channel with these traits promises, as text; otherwise empty.
///
/// A long history is searched for patterns that no correct channel shows, since explaining it would take too long.
///
/// \throws std::invalid_argument  for a long one of a oneshot, which has no such patterns.
inline std::string check_execution(const scenario& p, const execution& done, const core_traits& traits) {
  if (!traits.one_message && done.events.size() > most_linearized) return detail::check_by_monitor(p, done, traits);
  detail::require_brief(p, done);
  return detail::check_exactly(p, done, initial_state(p, traits, detail::checked_capacity(p, done, traits)), traits);
}

/// The same of a broadcast. \throws std::invalid_argument  for a long history.
inline std::string check_execution(const scenario& p, const execution& done, const broadcast_traits& traits) {
  detail::require_brief(p, done);
  if (done.capacity < p.capacity) {
    return to_string(p) + "\nits capacity is " + to_string(done.capacity) + ", less than was asked for\n";
  }
  const std::size_t capacity = (traits.exact_capacity ? p.capacity : done.capacity).value();
  return detail::check_exactly(p, done, initial_broadcast(p, traits, capacity), {});
}

}  // namespace sluice::harness
