#pragma once

#include <sluice/detail/abi.hpp>

#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <utility>

/// The concurrent queues that are proposed for C++29, as of P0260R20 (https://wg21.link/P0260R20), so that code which
/// is written against the paper runs today. Left out: the asynchronous operations, and allocators other than the
/// default.
namespace sluice::inline SLUICE_ABI {

enum class conqueue_status : std::uint8_t { success, empty, full, closed, busy, busy_async };

constexpr std::string_view to_string(conqueue_status s) noexcept {
  switch (s) {
    case conqueue_status::success: return "success";
    case conqueue_status::empty: return "empty";
    case conqueue_status::full: return "full";
    case conqueue_status::closed: return "closed";
    case conqueue_status::busy: return "busy";
    case conqueue_status::busy_async: return "busy_async";
  }
  return "unknown";
}

/// The paper's concept of a queue whose operations may wait. (Its emplace() cannot be asked for without arguments.)
template <class Q>
concept basic_concurrent_queue = std::move_constructible<typename Q::value_type> &&
    requires(Q& q, const Q& k, typename Q::value_type&& value) {
  { k.is_closed() }
  noexcept->std::same_as<bool>;
  { q.close() }
  noexcept->std::same_as<void>;
  { q.push(std::move(value)) } -> std::same_as<bool>;
  { q.pop() } -> std::same_as<std::optional<typename Q::value_type>>;
};

/// The paper's concept of a queue that can also be tried. \tparam Status  its conqueue_status
template <class Q, class Status = conqueue_status>
concept concurrent_queue = basic_concurrent_queue<Q> && requires(Q& q, typename Q::value_type&& value) {
  { q.try_push(std::move(value)) } -> std::same_as<Status>;
  { q.try_pop() } -> std::same_as<std::expected<typename Q::value_type, Status>>;
};

}  // namespace sluice::inline SLUICE_ABI
