#pragma once

#include <harness/requirements.hpp>
#include <harness/scenario.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

/// Scenario generators: random ones, and every one up to a size.
namespace sluice::harness {

/// Why a channel with these traits does not offer an operation, or nullptr if it does.
constexpr const char* why_not_offered(const core_traits& traits, op_kind kind) noexcept {
  if (timed(kind)) return needs_timed(traits);
  if (about_stops(kind)) return needs_selectable(traits);
  if (batch_of(kind) > 1) return needs_tries(traits);
  switch (kind) {
    case op_kind::try_send:
    case op_kind::try_recv: return needs_tries(traits);
    case op_kind::size: return needs_exact_size(traits);
    case op_kind::clone_sender: return traits.producers == cardinality::many ? nullptr : "it has one producer";
    case op_kind::clone_receiver: return traits.consumers == cardinality::many ? nullptr : "it has one consumer";
    case op_kind::subscribe: return "each of its messages is for one receiver";
    default: return nullptr;
  }
}
constexpr const char* why_not_offered(const broadcast_traits& traits, op_kind kind) noexcept {
  switch (kind) {
    case op_kind::send:
    case op_kind::recv:
    case op_kind::try_recv:
    case op_kind::recv_for:
    case op_kind::recv_far:
    case op_kind::clone_sender:
    case op_kind::drop_sender:
    case op_kind::drop_receiver:
    case op_kind::subscribe:
    case op_kind::hold: return nullptr;
    case op_kind::clone_receiver: return traits.clonable_receivers ? nullptr : "its receivers cannot be cloned";
    default: return "a broadcast does not have it";
  }
}
template <class Traits>
constexpr bool offers(const Traits& traits, op_kind kind) noexcept {
  return why_not_offered(traits, kind) == nullptr;
}

namespace detail {

/// Whether a thread of this role uses the operations of a side.
constexpr bool uses(thread_role role, op_side side) noexcept {
  return std::ranges::any_of(
      op_table, [&](const op& o) { return o.side == side && o.weights[static_cast<std::size_t>(role)] != 0; });
}

/// Draws one thread's list. \param draw  gives a number below its argument.
template <class Traits, class Draw>
scenario::thread thread_of(thread_role role, std::size_t longest, const Traits& traits, Draw& draw) {
  scenario::thread list;
  // Which handles the thread starts with depends on its whole list: assume all that its role can use.
  holdings held{{}};
  held.senders = uses(role, op_side::sender);
  held.receivers = uses(role, op_side::receiver);
  for (std::size_t length = 1 + draw(static_cast<unsigned>(longest)); list.size() < length;) {
    unsigned sum = 0;
    std::array<unsigned, op_table.size()> possible{};
    for (std::size_t k = 0; k < op_table.size(); ++k) {
      if (!held.permit(op_table[k].kind) || !offers(traits, op_table[k].kind)) continue;
      possible[k] = op_table[k].weights[static_cast<std::size_t>(role)];
      sum += possible[k];
    }
    if (sum == 0) break;
    unsigned at = draw(sum);
    std::size_t chosen = 0;
    while (at >= possible[chosen]) at -= possible[chosen++];
    list.push_back(op_table[chosen].kind);
    held.apply(list.back());
  }
  return list;
}

}  // namespace detail

/// A random concurrent scenario for a channel with these traits: core_traits, or broadcast_traits.
///
/// \param draw  gives a number below its argument, from whatever random source the engine has.
template <class Traits, class Draw>
scenario any_scenario(const Traits& traits, std::optional<std::size_t> capacity, Draw draw) {
  scenario p{.capacity = capacity, .threads = {}};
  const std::size_t threads = 2 + draw(3) % 2 + draw(4) / 3;
  bool has_sender = false;
  bool has_receiver = false;
  for (std::size_t t = 0; t < threads; ++t) {
    // The last thread makes sure that both sides exist.
    const bool last = t + 1 == threads;
    std::vector<thread_role> choice;
    for (std::size_t r = 0; r < random_roles; ++r) {
      const auto role = static_cast<thread_role>(r);
      const bool sends = detail::uses(role, op_side::sender);
      const bool receives = detail::uses(role, op_side::receiver);
      if (sends && has_sender && traits.producers == cardinality::one) continue;
      if (receives && has_receiver && traits.consumers == cardinality::one) continue;
      if (last && ((!has_sender && !sends) || (!has_receiver && !receives))) continue;
      choice.push_back(role);
    }
    if (choice.empty()) break;
    const thread_role role = choice[draw(static_cast<unsigned>(choice.size()))];
    p.threads.push_back(detail::thread_of(role, 4, traits, draw));
    has_sender |= uses_sender(p.threads.back());
    has_receiver |= uses_receiver(p.threads.back());
    if (draw(3) == 0) p.threads.back().push_back(op_kind::hold);
  }
  return p;
}

/// A random scenario of one thread that uses both sides.
template <class Traits, class Draw>
scenario any_sequence(const Traits& traits, std::optional<std::size_t> capacity, std::size_t longest, Draw draw) {
  scenario p{.capacity = capacity, .threads = {}};
  p.threads.push_back(detail::thread_of(thread_role::is_alone, longest, traits, draw));
  return p;
}

/// A random scenario of up to four senders and four receivers with up to `length` operations each.
template <class Draw>
scenario any_long_scenario(const core_traits& traits, std::optional<std::size_t> capacity, std::size_t length,
                           Draw draw) {
  scenario p{.capacity = capacity, .threads = {}};
  const auto add = [&](cardinality users, thread_role role) {
    for (unsigned n = users == cardinality::many ? 1 + draw(4) : 1; n > 0; --n) {
      p.threads.push_back(detail::thread_of(role, length, traits, draw));
    }
  };
  add(traits.producers, thread_role::keeps_sending);
  add(traits.consumers, thread_role::keeps_receiving);
  return p;
}

/// Every well-formed list of one to `longest` operations of `alphabet`, in a fixed order.
inline std::vector<scenario::thread> every_thread(const std::vector<op_kind>& alphabet, std::size_t longest) {
  std::vector<scenario::thread> all;
  std::vector<scenario::thread> last{{}};
  for (std::size_t length = 1; length <= longest; ++length) {
    std::vector<scenario::thread> next;
    for (const auto& shorter : last) {
      for (op_kind kind : alphabet) {
        next.push_back(shorter);
        next.back().push_back(kind);
      }
    }
    std::ranges::copy_if(next, std::back_inserter(all), [](const auto& ops) { return well_formed(ops); });
    last = std::move(next);
  }
  return all;
}

/// All scenarios of `threads` threads with these lists, up to symmetry: multisets of lists.
///
/// They are numbered, so that each can be made without making the others.
class scenario_space {
public:
  scenario_space(std::vector<scenario::thread> lists, std::size_t threads)
      : lists_(std::move(lists)), threads_(threads) {}

  /// Multisets of `threads` lists.
  std::size_t size() const noexcept { return multisets(lists_.size(), threads_); }

  /// \pre  number < size()
  scenario at(std::size_t number, std::optional<std::size_t> capacity) const {
    scenario p{.capacity = capacity, .threads = {}};
    std::size_t least = 0;
    for (std::size_t left = threads_; left > 0; --left) {
      // Those that continue with list `least` come first, then those with the next one.
      for (;; ++least) {
        const std::size_t here = multisets(lists_.size() - least, left - 1);
        if (number < here) break;
        number -= here;
      }
      p.threads.push_back(lists_[least]);
    }
    return p;
  }

private:
  /// The number of multisets of `chosen` elements out of `kinds`.
  static std::size_t multisets(std::size_t kinds, std::size_t chosen) noexcept {
    std::size_t ways = 1;
    for (std::size_t i = 0; i < chosen; ++i) ways = ways * (kinds + i) / (i + 1);
    return ways;
  }

  std::vector<scenario::thread> lists_;
  std::size_t threads_;
};

/// The operations that small scenarios use on a channel with these traits.
template <class Traits>
std::vector<op_kind> alphabet_of(const Traits& traits) {
  std::vector<op_kind> kinds;
  for (const op& o : op_table) {
    // size() is not exact beside other threads, and a far deadline is as good as none. Stops, batches and watchers
    // would multiply the number of scenarios; random and named ones have them.
    if (o.kind == op_kind::size || o.kind == op_kind::quiescent || has_far_deadline(o.kind)) continue;
    if (about_stops(o.kind) || batch_of(o.kind) > 1 || o.kind == op_kind::wait_disconnected) continue;
    if (offers(traits, o.kind)) kinds.push_back(o.kind);
  }
  return kinds;
}

/// Whether a channel with these traits promises to support a scenario: its operations, and its threads on each side.
template <class Traits>
bool within(const Traits& traits, const scenario& p) {
  const auto users = [&](auto uses) {
    return std::ranges::count_if(p.threads, [&](const auto& list) { return uses(list); });
  };
  return (traits.producers == cardinality::many || users([](const auto& list) { return uses_sender(list); }) < 2) &&
         (traits.consumers == cardinality::many || users([](const auto& list) { return uses_receiver(list); }) < 2) &&
         std::ranges::all_of(p.threads, [&](const auto& ops) {
           return std::ranges::all_of(ops, [&](op_kind kind) { return offers(traits, kind); });
         });
}

}  // namespace sluice::harness
