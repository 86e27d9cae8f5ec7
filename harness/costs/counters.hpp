#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// What an operation of a channel costs, whatever the machine: how often it does what takes time.
namespace sluice::harness::costs {

struct counters {
  std::uint64_t loads = 0;        ///< of atomics
  std::uint64_t stores = 0;       ///< of atomics, without those that are full fences
  std::uint64_t full_stores = 0;  ///< that are sequentially consistent
  std::uint64_t updates = 0;      ///< read-modify-writes
  std::uint64_t fences = 0;       ///< full ones
  std::uint64_t membarriers = 0;
  std::uint64_t locks = 0;  ///< of a mutex, without contention
  std::uint64_t sleeps = 0;
  std::uint64_t wakes = 0;  ///< system calls, or notifications of a condition variable
  std::uint64_t clock_reads = 0;
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;  ///< allocated
};

struct named_counter {
  std::string_view name;
  std::uint64_t counters::*count;
};

inline constexpr std::array all_counters{
    named_counter{"loads", &counters::loads},
    named_counter{"stores", &counters::stores},
    named_counter{"full_stores", &counters::full_stores},
    named_counter{"updates", &counters::updates},
    named_counter{"fences", &counters::fences},
    named_counter{"membarriers", &counters::membarriers},
    named_counter{"locks", &counters::locks},
    named_counter{"sleeps", &counters::sleeps},
    named_counter{"wakes", &counters::wakes},
    named_counter{"clock_reads", &counters::clock_reads},
    named_counter{"allocations", &counters::allocations},
    named_counter{"bytes", &counters::bytes},
};

inline counters counted;

}  // namespace sluice::harness::costs
