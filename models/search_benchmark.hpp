#pragma once

#include <models/questions.hpp>
#include <models/random_walk.hpp>
#include <models/search_mix.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>

/// How many executions a search needs to find what is known to be wrong.
namespace sluice::models {

/// Notes when the last execution of a search began.
class timed_search final : public strategy {
public:
  explicit timed_search(strategy& how) : how_(how) {}

  void begin() override {
    last_ = std::chrono::steady_clock::now();
    how_.begin();
  }
  unsigned next(const scheduling_point& t) override { return how_.next(t); }
  unsigned pick(choice_kind about, unsigned count) override { return how_.pick(about, count); }
  bool more() override { return how_.more(); }

  double seconds() const noexcept { return std::chrono::duration<double>(last_ - start_).count(); }

private:
  strategy& how_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = start_;
};

/// Searches for a failure of a check, once for each seed.
///
/// \returns  for each seed `found`, `executions` and `seconds`, those of the failing execution included.
inline nlohmann::json measure_search(const model_check& c, const std::string& capacity, const search_mix& mix,
                                     unsigned seeds, std::uint64_t most) {
  auto runs = nlohmann::json::array();
  for (unsigned i = 0; i < seeds; ++i) {
    // Far apart, since each execution has a seed of its own.
    random_walk walk(1 + (std::uint64_t{i} << 32), most, mix);
    timed_search timed(walk);
    const auto found = c.explore(capacity, timed);
    runs.push_back({{"found", !found.passed}, {"executions", found.executions}, {"seconds", timed.seconds()}});
  }
  return runs;
}

}  // namespace sluice::models
