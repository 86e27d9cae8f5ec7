#pragma once

#include <models/strategy.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

/// What the threads of a model did and are about to do, for strategies that look at it.
namespace sluice::models {

inline constexpr std::size_t most_threads = scheduling_point::most;

/// One step of a thread.
struct step {
  const void* object = nullptr;  ///< null: the border of an operation, or a yield
  bool changes = false;          ///< whether it may do more than read the object
  std::uint64_t site = 0;        ///< tells lines of the source apart
  std::uint64_t number = 0;      ///< of the thread's steps so far; each execution begins with 0
};

/// Whether the order of two steps of different threads matters.
constexpr bool conflict(const step& a, const step& b) noexcept {
  return a.object && a.object == b.object && (a.changes || b.changes);
}

/// The step that each thread is about to make, and the last steps that were made.
class step_log {
public:
  /// An execution begins.
  void begin() noexcept {
    next_.fill({});
    made_ = 0;
  }
  /// A thread is about to make a step, so it has made the one before.
  void about_to(std::size_t thread, const void* object, bool changes, std::uint64_t site) noexcept {
    step& next = next_[thread];
    last_[made_++ % kept] = {next, thread};
    next = {object, changes, site, next.number + 1};
  }
  const step& next_of(std::size_t thread) const noexcept { return next_[thread]; }

  /// Calls `f(step, thread)` for each step that was made since `read`, and advances that. Of many, those before the
  /// last 128 are passed over.
  template <class F>
  void read_on(std::size_t& read, F f) const {
    for (read = (std::max)(read, made_ - (std::min)(made_, kept)); read < made_; ++read) {
      const entry& made = last_[read % kept];
      f(made.what, made.thread);
    }
  }

private:
  static constexpr std::size_t kept = 128;

  struct entry {
    step what;
    std::size_t thread = 0;
  };

  std::array<step, most_threads> next_{};
  std::array<entry, kept> last_{};
  std::size_t made_ = 0;
};

inline step_log steps_of_threads;

}  // namespace sluice::models
