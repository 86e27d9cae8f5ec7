#pragma once

#include <harness/core_of.hpp>
#include <sluice/core.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Channels that are really slower, to measure which slowdowns a comparison of speeds finds.
namespace sluice::bench {

/// The work that each send of a slowed channel does in addition.
class added_work {
public:
  /// \param text  `ns=2.5`: computing for so long, on average; `updates=1`: so many read-modify-writes of a cache line
  /// of
  ///              the thread's own; `misses=1`: so many loads from a table that no cache holds.
  /// \throws std::invalid_argument  if it is none of these.
  static void set(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string kind = text.substr(0, equals);
    std::size_t read = 0;
    double amount = -1;
    try {
      if (equals != std::string::npos) amount = std::stod(text.substr(equals + 1), &read);
    } catch (const std::logic_error&) {
    }
    if (!(amount >= 0 && amount <= 1e6) || read != text.size() - equals - 1) {
      throw std::invalid_argument("`" + text + "` is no slowdown; give ns=N, updates=N or misses=N");
    }
    if (kind == "ns") {
      per_send_ = static_cast<std::uint64_t>(std::llround(amount * steps_in_ns() * one));
    } else if (kind == "updates") {
      updates_ = static_cast<std::uint64_t>(amount);
    } else if (kind == "misses") {
      misses_ = static_cast<std::uint64_t>(amount);
      if (misses_ != 0) lay_out_table();
    } else {
      throw std::invalid_argument("`" + kind + "` is no kind of slowdown; there are ns, updates and misses");
    }
  }

  static void perform() noexcept {
    // In blocks, since a processor would perform single steps beside the send's own instructions, at no cost.
    thread_local std::uint64_t owed = 0;
    owed += per_send_;
    if (owed >= block * one) {
      compute(owed / one);
      owed %= one;
    }
    thread_local std::atomic<std::uint64_t> mine{0};
    for (std::uint64_t i = 0; i < updates_; ++i) mine.fetch_add(1, std::memory_order::seq_cst);
    thread_local std::uint32_t at = 0;
    for (std::uint64_t i = 0; i < misses_; ++i) at = table_[at];
    asm volatile("" : : "r"(at));
  }

private:
  static constexpr std::uint64_t one = 1 << 16;
  static constexpr std::uint64_t block = 128;
  static constexpr std::size_t table_size = std::size_t{1} << 24;

  /// Steps that depend on each other, so that a processor cannot overlap them.
  static void compute(std::uint64_t steps) noexcept {
    std::uint64_t value = 1;
    for (; steps > 0; --steps) {
      value *= 0x9e3779b97f4a7c15;
      asm volatile("" : "+r"(value));
    }
  }

  static double steps_in_ns() {
    constexpr std::uint64_t steps = 1'000'000;
    double least = 0;
    for (int round = 0; round < 5; ++round) {
      const auto start = std::chrono::steady_clock::now();
      compute(steps);
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
      least = round == 0 ? took.count() : (std::min)(least, took.count());
    }
    return static_cast<double>(steps) / least;
  }

  /// One cycle through the whole table in random order (Sattolo, 1986).
  static void lay_out_table() {
    table_.resize(table_size);
    std::iota(table_.begin(), table_.end(), 0U);
    std::minstd_rand draw;
    for (std::size_t i = table_size - 1; i > 0; --i) std::swap(table_[i], table_[draw() % i]);
  }

  static inline std::uint64_t per_send_ = 0;  // in parts of a step
  static inline std::uint64_t updates_ = 0;
  static inline std::uint64_t misses_ = 0;
  static inline std::vector<std::uint32_t> table_;
};

/// A registered channel, each send of which does `added_work`.
template <template <class> class Channel>
struct slowed {
  template <class T>
  class channel : public harness::core_of<Channel, T> {
    using core = harness::core_of<Channel, T>;

  public:
    using core::core;

    status try_send(T& value) requires(trying_core<core>) {
      added_work::perform();
      return core::try_send(value);
    }
    status send_until(T& value, deadline until) {
      added_work::perform();
      return core::send_until(value, until);
    }
  };
};

}  // namespace sluice::bench
