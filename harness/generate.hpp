#pragma once

#include <harness/program.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

/// Where programs come from: drawn at random, or every one up to a size.
namespace sluice::harness {

/// Whether a channel of these promises can be asked to carry out an operation.
constexpr bool offers(const core_traits& traits, op_kind kind) noexcept {
  if (timed(kind)) return traits.timed;
  if (kind == op_kind::size) return traits.exact_size;
  if (kind == op_kind::clone_sender) return traits.producers == cardinality::many;
  if (kind == op_kind::clone_receiver) return traits.consumers == cardinality::many;
  return true;
}

namespace detail {

/// How likely a thread takes each operation, in the order of op_kind, up to drop_receiver.
using weights = std::array<unsigned, static_cast<std::size_t>(op_kind::keep)>;

// What threads do in the shapes where channels go wrong: the channel full, empty, at its last message; a side that
// goes beside a parked peer; deadlines that pass as their message comes; handles that come and go.
//                                     send            recv            size  sender  receiver
//                                     -- try for far  -- try for far        + -     + -
inline constexpr std::array<weights, 8> roles{{
    {/* sends and leaves        */ 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0},
    {/* tries to send           */ 1, 6, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
    {/* sends against the clock */ 1, 1, 5, 1, 0, 0, 0, 0, 0, 1, 2, 0, 0},
    {/* receives and leaves     */ 0, 0, 0, 0, 4, 2, 1, 0, 0, 0, 0, 0, 2},
    {/* tries to receive        */ 0, 0, 0, 0, 1, 6, 1, 0, 0, 0, 0, 0, 1},
    {/* receives by the clock   */ 0, 0, 0, 0, 1, 2, 5, 1, 0, 0, 0, 1, 2},
    {/* comes and goes          */ 2, 1, 0, 0, 2, 1, 0, 0, 0, 3, 4, 3, 4},
    {/* everything              */ 3, 3, 2, 1, 3, 3, 2, 1, 0, 1, 2, 1, 2},
}};
// Long runs: nobody leaves before the end.
inline constexpr weights sends_on{4, 3, 2, 1};
inline constexpr weights receives_on{0, 0, 0, 0, 4, 3, 2, 1};
// On a thread of its own, size() is exact.
inline constexpr weights alone{4, 4, 2, 1, 4, 4, 2, 1, 4, 1, 1, 1, 1};

constexpr bool sender_role(std::size_t role) noexcept { return role < 3 || role > 5; }
constexpr bool receiver_role(std::size_t role) noexcept { return role > 2; }

/// Draws one thread's list. \param draw  gives a number below its argument.
template <class Draw>
program::thread thread_of(const weights& likely, std::size_t longest, const core_traits& traits, Draw& draw) {
  program::thread ops;
  // Which handles the thread starts with depends on its whole list, so a first guess holds what the weights can use.
  const auto any = [&](auto uses) {
    for (std::size_t k = 0; k < likely.size(); ++k) {
      if (likely[k] != 0 && uses(static_cast<op_kind>(k))) return true;
    }
    return false;
  };
  holdings held{{}};
  held.senders = any([](op_kind k) { return uses_sender(k); });
  held.receivers = any([](op_kind k) { return uses_receiver(k); });
  for (std::size_t length = 1 + draw(static_cast<unsigned>(longest)); ops.size() < length;) {
    unsigned sum = 0;
    weights now{};
    for (std::size_t k = 0; k < likely.size(); ++k) {
      const auto kind = static_cast<op_kind>(k);
      if (held.permit(kind) && offers(traits, kind)) sum += now[k] = likely[k];
    }
    if (sum == 0) break;
    unsigned at = draw(sum);
    std::size_t chosen = 0;
    while (at >= now[chosen]) at -= now[chosen++];
    ops.push_back(static_cast<op_kind>(chosen));
    held.apply(ops.back());
  }
  return ops;
}

}  // namespace detail

/// A concurrent program for a channel of these promises.
///
/// \param draw  gives a number below its argument, from whatever random source the engine has.
template <class Draw>
program any_program(const core_traits& traits, std::optional<std::size_t> capacity, Draw draw) {
  program p{.capacity = capacity, .threads = {}};
  const std::size_t threads = 2 + draw(3) % 2 + draw(4) / 3;
  bool has_sender = false;
  bool has_receiver = false;
  for (std::size_t t = 0; t < threads; ++t) {
    // The last thread sees to it that both sides exist.
    const bool last = t + 1 == threads;
    std::vector<std::size_t> choice;
    for (std::size_t r = 0; r < detail::roles.size(); ++r) {
      const bool sends = detail::sender_role(r);
      const bool receives = detail::receiver_role(r);
      if (sends && has_sender && traits.producers == cardinality::one) continue;
      if (receives && has_receiver && traits.consumers == cardinality::one) continue;
      if (last && ((!has_sender && !sends) || (!has_receiver && !receives))) continue;
      choice.push_back(r);
    }
    if (choice.empty()) break;
    const std::size_t role = choice[draw(static_cast<unsigned>(choice.size()))];
    p.threads.push_back(detail::thread_of(detail::roles[role], 4, traits, draw));
    has_sender |= uses_sender(p.threads.back());
    has_receiver |= uses_receiver(p.threads.back());
    if (draw(3) == 0) p.threads.back().push_back(op_kind::keep);
  }
  return p;
}

/// A program of one thread, which has both sides.
template <class Draw>
program any_sequence(const core_traits& traits, std::optional<std::size_t> capacity, std::size_t longest, Draw draw) {
  program p{.capacity = capacity, .threads = {}};
  p.threads.push_back(detail::thread_of(detail::alone, longest, traits, draw));
  return p;
}

/// A program of up to four senders and four receivers with about `length` operations each.
template <class Draw>
program any_long_program(const core_traits& traits, std::optional<std::size_t> capacity, std::size_t length,
                         Draw draw) {
  program p{.capacity = capacity, .threads = {}};
  const auto add = [&](cardinality users, const detail::weights& role) {
    for (unsigned n = users == cardinality::many ? 1 + draw(4) : 1; n > 0; --n) {
      p.threads.push_back(detail::thread_of(role, length, traits, draw));
    }
  };
  add(traits.producers, detail::sends_on);
  add(traits.consumers, detail::receives_on);
  return p;
}

/// Every list of one to `longest` operations that a thread can carry out, those of `alphabet` only, in a fixed order.
inline std::vector<program::thread> every_thread(const std::vector<op_kind>& alphabet, std::size_t longest) {
  std::vector<program::thread> all;
  std::vector<program::thread> last{{}};
  for (std::size_t length = 1; length <= longest; ++length) {
    std::vector<program::thread> next;
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

/// Programs of `threads` threads out of these lists, without twins: which thread has which list makes no difference.
///
/// They are numbered, so that a part of them can be had without making the rest.
class program_space {
public:
  program_space(std::vector<program::thread> lists, std::size_t threads)
      : lists_(std::move(lists)), threads_(threads) {}

  /// Multisets of `threads` lists.
  std::size_t size() const noexcept { return multisets(lists_.size(), threads_); }

  /// \pre  number < size()
  program at(std::size_t number, std::optional<std::size_t> capacity) const {
    program p{.capacity = capacity, .threads = {}};
    std::size_t least = 0;
    for (std::size_t left = threads_; left > 0; --left) {
      // Those that go on with list `least` come first, then those with the next one.
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
  /// How many ways there are to choose `chosen` out of `kinds`, with repetition, in no order.
  static std::size_t multisets(std::size_t kinds, std::size_t chosen) noexcept {
    std::size_t ways = 1;
    for (std::size_t i = 0; i < chosen; ++i) ways = ways * (kinds + i) / (i + 1);
    return ways;
  }

  std::vector<program::thread> lists_;
  std::size_t threads_;
};

/// The operations that a channel of these promises offers to a small program.
inline std::vector<op_kind> alphabet_of(const core_traits& traits) {
  std::vector<op_kind> kinds;
  for (std::size_t k = 0; k <= static_cast<std::size_t>(op_kind::keep); ++k) {
    const auto kind = static_cast<op_kind>(k);
    // size() is not exact beside others, and a deadline that never comes is none.
    if (kind == op_kind::size || waits_far(kind)) continue;
    if (offers(traits, kind)) kinds.push_back(kind);
  }
  return kinds;
}

/// Whether no more threads than promised use a side of the channel.
inline bool within(const core_traits& traits, const program& p) {
  const auto users = [&](auto uses) {
    return std::ranges::count_if(p.threads, [&](const auto& ops) { return uses(ops); });
  };
  return (traits.producers == cardinality::many || users([](const auto& ops) { return uses_sender(ops); }) < 2) &&
         (traits.consumers == cardinality::many || users([](const auto& ops) { return uses_receiver(ops); }) < 2) &&
         std::ranges::all_of(p.threads, [&](const auto& ops) {
           return std::ranges::all_of(ops, [&](op_kind kind) { return offers(traits, kind); });
         });
}

}  // namespace sluice::harness
