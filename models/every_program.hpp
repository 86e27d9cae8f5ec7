#pragma once

#include <models/fingerprint.hpp>
#include <models/suite.hpp>

#include <harness/generate.hpp>
#include <harness/number.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Every program up to a size, each by depth-first search.
namespace sluice::models {

/// `2x3`: two threads of up to three operations each.
struct program_size {
  std::size_t threads = 2;
  std::size_t operations = 2;
};

inline std::string to_string(const program_size& s) {
  return std::to_string(s.threads) + "x" + std::to_string(s.operations);
}

/// \throws std::invalid_argument  naming the text that is no size.
inline program_size parse_size(std::string_view text) {
  program_size s;
  const auto digit = [&](std::size_t at, char most) { return text[at] >= '1' && text[at] <= most; };
  if (text.size() != 3 || text[1] != 'x' || !digit(0, '3') || !digit(2, '9')) {
    throw std::invalid_argument("`" + std::string(text) +
                                "` is no size of programs: give threads x operations, as 2x3, with up to 3 threads");
  }
  s.threads = static_cast<std::size_t>(text[0] - '0');
  s.operations = static_cast<std::size_t>(text[2] - '0');
  return s;
}

/// `2/8`: the second of eight parts.
///
/// \throws std::invalid_argument  naming the text that is no part.
inline std::pair<std::size_t, std::size_t> parse_shard(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto part = harness::parse_number(text.substr(0, slash));
  const auto parts = harness::parse_number(text.substr(std::min(slash + 1, text.size())));
  if (part && parts && *part >= 1 && *part <= *parts) return {*part, *parts};
  throw std::invalid_argument("`" + std::string(text) + "` is no shard; give i/n with 1 <= i <= n, for example 2/8");
}

/// The programs of one size that a channel of these promises can carry out, at each capacity of `capacities`, by
/// number.
class program_catalogue {
public:
  program_catalogue(const core_traits& traits, program_size size, std::vector<std::string> capacities)
      : traits_(traits),
        capacities_(std::move(capacities)),
        space_(harness::every_thread(harness::alphabet_of(traits), size.operations), size.threads) {}

  std::size_t size() const noexcept { return space_.size() * capacities_.size(); }

  /// Empty where one side has more threads than the channel promises to bear.
  std::optional<harness::program> at(std::size_t number) const {
    const auto capacity = harness::parse_capacity(capacities_[number / space_.size()]);
    auto p = space_.at(number % space_.size(), capacity);
    return harness::within(traits_, p) ? std::optional(std::move(p)) : std::nullopt;
  }

private:
  core_traits traits_;
  std::vector<std::string> capacities_;
  harness::program_space space_;
};

/// What a search of every program has come to.
struct coverage {
  std::uint64_t numbers = 0;    ///< of the catalogue that have been dealt with
  std::uint64_t programs = 0;   ///< explored to the bound
  std::uint64_t exhausted = 0;  ///< of these, those that the bound kept nothing from
  std::uint64_t executions = 0;
  std::uint64_t told_apart = 0;  ///< executions, of all programs or of a sample
  std::uint64_t distinct = 0;    ///< of these, those in which something else happened than in any before
};

/// Takes program after program from a catalogue and explores each depth first.
class catalogue_search final : public strategy {
public:
  /// \param from, step  every step-th number, from the first one on.
  catalogue_search(const program_catalogue& all, harness::promises held, unsigned bound, std::size_t from,
                   std::size_t step)
      : all_(all), held_(held), bound_(bound), next_(from), step_(step) {}

  /// Called now and then. \returns  whether to go on after the running program.
  std::function<bool(const coverage&)> progress;

  /// Whether there is a program left; to be called before the first execution, and after one that failed.
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
      // States come back only to those who may deviate twice; otherwise a sample tells how many executions were needed.
      if (bound_ > 1 || covered_.programs % one_in == 0) print_.emplace();
      search_.emplace(bound_, bound_ > 1 ? &*print_ : nullptr);
    }
    if (print_) print_->begin();
    ++covered_.executions;
    search_->begin();
  }
  unsigned next(const turn& t) override { return search_->next(t); }
  unsigned pick(matter about, unsigned count) override { return search_->pick(about, count); }
  bool more() override {
    if (print_) {
      ++covered_.told_apart;
      covered_.distinct += seen_.insert(print_->value()).second;
    }
    if (search_->diverged()) return false;
    if (progress && covered_.executions % 8192 == 0) goes_on_ = progress(covered_);
    if (search_->more()) return true;
    print_.reset();
    ++covered_.programs;
    covered_.exhausted += !search_->cut();
    return goes_on_ && advance();
  }

  const harness::program& running() const { return *running_; }
  const coverage& covered() const noexcept { return covered_; }
  /// The number of the program that is next, if it was told not to go on.
  std::optional<std::size_t> broken_off_at() const noexcept {
    return goes_on_ || next_ >= all_.size() ? std::nullopt : std::optional(next_);
  }
  bool diverged() const noexcept { return search_ && search_->diverged(); }
  /// Nothing is noted of the executions that follow.
  void stop_watching() noexcept { print_.reset(); }

private:
  static constexpr std::uint64_t one_in = 61;  // no divisor of the catalogue's regularities

  const program_catalogue& all_;
  harness::promises held_;
  unsigned bound_;
  std::optional<fingerprint> print_;
  std::optional<depth_first> search_;
  std::size_t next_;
  std::size_t step_;
  std::optional<harness::program> running_;
  bool fresh_ = false;
  bool goes_on_ = true;
  coverage covered_;
  harness::raw_set<std::uint64_t> seen_;
};

/// Estimates how many executions a depth-first search of programs has (Knuth 1975): random ways down, each weighted by
/// how unlikely it was. About as many deviations are drawn as the bound allows, since most executions have as many.
class probe final : public strategy {
public:
  probe(const program_catalogue& all, harness::promises held, unsigned bound, std::uint64_t seed, std::size_t walks)
      : all_(all), held_(held), bound_(bound), draw_(seed), left_(walks) {}

  void begin() override {
    if (walks_ % each == 0) {
      std::optional<harness::program> p;
      do {
        p = all_.at(draw_.next() % all_.size());
        ++drawn_;
      } while (!p);
      current_execution.prepare(*p, held_);
    }
    weight_ = 1;
    spent_ = 0;
    choices_ = 0;
  }
  unsigned next(const turn& t) override { return at(t.count(), t.free()); }
  unsigned pick(matter about, unsigned count) override {
    return depth_first::in_turn_only(about) ? 0 : at(count, depth_first::free(about, count));
  }
  bool more() override {
    sum_ += weight_;
    length_ += (choices_ - length_) / static_cast<double>(++walks_);
    return --left_ != 0;
  }

  /// Executions of the whole catalogue.
  double executions() const noexcept {
    return walks_ == 0 ? 0 : sum_ / each / static_cast<double>(drawn_) * static_cast<double>(all_.size());
  }

private:
  unsigned at(unsigned count, unsigned free) {
    if (count < 2) return 0;
    ++choices_;
    const bool may_deviate = count > free && spent_ < bound_;
    if (may_deviate) {
      constexpr unsigned whole = 1u << 16;
      const auto odds = static_cast<unsigned>(std::clamp(bound_ / (length_ + 1), 0.001, 0.5) * whole);
      if (draw_(whole) < odds) {
        weight_ *= static_cast<double>(whole) / odds * (count - free);
        ++spent_;
        return free + draw_(count - free);
      }
      weight_ *= static_cast<double>(whole) / (whole - odds);
    }
    weight_ *= free;
    return draw_(free);
  }

  static constexpr std::uint64_t each = 10;  // walks of a program

  const program_catalogue& all_;
  harness::promises held_;
  unsigned bound_;
  harness::draws draw_;
  std::size_t left_;
  std::uint64_t drawn_ = 0;
  std::uint64_t walks_ = 0;
  double sum_ = 0;
  double weight_ = 1;
  double length_ = 20;  ///< choices of an execution, on average so far
  double choices_ = 0;
  unsigned spent_ = 0;
};

/// Draws programs larger than any catalogue, and a few executions of each.
class larger_programs final : public strategy {
public:
  larger_programs(const core_traits& traits, std::vector<std::string> capacities, std::uint64_t seed,
                  std::uint64_t programs, std::size_t threads)
      : traits_(traits), capacities_(std::move(capacities)), draw_(seed), left_(programs), threads_(threads) {}

  void begin() override {
    if (in_program_ == 0) {
      do {
        const auto capacity = harness::parse_capacity(capacities_[draw_(static_cast<unsigned>(capacities_.size()))]);
        running_ = harness::any_program(traits_, capacity, draw_);
      } while (running_.threads.size() != threads_ || !harness::within(traits_, running_));
      current_execution.prepare(running_, traits_);
      walk_.emplace(draw_.next(), each);
      --left_;
    }
    walk_->begin();
  }
  unsigned next(const turn& t) override { return walk_->next(t); }
  unsigned pick(matter about, unsigned count) override { return walk_->pick(about, count); }
  bool more() override {
    in_program_ = (in_program_ + 1) % each;
    return in_program_ != 0 || left_ != 0;
  }

  static constexpr std::uint64_t each = 50;  ///< executions of a program
  const harness::program& running() const noexcept { return running_; }

private:
  core_traits traits_;
  std::vector<std::string> capacities_;
  harness::draws draw_;
  std::uint64_t left_;
  std::size_t threads_;
  harness::program running_;
  std::optional<random_walk> walk_;
  std::uint64_t in_program_ = 0;
};

}  // namespace sluice::models
