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
#include <concepts>

namespace sluice::properties {
namespace {

/// Whether a channel of one message can have this property.
template <class Property>
constexpr bool of_one_message = std::same_as<Property, sequential> || std::same_as<Property, linearizable> ||
                                std::same_as<Property, small_scenarios> || std::same_as<Property, deadlines>;

template <class Property>
constexpr const char* not_applicable(const core_traits& traits) {
  if (traits.one_message && !of_one_message<Property>) return "it carries one message";
  return Property::not_applicable(traits);
}
template <class Property>
constexpr const char* not_applicable(const broadcast_traits& traits) {
  return Property::not_applicable(traits);
}

template <class Subject, class... Properties>
constexpr auto listed() {
  return std::array{
      property<Subject>{Properties::name, Properties::claim, &not_applicable<Properties>, &Properties::check}...};
}

}  // namespace

template <>
std::span<const property<subject>> every_property() noexcept {
  static constexpr auto all =
      listed<subject, sequential, linearizable, small_scenarios, monitored, conservation, producer_order, global_order,
             exact_capacity, never_over_capacity, senders_disconnected, senders_disconnected_wakes,
             receivers_disconnected, receivers_disconnected_wakes, lifetime, busy_messages, aligned_messages,
             allocations, steady_memory, leaves_nothing, allocation_failure, room_passed_on, receiver_wakes,
             sender_wakes, all_served, bounded_bypass, deadlines, spurious_wakeups, waits_asleep>();
  return all;
}

template <>
std::span<const property<harness::broadcast_subject>> every_property() noexcept {
  static constexpr auto all = listed<harness::broadcast_subject, sequential, linearizable, small_scenarios,
                                     every_message_or_missed, one_copy_at_a_time, broadcast_deadlines>();
  return all;
}

}  // namespace sluice::properties
