#pragma once

#include <harness/subject.hpp>
#include <harness/tracked_message.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

/// The messages of property tests. A channel is compiled for these and no others.
namespace sluice::properties {

/// A message that holds its producer and its number twice, so that a torn one is detected.
struct parcel {
  std::uint32_t producer = 0;
  std::uint32_t number = 0;
  std::uint64_t check = 0;

  parcel(std::uint32_t p, std::uint32_t n) noexcept : producer(p), number(n), check(~(std::uint64_t{p} << 32 | n)) {}
  bool whole() const noexcept { return check == ~(std::uint64_t{producer} << 32 | number); }
};

/// What became of the `counted` messages of one channel.
struct message_counts {
  std::atomic<int> messages{0};  ///< that live
  std::atomic<int> objects{0};   ///< that exist, also those that were moved from
  std::atomic<int> copies{0};    ///< that were made
};

/// A message that counts itself. A channel could copy it, but has no reason to.
class counted {
public:
  explicit counted(message_counts& counts) noexcept : counts_(&counts), is_message_(true) {
    ++counts.messages;
    ++counts.objects;
  }
  counted(counted&& other) noexcept : counts_(other.counts_), is_message_(std::exchange(other.is_message_, false)) {
    ++counts_->objects;
  }
  counted(const counted& other) noexcept : counted(*other.counts_) { ++counts_->copies; }
  counted& operator=(counted&&) = delete;
  ~counted() {
    // Null where a faulty channel destroys what never was a message.
    if (!counts_) return;
    --counts_->objects;
    if (is_message_) --counts_->messages;
  }

private:
  message_counts* counts_;
  bool is_message_;
};

/// A message whose destructor calls a function.
class busy {
public:
  busy() noexcept = default;
  explicit busy(const std::function<void()>& at_end) noexcept : at_end_(&at_end) {}
  busy(busy&& other) noexcept : at_end_(std::exchange(other.at_end_, nullptr)) {}
  busy& operator=(busy&&) = delete;
  ~busy() {
    if (at_end_) (*std::exchange(at_end_, nullptr))();
  }

private:
  const std::function<void()>* at_end_ = nullptr;
};

/// An over-aligned message.
struct alignas(64) block {
  block(int n, int& misplaced) noexcept : number(n), misplaced_(&misplaced) {}
  block(block&& other) noexcept : number(other.number), misplaced_(other.misplaced_) {
    // The compiler assumes the alignment, unless it cannot see what the address belongs to.
    const volatile auto address = reinterpret_cast<std::uintptr_t>(this);
    if (address % 64 != 0) ++*misplaced_;
  }
  block& operator=(block&&) = delete;

  int number;

private:
  int* misplaced_;
};

/// The channel under test.
using subject = harness::subject<int, std::unique_ptr<int>, harness::tracked_message, parcel, counted, busy, block>;

}  // namespace sluice::properties
