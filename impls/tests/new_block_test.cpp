#include <sluice/mpmc.hpp>
#include <sluice/spsc.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>

namespace {

constexpr unsigned char unwritten = 0xA5;
thread_local std::span<unsigned char> largest;  ///< of the blocks that this thread allocated since it was emptied

}  // namespace

// Not inlined, since g++ would warn of free() where it inlines only one of them.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (!memory) throw std::bad_alloc();
  std::memset(memory, unwritten, size);
  if (size > largest.size()) largest = {static_cast<unsigned char*>(memory), size};
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using page = std::array<unsigned char, 4096>;

/// Of the block behind an unbounded channel, how much is written before the messages are.
template <class Handles>
void expect_untouched_slots(Handles ends) {
  auto& [tx, rx] = ends;
  largest = {};
  ASSERT_TRUE(tx.send(page{}));
  ASSERT_GT(largest.size(), 2 * sizeof(page));
  const auto written = largest.size() - static_cast<std::size_t>(std::ranges::count(largest, unwritten));
  EXPECT_LT(written, 2 * sizeof(page));
}

TEST(blocks, are_not_zeroed) {
  expect_untouched_slots(sluice::mpmc::unbounded<page>());
  expect_untouched_slots(sluice::spsc::unbounded<page>());
}

}  // namespace
