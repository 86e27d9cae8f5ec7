#pragma once

#include <models/step_log.hpp>
#include <models/strategies/thread_choice.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::models {

/// SURW: all orders of the steps on one object, drawn anew for each execution, are equally likely; the other steps only
/// fill the gaps (Zhao et al., Selectively Uniform Concurrency Testing, ASPLOS 2025). How often each thread uses the
/// object is learnt from the executions before.
class surw final : public thread_choice {
public:
  void begin(harness::draws& draw) override {
    chosen_ = sites_.empty() ? 0 : draw(static_cast<unsigned>(sites_.size()));
    object_ = nullptr;
    done_.fill(0);
    read_ = 0;
    intended_ = most_threads;
  }

  unsigned choose(const scheduling_point& t, harness::draws& draw) override {
    read_log();
    for (unsigned i = 0; i < t.runnable; ++i) notice(steps_of_threads.next_of(t.threads[i]));
    if (!object_) return draw(t.runnable);
    if (intended_ == most_threads) {
      intended_ = t.threads[by_uses(t, draw)];
      waited_ = 0;
    }
    std::array<unsigned, scheduling_point::most> free{};
    unsigned count = 0;
    for (unsigned i = 0; i < t.runnable; ++i) {
      if (t.threads[i] == intended_ || steps_of_threads.next_of(t.threads[i]).object != object_) free[count++] = i;
    }
    // Others may spin until a thread that waits here goes on.
    if (count < t.runnable) ++waited_;
    if (count != 0 && waited_ < patience) return free[draw(count)];
    intended_ = most_threads;
    return by_uses(t, draw);
  }

  void end() override {
    if (!object_) return;
    read_log();
    for (std::size_t i = 0; i < most_threads; ++i) {
      done_[i] += steps_of_threads.next_of(i).object == object_;
      sites_[chosen_].uses[i] += (done_[i] - sites_[chosen_].uses[i]) / 4;
    }
  }

private:
  struct known_site {
    std::uint64_t site = 0;
    std::array<double, most_threads> uses{};  ///< of the object, by each thread
  };

  void read_log() {
    steps_of_threads.read_on(read_, [this](const step& made, std::size_t thread) {
      if (!made.object || made.object != object_) return;
      ++done_[thread];
      if (thread == intended_) intended_ = most_threads;
    });
  }

  void notice(const step& next) {
    if (!next.object) return;
    const auto known = std::ranges::find(sites_, next.site, &known_site::site);
    if (known == sites_.end()) {
      if (sites_.size() < most_sites) sites_.push_back({next.site, {}});
      return;
    }
    if (!object_ && static_cast<std::size_t>(known - sites_.begin()) == chosen_) object_ = next.object;
  }

  /// One of the threads that can run, in proportion to the uses that it has left.
  unsigned by_uses(const scheduling_point& t, harness::draws& draw) {
    std::array<unsigned, scheduling_point::most> left{};
    for (unsigned i = 0; i < t.runnable; ++i) {
      const double expected = sites_[chosen_].uses[t.threads[i]] - done_[t.threads[i]];
      left[i] = static_cast<unsigned>(std::max(1.0, 16 * expected));
    }
    return static_cast<unsigned>(harness::drawn_by_share(left, draw));
  }

  static constexpr std::size_t most_sites = 256;
  static constexpr unsigned patience = 64;

  harness::raw_vector<known_site> sites_;
  std::size_t chosen_ = 0;
  const void* object_ = nullptr;
  std::array<double, most_threads> done_{};
  std::size_t read_ = 0;
  std::size_t intended_ = most_threads;
  unsigned waited_ = 0;
};

}  // namespace sluice::models
