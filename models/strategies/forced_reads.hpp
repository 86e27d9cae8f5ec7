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
    // New pairs become rare, and looking for them takes time.
    learns_ = without_news_ < 64 || draw(16) == 0;
    if (learns_) objects_.clear();
    written_.clear();
    read_ = 0;
    waited_ = 0;
    done_ = pairs_.empty() || draw(8) == 0;
    if (!done_) wanted_ = pairs_[draw(static_cast<unsigned>(pairs_.size()))];
  }

  unsigned choose(const scheduling_point& t, harness::draws& draw) override {
    read_log();
    if (done_) return draw(t.runnable);
    std::array<unsigned, scheduling_point::most> free{};
    unsigned count = 0;
    for (unsigned i = 0; i < t.runnable; ++i) {
      const step& next = steps_of_threads.next_of(t.threads[i]);
      const bool reads = next.site == wanted_.second;
      if (reads && is_written(next.object)) return i;
      const bool overwrites = next.changes && next.site != wanted_.first && is_written(next.object);
      if (!reads && !overwrites) free[count++] = i;
    }
    if (count == 0) return draw(t.runnable);
    // Others may spin until a thread that waits here goes on.
    if (count < t.runnable && ++waited_ == patience) done_ = true;
    return free[draw(count)];
  }

  void end() override {
    read_log();
    if (!learns_) return;
    ++without_news_;
    for (std::size_t i = 0; i < most_threads; ++i) learn(steps_of_threads.next_of(i));
  }

private:
  static constexpr std::size_t most_sites = 12;
  static constexpr std::size_t most_pairs = 2048;
  static constexpr unsigned patience = 64;

  using sites = std::array<std::uint64_t, most_sites>;
  struct uses {
    sites readers{};
    sites writers{};
  };
  using pair = std::pair<std::uint64_t, std::uint64_t>;

  /// Whether the wanted line wrote the object last.
  bool is_written(const void* object) const { return std::ranges::find(written_, object) != written_.end(); }

  void read_log() {
    if (done_ && !learns_) return;
    steps_of_threads.read_on(read_, [this](const step& made, std::size_t) {
      if (learns_) learn(made);
      if (!done_) follow(made);
    });
  }

  void follow(const step& made) {
    if (made.site == wanted_.second && is_written(made.object)) {
      done_ = true;
    } else if (made.changes) {
      std::erase(written_, made.object);
      if (made.site == wanted_.first) written_.push_back(made.object);
    }
  }

  void learn(const step& made) {
    if (!made.object) return;
    uses& of = objects_[made.object];
    if (add(of.readers, made.site)) {
      for (const std::uint64_t w : of.writers) add_pair({w, made.site});
    }
    if (made.changes && add(of.writers, made.site)) {
      for (const std::uint64_t r : of.readers) add_pair({made.site, r});
    }
  }

  static bool add(sites& to, std::uint64_t site) {
    for (std::uint64_t& known : to) {
      if (known == site) return false;
      if (known == 0) {
        known = site;
        return true;
      }
    }
    return false;
  }

  void add_pair(pair p) {
    if (p.first == 0 || p.second == 0 || pairs_.size() == most_pairs) return;
    if (std::ranges::find(pairs_, p) != pairs_.end()) return;
    pairs_.push_back(p);
    without_news_ = 0;
  }

  address_map<uses> objects_;
  harness::raw_vector<pair> pairs_;
  unsigned without_news_ = 0;
  bool learns_ = true;
  pair wanted_{};
  harness::raw_vector<const void*> written_;
  std::size_t read_ = 0;
  bool done_ = true;
  unsigned waited_ = 0;
};

}  // namespace sluice::models
