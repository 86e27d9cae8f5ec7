#pragma once

#include <harness/scenario.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace sluice::harness {

namespace detail {

/// A simpler operation with the same effect, or the same one.
constexpr op_kind plainer(op_kind kind) noexcept {
  switch (kind) {
    case op_kind::send_for:
    case op_kind::send_far:
    case op_kind::stoppable_send:
    case op_kind::send_all: return op_kind::send;
    case op_kind::recv_for:
    case op_kind::recv_far:
    case op_kind::stoppable_recv:
    case op_kind::recv_many: return op_kind::recv;
    case op_kind::try_recv_many: return op_kind::try_recv;
    default: return kind;
  }
}

/// Every scenario that is one step smaller than this one, the largest steps first.
inline std::vector<scenario> smaller(const scenario& p) {
  std::vector<scenario> all;
  const auto with_thread = [&](std::size_t t, scenario::thread ops) {
    scenario q = p;
    q.threads[t] = std::move(ops);
    if (q.threads[t].empty()) q.threads.erase(q.threads.begin() + static_cast<std::ptrdiff_t>(t));
    if (!q.threads.empty() && (t >= q.threads.size() || well_formed(q.threads[t]))) all.push_back(std::move(q));
  };
  for (std::size_t t = 0; t < p.threads.size(); ++t) with_thread(t, {});
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    const auto& ops = p.threads[t];
    for (std::size_t length = std::max<std::size_t>(1, ops.size() / 2); length > 0; length /= 2) {
      for (std::size_t i = 0; i + length <= ops.size(); i += length) {
        auto fewer = ops;
        const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(i);
        fewer.erase(from, from + static_cast<std::ptrdiff_t>(length));
        with_thread(t, std::move(fewer));
      }
    }
  }
  if (p.capacity && *p.capacity > 1) {
    for (std::size_t capacity : std::set{std::size_t{1}, *p.capacity / 2, *p.capacity - 1}) {
      scenario q = p;
      q.capacity = capacity;
      all.push_back(std::move(q));
    }
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (std::size_t i = 0; i < p.threads[t].size(); ++i) {
      auto ops = p.threads[t];
      ops[i] = plainer(ops[i]);
      if (ops[i] != p.threads[t][i]) with_thread(t, std::move(ops));
    }
  }
  return all;
}

}  // namespace detail

namespace detail {

/// The scenario with each operation kept with probability 1/2; empty if no well-formed thread is left.
template <class Random>
scenario some_of(const scenario& p, Random& random) {
  scenario q{.capacity = p.capacity, .threads = {}};
  for (const auto& ops : p.threads) {
    scenario::thread kept;
    std::ranges::copy_if(ops, std::back_inserter(kept), [&](op_kind) { return random() % 2 == 0; });
    if (!kept.empty() && well_formed(kept)) q.threads.push_back(std::move(kept));
  }
  return q;
}

}  // namespace detail

/// Shrinks a failing scenario as long as it still fails: one step at a time, and where that ends at a large one, by
/// random leaps that leave out several operations at once.
/// \param fails  whether a scenario fails, called for each candidate. For one that fails only sometimes, it must
///               execute the candidate often enough to be trusted.
/// \param until  when to stop with the smallest found so far.
inline scenario shrink(scenario p, const std::function<bool(const scenario&)>& fails,
                       std::chrono::steady_clock::time_point until) {
  constexpr std::size_t small_enough = 6;
  constexpr int leaps = 300;
  std::minstd_rand random(1);
  const auto late = [&] { return std::chrono::steady_clock::now() >= until; };
  const auto stepped = [&] {
    for (const scenario& candidate : detail::smaller(p)) {
      if (late()) return false;
      if (candidate == p || !fails(candidate)) continue;
      p = candidate;
      return true;
    }
    return false;
  };
  const auto leapt = [&] {
    for (int n = 0; n < leaps && p.operations() > small_enough && !late(); ++n) {
      scenario candidate = detail::some_of(p, random);
      if (candidate.threads.empty() || candidate == p || !fails(candidate)) continue;
      p = std::move(candidate);
      return true;
    }
    return false;
  };
  while (stepped() || leapt()) {
  }
  return p;
}

}  // namespace sluice::harness
