#pragma once

#include <properties/capacity.hpp>
#include <properties/disconnect.hpp>
#include <properties/lifetime.hpp>
#include <properties/memory.hpp>
#include <properties/program.hpp>
#include <properties/programs.hpp>
#include <properties/property.hpp>
#include <properties/streams.hpp>
#include <properties/waiting.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

/// From a channel to its property program.
namespace sluice::properties {

/// A list of properties, applied to one subject.
template <template <class> class... Properties>
struct family {};

/// Every property there is. A new one is added here and nowhere else.
using every_property =
    family<sequential, linearizable, small_programs, monitored, conservation, producer_order, global_order,
           exact_capacity, never_over_capacity, senders_gone, senders_gone_wakes, receivers_gone, receivers_gone_wakes,
           lifetime, busy_messages, aligned_messages, allocations, steady_memory, allocation_failure, receiver_wakes,
           sender_wakes, all_served, deadlines, woken_for_nothing, waits_asleep>;

namespace detail {

template <class Subject, template <class> class... Properties>
std::vector<applied_property> apply(family<Properties...>) {
  return {{.name = Properties<Subject>::name,
           .claim = Properties<Subject>::claim,
           .not_applicable = Properties<Subject>::not_applicable(Subject::traits),
           .check = [](run& r) { Properties<Subject>::check(r); }}...};
}

}  // namespace detail

/// \tparam Properties  a family: every_property, or of a channel with a known mistake those that must fail on it.
template <class Subject, class Properties>
subject_description describe(std::string name) {
  return {.name = std::move(name),
          .traits = Subject::traits,
          .properties = detail::apply<Subject>(Properties{}),
          .examiner = [](std::chrono::seconds patience) -> examination {
            return [with = std::make_shared<examiner<Subject>>(patience)](
                       const harness::program& p, std::uint64_t seed) { return with->examine(p, seed); };
          }};
}

}  // namespace sluice::properties
