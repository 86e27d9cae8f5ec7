#pragma once

#include <harness/program.hpp>

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

/// A plainer operation that does as much, or the same one.
constexpr op_kind plainer(op_kind kind) noexcept {
  switch (kind) {
    case op_kind::send_for:
    case op_kind::send_far: return op_kind::send;
    case op_kind::recv_for:
    case op_kind::recv_far: return op_kind::recv;
    default: return kind;
  }
}

/// Every program that is a little less than this one, the most daring first.
inline std::vector<program> smaller(const program& p) {
  std::vector<program> all;
  const auto with_thread = [&](std::size_t t, program::thread ops) {
    program q = p;
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
      program q = p;
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

/// The program without each of its operations that a coin decides against; empty if nothing is left that makes sense.
template <class Random>
program some_of(const program& p, Random& random) {
  program q{.capacity = p.capacity, .threads = {}};
  for (const auto& ops : p.threads) {
    program::thread kept;
    std::ranges::copy_if(ops, std::back_inserter(kept), [&](op_kind) { return random() % 2 == 0; });
    if (!kept.empty() && well_formed(kept)) q.threads.push_back(std::move(kept));
  }
  return q;
}

}  // namespace detail

/// Makes a failing program smaller as long as it still fails: by one step at a time, and where that ends at a large
/// one, by leaving out several things at once, drawn at random.
///
/// \param fails  whether a program fails; asked for each candidate. For a program that fails now and then it must try
///               often enough to be believed: a `false` ends the way through that candidate.
/// \param until  when to stop, with the smallest found so far.
inline program shrink(program p, const std::function<bool(const program&)>& fails,
                      std::chrono::steady_clock::time_point until) {
  constexpr std::size_t small_enough = 6;
  constexpr int leaps = 300;
  std::minstd_rand random(1);
  const auto late = [&] { return std::chrono::steady_clock::now() >= until; };
  const auto stepped = [&] {
    for (const program& candidate : detail::smaller(p)) {
      if (late()) return false;
      if (candidate == p || !fails(candidate)) continue;
      p = candidate;
      return true;
    }
    return false;
  };
  const auto leapt = [&] {
    for (int n = 0; n < leaps && p.operations() > small_enough && !late(); ++n) {
      program candidate = detail::some_of(p, random);
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
