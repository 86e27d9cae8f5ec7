#pragma once

#include <properties/capacity.hpp>
#include <properties/disconnect.hpp>
#include <properties/lifetime.hpp>
#include <properties/memory.hpp>
#include <properties/property.hpp>
#include <properties/property_runner.hpp>
#include <properties/scenario_properties.hpp>
#include <properties/streams.hpp>
#include <properties/waiting.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

/// Every property, and how it is applied to a channel.
namespace sluice::properties {

/// A list of properties, applied to one subject.
template <template <class> class... Properties>
struct family {};

/// Every property. A new one is added here and nowhere else.
using every_property = family<sequential, linearizable, small_scenarios, monitored, conservation, producer_order,
                              global_order, exact_capacity, never_over_capacity, senders_disconnected,
                              senders_disconnected_wakes, receivers_disconnected, receivers_disconnected_wakes,
                              lifetime, busy_messages, aligned_messages, allocations, steady_memory, allocation_failure,
                              receiver_wakes, sender_wakes, all_served, deadlines, spurious_wakeups, waits_asleep>;

namespace detail {

template <class Subject, template <class> class... Properties>
std::vector<applied_property> apply(family<Properties...>) {
  return {{.name = Properties<Subject>::name,
           .claim = Properties<Subject>::claim,
           .not_applicable = Properties<Subject>::not_applicable(Subject::traits),
           .check = [](run& r) { Properties<Subject>::check(r); }}...};
}

}  // namespace detail

/// \tparam Properties  a family: every_property, or those that must fail on a faulty channel.
template <class Subject, class Properties>
subject_description describe(std::string name) {
  return {.name = std::move(name),
          .traits = Subject::traits,
          .properties = detail::apply<Subject>(Properties{}),
          .make_checker = [](std::chrono::seconds hang_timeout) -> scenario_check {
            return [with = std::make_shared<scenario_checker<Subject>>(hang_timeout)](
                       const harness::scenario& p, std::uint64_t seed) { return with->check(p, seed); };
          }};
}

}  // namespace sluice::properties
