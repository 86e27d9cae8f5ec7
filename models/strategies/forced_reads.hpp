#pragma once

#include <models/address_map.hpp>
#include <models/step_log.hpp>
#include <models/strategies/thread_choice.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::models {

/// Forced reads-from: for each execution a pair of lines is drawn, one that writes and one that reads the same object,
/// and threads wait so that the second reads what the first wrote (after Wolff et al., Greybox Fuzzing for Concurrency
/// Testing, ASPLOS 2024, without its feedback). The pairs are learnt from the executions before.
class forced_reads final : public thread_choice {
public:
  void begin(harness::draws& draw) override {
    objects_.clear();
    read_ = 0;
    done_ = pairs_.empty() || draw(8) == 0;
    waited_ = 0;
    if (!done_) wanted_ = pairs_[draw(static_cast<unsigned>(pairs_.size()))];
  }

  unsigned choose(const scheduling_point& t, harness::draws& draw) override {
    read_log();
    std::array<unsigned, scheduling_point::most> free{};
    unsigned count = 0;
    for (unsigned i = 0; !done_ && i < t.runnable; ++i) {
      const step& next = steps_of_threads.next_of(t.threads[i]);
      if (!next.object) {
        free[count++] = i;
        continue;
      }
      const bool written = objects_[next.object].last_writer == wanted_.first;
      if (next.site == wanted_.second) {
        if (written) return i;
      } else if (!(written && next.changes && next.site != wanted_.first)) {
        free[count++] = i;
      }
    }
    if (count == 0) return draw(t.runnable);
    // Others may spin until a thread that waits here goes on.
    if (count < t.runnable && ++waited_ == patience) done_ = true;
    return free[draw(count)];
  }

  void end() override {
    read_log();
    for (std::size_t i = 0; i < most_threads; ++i) learn(steps_of_threads.next_of(i));
  }

private:
  static constexpr std::size_t most_sites = 12;
  static constexpr std::size_t most_pairs = 2048;
  static constexpr unsigned patience = 64;

  struct uses {
    std::uint64_t last_writer = 0;
    std::array<std::uint64_t, most_sites> readers{};
    std::array<std::uint64_t, most_sites> writers{};
  };
  using pair = std::pair<std::uint64_t, std::uint64_t>;

  static bool add(std::array<std::uint64_t, most_sites>& to, std::uint64_t site) {
    for (std::uint64_t& known : to) {
      if (known == site) return false;
      if (known == 0) {
        known = site;
        return true;
      }
    }
    return false;
  }

  void read_log() {
    for (; read_ < steps_of_threads.made(); ++read_) {
      if (read_ + step_log::kept >= steps_of_threads.made()) learn(steps_of_threads.made(read_).what);
    }
  }

  void learn(const step& made) {
    if (!made.object) return;
    uses& of = objects_[made.object];
    if (!done_ && made.site == wanted_.second && of.last_writer == wanted_.first) done_ = true;
    if (add(of.readers, made.site)) {
      for (const std::uint64_t w : of.writers) {
        if (w != 0) add_pair({w, made.site});
      }
    }
    if (!made.changes) return;
    of.last_writer = made.site;
    if (add(of.writers, made.site)) {
      for (const std::uint64_t r : of.readers) {
        if (r != 0) add_pair({made.site, r});
      }
    }
  }

  void add_pair(pair p) {
    if (pairs_.size() < most_pairs && std::ranges::find(pairs_, p) == pairs_.end()) pairs_.push_back(p);
  }

  address_map<uses> objects_;
  harness::raw_vector<pair> pairs_;
  pair wanted_{};
  bool done_ = true;
  unsigned waited_ = 0;
  std::size_t read_ = 0;
};

}  // namespace sluice::models
