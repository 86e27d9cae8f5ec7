#include <properties/broadcasts.hpp>
#include <properties/capacity.hpp>
#include <properties/disconnect.hpp>
#include <properties/lifetime.hpp>
#include <properties/memory.hpp>
#include <properties/property_list.hpp>
#include <properties/scenario_properties.hpp>
#include <properties/streams.hpp>
#include <properties/waiting.hpp>

#include <array>

namespace sluice::properties {
namespace {

template <class Subject, class... Properties>
constexpr auto listed() {
  return std::array{
      property<Subject>{Properties::name, Properties::claim, &Properties::not_applicable, &Properties::check}...};
}

}  // namespace

template <>
std::span<const property<subject>> every_property() noexcept {
  static constexpr auto all =
      listed<subject, sequential, linearizable, small_scenarios, monitored, conservation, producer_order, global_order,
             exact_capacity, never_over_capacity, senders_disconnected, senders_disconnected_wakes,
             receivers_disconnected, receivers_disconnected_wakes, lifetime, busy_messages, aligned_messages,
             allocations, steady_memory, leaves_nothing, allocation_failure, receiver_wakes, sender_wakes, all_served,
             deadlines, spurious_wakeups, waits_asleep>();
  return all;
}

template <>
std::span<const property<harness::broadcast_subject>> every_property() noexcept {
  static constexpr auto all = listed<harness::broadcast_subject, sequential, linearizable, small_scenarios,
                                     every_message_or_missed, one_copy_at_a_time>();
  return all;
}

}  // namespace sluice::properties
