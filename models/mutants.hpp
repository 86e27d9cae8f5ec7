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

/// Mutants of a channel's source: each memory order, wake-up or recheck made one step weaker.
namespace sluice::models {

enum class role : std::uint8_t {
  load,
  store,
  rmw,      ///< a read-modify-write, or a compare-and-swap that succeeds
  failure,  ///< a compare-and-swap that fails
  strong,   ///< a strong compare-and-swap, which has no spurious failures
  wake,     ///< of one thread
  wake_all,
  sleep,    ///< that park() compares the word before it sleeps
  recheck,  ///< of the channel, after registering
  fence,    ///< light, heavy or full
};

/// One way to weaken a site.
enum class mutation : std::uint8_t {
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
    "load", "store", "rmw", "failure", "strong", "wake", "wake_all", "sleep", "recheck", "fence",
};
inline constexpr std::array<std::string_view, 11> mutation_names{
    "seq_cst->acq_rel", "seq_cst->acquire", "seq_cst->release", "acq_rel->acquire",
    "acq_rel->release", "acquire->relaxed", "release->relaxed", "fails_spuriously",
    "dropped",          "one_for_all",      "skipped",
};

constexpr std::string_view to_string(role r) noexcept { return role_names[static_cast<std::size_t>(r)]; }
constexpr std::string_view to_string(mutation m) noexcept { return mutation_names[static_cast<std::size_t>(m)]; }

/// Every mutation that weakens a site by one step.
///
/// \param order  of a load, store, read-modify-write or failed compare-and-swap; otherwise ignored.
inline harness::raw_vector<mutation> mutations_of(role r, std::memory_order order) {
  const auto reading = [&]() -> harness::raw_vector<mutation> {
    if (order == std::memory_order::seq_cst) return {mutation::seq_cst_to_acquire};
    if (order == std::memory_order::acquire) return {mutation::acquire_to_relaxed};
    return {};
  };
  switch (r) {
    case role::load:
    case role::failure: return reading();
    case role::store:
      if (order == std::memory_order::seq_cst) return {mutation::seq_cst_to_release};
      if (order == std::memory_order::release) return {mutation::release_to_relaxed};
      return {};
    case role::rmw:
      if (order == std::memory_order::seq_cst) return {mutation::seq_cst_to_acq_rel};
      if (order == std::memory_order::acq_rel) return {mutation::acq_rel_to_acquire, mutation::acq_rel_to_release};
      if (order == std::memory_order::release) return {mutation::release_to_relaxed};
      return reading();
    case role::strong: return {mutation::fails_spuriously};
    case role::wake:
    case role::fence: return {mutation::dropped};
    case role::wake_all: return {mutation::dropped, mutation::one_for_all};
    default: return {mutation::skipped};
  }
}

/// `order`, weakened.
constexpr std::memory_order weakened(std::memory_order order, mutation m) noexcept {
  switch (m) {
    case mutation::seq_cst_to_acq_rel: return std::memory_order::acq_rel;
    case mutation::seq_cst_to_acquire:
    case mutation::acq_rel_to_acquire: return std::memory_order::acquire;
    case mutation::seq_cst_to_release:
    case mutation::acq_rel_to_release: return std::memory_order::release;
    case mutation::acquire_to_relaxed:
    case mutation::release_to_relaxed: return std::memory_order::relaxed;
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

/// A mutation of one site. Its name: `cores/sync.hpp:147:9:store:release->relaxed`.
struct mutant {
  site where;
  mutation what{};
};

/// \param text  must outlive the mutant.
/// \throws std::invalid_argument  naming the text that is not understood.
inline mutant parse_mutant(std::string_view text) {
  const auto refuse = [&] {
    return std::invalid_argument(
        "`" + std::string(text) +
        "` names no mutant: give FILE:LINE:COLUMN:ROLE:MUTATION, as --list-mutants prints them");
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
  const auto mutation_found = std::ranges::find(mutation_names, parts[4]);
  if (parts[0].empty() || role_found == role_names.end() || mutation_found == mutation_names.end()) throw refuse();
  return {{parts[0], number(parts[1]), number(parts[2]), static_cast<role>(role_found - role_names.begin()),
           std::memory_order::relaxed},
          static_cast<mutation>(mutation_found - mutation_names.begin())};
}

/// The sites that executions reached, and the active mutant.
class site_recorder {
public:
  /// Records sites from now on.
  void record() noexcept {
    records_ = true;
    active_ = true;
  }
  void activate(mutant m) {
    mutant_ = std::move(m);
    active_ = true;
  }
  const harness::raw_vector<site>& sites() const noexcept { return sites_; }
  bool reached() const noexcept { return reached_; }

  /// The order to use at this site.
  std::memory_order order(std::memory_order o, role r, const std::source_location& where) {
    return active_ && at(r, where, o) ? weakened(o, mutant_->what) : o;
  }
  /// Whether the active mutant weakens this site.
  bool mutated(role r, const std::source_location& where) {
    return active_ && at(r, where, std::memory_order::relaxed);
  }
  bool mutated(role r, const std::source_location& where, mutation m) {
    return mutated(r, where) && mutant_->what == m;
  }

private:
  bool at(role r, const std::source_location& where, std::memory_order o) {
    if (records_) note(r, where, o);
    if (!mutant_ || !mutant_->where.is(r, where)) return false;
    reached_ = true;
    return true;
  }

  void note(role r, const std::source_location& where, std::memory_order o) {
    for (const site& known : sites_) {
      if (known.is(r, where) && known.order == o) return;
    }
    sites_.push_back({where.file_name(), where.line(), where.column(), r, o});
  }

  bool active_ = false;
  bool records_ = false;
  bool reached_ = false;
  std::optional<mutant> mutant_;
  harness::raw_vector<site> sites_;
};

inline site_recorder mutation_sites;

}  // namespace sluice::models
