#pragma once

#include <models/depth_first.hpp>
#include <models/fingerprint.hpp>
#include <models/scenario_catalogue.hpp>
#include <models/strategy.hpp>
#include <models/suite.hpp>

#include <harness/raw_allocator.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace sluice::models {

/// The progress of an exhaustive search.
struct coverage {
  std::uint64_t numbers = 0;    ///< of the catalogue that are done
  std::uint64_t scenarios = 0;  ///< explored up to the bound
  std::uint64_t exhausted = 0;  ///< of these, those for which the bound excluded nothing
  std::uint64_t executions = 0;
  std::uint64_t fingerprinted = 0;  ///< executions, of all scenarios or of a sample
  std::uint64_t distinct = 0;       ///< of these, those with a fingerprint not seen before
};

/// Explores every scenario of a catalogue depth first.
class exhaustive_search final : public strategy {
public:
  /// \param from, step  the numbers of the scenarios: from, from + step, ...
  exhaustive_search(const scenario_catalogue& all, harness::promises held, unsigned bound, std::size_t from,
                    std::size_t step)
      : all_(all), held_(held), bound_(bound), next_(from), step_(step) {}

  /// Called from time to time. \returns  whether to continue after the running scenario.
  std::function<bool(const coverage&)> progress;

  /// Takes the next scenario; call it before the first execution. \returns  whether there was one.
  bool advance() {
    while (next_ < all_.size()) {
      running_ = all_.at(next_);
      next_ += step_;
      ++covered_.numbers;
      if (!running_) continue;
      fresh_ = true;
      return true;
    }
    return false;
  }

  void begin() override {
    if (fresh_) {
      current_execution.prepare(*running_, held_);
      fresh_ = false;
      seen_.clear();
      print_.reset();
      // States recur only with two deviations or more; with fewer, a sample measures how many executions were distinct.
      if (bound_ > 1 || covered_.scenarios % one_in == 0) print_.emplace();
      search_.emplace(bound_, bound_ > 1 ? &*print_ : nullptr);
    }
    if (print_) print_->begin();
    ++covered_.executions;
    search_->begin();
  }
  unsigned next(const scheduling_point& t) override { return search_->next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return search_->pick(about, count); }
  bool more() override {
    if (print_) {
      ++covered_.fingerprinted;
      covered_.distinct += seen_.insert(print_->value()).second;
    }
    if (search_->diverged()) return false;
    if (progress && covered_.executions % 8192 == 0) continues_ = progress(covered_);
    if (search_->more()) return true;
    print_.reset();
    ++covered_.scenarios;
    covered_.exhausted += !search_->cut();
    return continues_ && advance();
  }

  const harness::scenario& running() const { return *running_; }
  const coverage& covered() const noexcept { return covered_; }
  /// The number of the next scenario, if the search was interrupted.
  std::optional<std::size_t> interrupted_at() const noexcept {
    return continues_ || next_ >= all_.size() ? std::nullopt : std::optional(next_);
  }
  bool diverged() const noexcept { return search_ && search_->diverged(); }
  /// Stops fingerprinting.
  void stop_fingerprinting() noexcept { print_.reset(); }

private:
  static constexpr std::uint64_t one_in = 61;  // coprime to the catalogue's regularities

  const scenario_catalogue& all_;
  harness::promises held_;
  unsigned bound_;
  std::optional<fingerprint> print_;
  std::optional<depth_first> search_;
  std::size_t next_;
  std::size_t step_;
  std::optional<harness::scenario> running_;
  bool fresh_ = false;
  bool continues_ = true;
  coverage covered_;
  harness::raw_set<std::uint64_t> seen_;
};

}  // namespace sluice::models
