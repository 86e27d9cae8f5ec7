#pragma once

#include <sluice/core.hpp>

/// Why a check does not apply to a channel with certain traits: the reason, or nullptr if it applies.
namespace sluice::harness {

constexpr const char* always(const core_traits&) noexcept { return nullptr; }

constexpr const char* needs_buffer(const core_traits& traits) noexcept {
  return traits.unbounded || traits.greatest_capacity > 0 ? nullptr : "a rendezvous buffers nothing";
}

constexpr const char* needs_disconnect(const core_traits& traits) noexcept {
  return traits.disconnects ? nullptr : "it does not promise to end waits when a side disconnects";
}

constexpr const char* needs_discard(const core_traits& traits) noexcept {
  if (const char* none = needs_disconnect(traits)) return none;
  return traits.discards ? nullptr : "it keeps messages until its senders disconnect";
}

constexpr const char* needs_timed(const core_traits& traits) noexcept {
  return traits.timed ? nullptr : "it has no timed operations";
}

constexpr const char* needs_tries(const core_traits& traits) noexcept {
  return traits.tries ? nullptr : "it has no operations that do not wait";
}

constexpr const char* needs_selectable(const core_traits& traits) noexcept {
  return traits.selectable ? nullptr : "select cannot wait on it";
}

constexpr const char* needs_strong_guarantee(const core_traits& traits) noexcept {
  return traits.strong_guarantee ? nullptr : "it makes no promise for a failed allocation";
}

constexpr const char* needs_exact_capacity(const core_traits& traits) noexcept {
  return traits.exact_capacity ? nullptr : "it promises at least its capacity, not exactly that";
}

constexpr const char* needs_global_order(const core_traits& traits) noexcept {
  return traits.order == ordering::global ? nullptr : "it promises only each producer's order";
}

constexpr const char* needs_sleep(const core_traits& traits) noexcept {
  return traits.sleeps ? nullptr : "its operations wait without sleeping";
}

constexpr const char* needs_bounded_bypass(const core_traits& traits) noexcept {
  if (traits.bypass == core_traits::any_number) return "it does not promise how often a waiting thread is overtaken";
  const bool alone = traits.producers == cardinality::one && traits.consumers == cardinality::one;
  return alone ? "it has one thread a side, which none can overtake" : nullptr;
}

constexpr const char* needs_exact_size(const core_traits& traits) noexcept {
  return traits.exact_size ? nullptr : "it does not promise to know its size";
}

constexpr const char* needs_allocation_promise(const core_traits& traits) noexcept {
  return traits.messages_per_allocation > 0 ? nullptr : "it does not promise how rarely it allocates";
}

/// The first reason among several requirements, or nullptr.
template <class... Needs>
constexpr const char* needs_all(const core_traits& traits, Needs... needs) noexcept {
  const char* reason = nullptr;
  (void)((reason = needs(traits)) || ...);
  return reason;
}

}  // namespace sluice::harness
