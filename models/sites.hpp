#pragma once

#include <harness/number.hpp>
#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

/// Places in a channel's source where a memory order, a wake-up or a second look stands, and what can be done wrong
/// there.
namespace sluice::models {

enum class role : std::uint8_t {
  load,
  store,
  rmw,      ///< a read-modify-write, or a compare-and-swap that succeeds
  failure,  ///< a compare-and-swap that fails
  strong,   ///< that a compare-and-swap fails only for a reason
  wake,     ///< of one sleeper
  wake_all,
  sleep,        ///< that it looks at the word once more
  second_look,  ///< at the channel, after lining up
  fence,        ///< of the thread's own, or on behalf of all threads
};

/// One mistake at one place.
enum class fault : std::uint8_t {
  seq_cst_to_acq_rel,
  seq_cst_to_acquire,
  seq_cst_to_release,
  acq_rel_to_acquire,
  acq_rel_to_release,
  acquire_to_relaxed,
  release_to_relaxed,
  fails_spuriously,
  dropped,
  one_for_all,
  skipped,
};

inline constexpr std::array<std::string_view, 10> role_names{
    "load", "store", "rmw", "failure", "strong", "wake", "wake_all", "sleep", "second_look", "fence",
};
inline constexpr std::array<std::string_view, 11> fault_names{
    "seq_cst->acq_rel", "seq_cst->acquire", "seq_cst->release", "acq_rel->acquire",
    "acq_rel->release", "acquire->relaxed", "release->relaxed", "fails_spuriously",
    "dropped",          "one_for_all",      "skipped",
};

constexpr std::string_view to_string(role r) noexcept { return role_names[static_cast<std::size_t>(r)]; }
constexpr std::string_view to_string(fault f) noexcept { return fault_names[static_cast<std::size_t>(f)]; }

/// Everything that is one step less than what stands there.
///
/// \param order  of a load, store, read-modify-write or failed compare-and-swap; of no meaning elsewhere.
inline harness::raw_vector<fault> faults_of(role r, std::memory_order order) {
  const auto reading = [&]() -> harness::raw_vector<fault> {
    if (order == std::memory_order::seq_cst) return {fault::seq_cst_to_acquire};
    if (order == std::memory_order::acquire) return {fault::acquire_to_relaxed};
    return {};
  };
  switch (r) {
    case role::load:
    case role::failure: return reading();
    case role::store:
      if (order == std::memory_order::seq_cst) return {fault::seq_cst_to_release};
      if (order == std::memory_order::release) return {fault::release_to_relaxed};
      return {};
    case role::rmw:
      if (order == std::memory_order::seq_cst) return {fault::seq_cst_to_acq_rel};
      if (order == std::memory_order::acq_rel) return {fault::acq_rel_to_acquire, fault::acq_rel_to_release};
      if (order == std::memory_order::release) return {fault::release_to_relaxed};
      return reading();
    case role::strong: return {fault::fails_spuriously};
    case role::wake:
    case role::fence: return {fault::dropped};
    case role::wake_all: return {fault::dropped, fault::one_for_all};
    default: return {fault::skipped};
  }
}

/// The order that is left of `order`.
constexpr std::memory_order weakened(std::memory_order order, fault f) noexcept {
  switch (f) {
    case fault::seq_cst_to_acq_rel: return std::memory_order::acq_rel;
    case fault::seq_cst_to_acquire:
    case fault::acq_rel_to_acquire: return std::memory_order::acquire;
    case fault::seq_cst_to_release:
    case fault::acq_rel_to_release: return std::memory_order::release;
    case fault::acquire_to_relaxed:
    case fault::release_to_relaxed: return std::memory_order::relaxed;
    default: return order;
  }
}

/// A place as the audit names it: `sync.hpp:147:9:store`. Files are told apart by the end of their path.
struct site {
  std::string_view file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  role what{};
  std::memory_order order{};

  bool is(role r, const std::source_location& where) const noexcept {
    return where.line() == line && where.column() == column && r == what &&
           std::string_view(where.file_name()).ends_with(file);
  }
};

/// A fault by name: `cores/sync.hpp:147:9:store:release->relaxed`.
struct planted {
  site where;
  fault what{};
};

/// \param text  must outlive the fault.
/// \throws std::invalid_argument  naming the text that is not understood.
inline planted parse_fault(std::string_view text) {
  const auto refuse = [&] {
    return std::invalid_argument("`" + std::string(text) +
                                 "` names no fault: give FILE:LINE:COLUMN:ROLE:FAULT, as --sites prints them");
  };
  std::array<std::string_view, 5> parts;
  std::size_t end = text.size();
  for (std::size_t i = parts.size() - 1; i > 0; --i) {
    const std::size_t colon = text.substr(0, end).rfind(':');
    if (colon == std::string_view::npos) throw refuse();
    parts[i] = text.substr(colon + 1, end - colon - 1);
    end = colon;
  }
  parts[0] = text.substr(0, end);
  const auto number = [&](std::string_view digits) {
    const auto value = harness::parse_number(digits);
    if (!value) throw refuse();
    return static_cast<std::uint32_t>(*value);
  };
  const auto role_found = std::ranges::find(role_names, parts[3]);
  const auto fault_found = std::ranges::find(fault_names, parts[4]);
  if (parts[0].empty() || role_found == role_names.end() || fault_found == fault_names.end()) throw refuse();
  return {{parts[0], number(parts[1]), number(parts[2]), static_cast<role>(role_found - role_names.begin()),
           std::memory_order::relaxed},
          static_cast<fault>(fault_found - fault_names.begin())};
}

/// The sites that executions came past, and the fault that is planted at one of them.
class site_book {
public:
  /// From now on, sites are written down.
  void write_down() noexcept {
    writes_ = true;
    attentive_ = true;
  }
  void plant(planted p) {
    planted_ = std::move(p);
    attentive_ = true;
  }
  const harness::raw_vector<site>& sites() const noexcept { return sites_; }
  bool came_past() const noexcept { return came_past_; }

  /// What the order at this place is to be.
  std::memory_order order(std::memory_order o, role r, const std::source_location& where) {
    return attentive_ && at(r, where, o) ? weakened(o, planted_->what) : o;
  }
  /// Whether something goes wrong here.
  bool wrong(role r, const std::source_location& where) {
    return attentive_ && at(r, where, std::memory_order::relaxed);
  }
  bool wrong(role r, const std::source_location& where, fault f) { return wrong(r, where) && planted_->what == f; }

private:
  bool at(role r, const std::source_location& where, std::memory_order o) {
    if (writes_) note(r, where, o);
    if (!planted_ || !planted_->where.is(r, where)) return false;
    came_past_ = true;
    return true;
  }

  void note(role r, const std::source_location& where, std::memory_order o) {
    for (const site& known : sites_) {
      if (known.is(r, where) && known.order == o) return;
    }
    sites_.push_back({where.file_name(), where.line(), where.column(), r, o});
  }

  bool attentive_ = false;
  bool writes_ = false;
  bool came_past_ = false;
  std::optional<planted> planted_;
  harness::raw_vector<site> sites_;
};

inline site_book current_sites;

}  // namespace sluice::models
