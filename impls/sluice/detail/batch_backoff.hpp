#pragma once

#include <sluice/platform.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace sluice::inline SLUICE_ABI::detail {

/// Lets a batch of messages gather where they arrive faster than a cache line moves between processors.
///
/// A receiver that finds the channel empty pauses before it looks again, as long as pausing has lately gathered a
/// batch. Otherwise it pauses ever less often, so that a lone message is hardly ever delayed.
class batch_backoff {
public:
  /// \returns  whether it has paused: then the caller reports to found().
  bool pause() noexcept {
    if constexpr (!platform::spinning_helps) return false;
    if (skip_ != 0) {
      --skip_;
      return false;
    }
    const auto start = platform::now();
    do {
      for (int i = 0; i < 8; ++i) platform::pause();
    } while (platform::now() - start < duration);
    return true;
  }

  /// Does not pause the next time: the caller takes batches anyway.
  void skip_once() noexcept { skip_ = (std::max)(skip_, 1u); }

  /// \param messages  how many had gathered.
  void found(std::size_t messages) noexcept {
    skips_ = messages >= worthwhile ? 0 : std::min<unsigned>(2u * skips_ + 1, most_skips);
    skip_ = skips_;
  }

private:
  static constexpr std::chrono::nanoseconds duration{800};  // a few round trips of a cache line
  static constexpr std::size_t worthwhile = 8;              // a cache line of pointers
  static constexpr unsigned most_skips = 255;
  unsigned skip_ = 0;
  unsigned skips_ = 0;
};

}  // namespace sluice::inline SLUICE_ABI::detail
