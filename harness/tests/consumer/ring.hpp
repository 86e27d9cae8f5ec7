#pragma once

#include <sluice/cores/adapted.hpp>
#include <sluice/platform.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace mine {

/// A ring of N slots behind a lock.
template <class T, std::size_t N>
class ring {
public:
  static constexpr sluice::core_traits traits{.bounded = true, .least_capacity = N, .greatest_capacity = N};

  /// \pre  n == N, which the traits say.
  explicit ring(std::size_t) {}

  bool try_push(T& value) {
    sluice::platform::unique_lock guard(mutex_);
    if (count_ == N) return false;
    slots_[(first_ + count_++) % N].emplace(std::move(value));
    return true;
  }

  bool try_pop(std::optional<T>& out) {
    sluice::platform::unique_lock guard(mutex_);
    if (count_ == 0) return false;
    out.emplace(std::move(*slots_[first_]));
    slots_[first_].reset();
    first_ = (first_ + 1) % N;
    --count_;
    return true;
  }

  std::size_t size() const {
    sluice::platform::unique_lock guard(mutex_);
    return count_;
  }
  std::optional<std::size_t> capacity() const noexcept { return N; }

private:
  mutable sluice::platform::mutex mutex_;
  std::array<std::optional<T>, N> slots_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

template <class T>
using ring_of_two = sluice::cores::adapted<T, ring<T, 2>>;

}  // namespace mine
