#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace sluice::harness {

/// A stream of random numbers from a seed (splitmix64: Steele, Lea, Flood 2014).
class draws {
public:
  constexpr explicit draws(std::uint64_t seed = 0) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// A number below `limit`.
  constexpr unsigned operator()(unsigned limit) noexcept { return static_cast<unsigned>((next() >> 32) * limit >> 32); }

private:
  std::uint64_t state_;
};

/// An index, with a probability in proportion to its share. Where all shares are 0, the first.
template <std::size_t Count>
constexpr std::size_t drawn_by_share(const std::array<unsigned, Count>& shares, draws& draw) noexcept {
  unsigned left = draw(std::accumulate(shares.begin(), shares.end(), 0u));
  for (std::size_t i = 0; i < Count; ++i) {
    if (left < shares[i]) return i;
    left -= shares[i];
  }
  return 0;
}

}  // namespace sluice::harness
