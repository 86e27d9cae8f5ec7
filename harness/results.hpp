#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::harness {

/// How much of a space of programs a check has searched.
struct searched {
  std::uint64_t programs = 0;   ///< each with every execution of up to `bound` choices out of turn
  std::uint64_t exhausted = 0;  ///< of these, those that have no execution beyond the bound
  std::uint64_t of = 0;         ///< programs there are, in all shards, those included that it need not bear
  unsigned bound = 0;
  std::string shard = "1/1";
  double repeated = 0;  ///< the part of the executions that only repeated others in a different order
};

/// The verdict of one check on one channel, as it stands in results/*.json (results/schema.json: check).
struct check_result {
  std::string check;
  std::string claim;        ///< what was claimed, in one sentence
  std::string verdict{};    ///< passed, failed or not_applicable
  std::string detail{};     ///< of a failure: what was seen; of not_applicable: why
  std::string reproduce{};  ///< of a failure: the command that shows it again
  std::string schedule{};   ///< of a model's failure: the choices that make it happen
  std::string program{};    ///< of a failure: the smallest program found that shows it, where it is about programs
  std::uint64_t executions = 0;
  double seconds = 0;
  std::optional<searched> space{};
};

struct check_report {
  std::string channel;
  std::string kind;  ///< property or model
  std::uint64_t seed = 0;
  std::vector<check_result> checks;

  /// \throws std::runtime_error  if the file cannot be written.
  void write(const std::filesystem::path& file) const {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& c : checks) {
      auto& entry = list.emplace_back();
      entry = {{"channel", channel},       {"kind", kind},         {"check", c.check},
               {"claim", c.claim},         {"verdict", c.verdict}, {"detail", c.detail},
               {"reproduce", c.reproduce}, {"program", c.program}, {"executions", c.executions},
               {"seconds", c.seconds},     {"seed", seed}};
      if (!c.space) continue;
      entry["space"] = {
          {"programs", c.space->programs}, {"exhausted", c.space->exhausted}, {"of", c.space->of},
          {"bound", c.space->bound},       {"shard", c.space->shard},         {"repeated", c.space->repeated}};
    }
    // In one step, so that whoever comes after a crash finds it whole.
    const std::filesystem::path unfinished = file.string() + ".new";
    std::ofstream out(unfinished);
    out << list.dump(1) << '\n';
    if (!out.flush()) throw std::runtime_error("cannot write " + unfinished.string());
    std::filesystem::rename(unfinished, file);
  }
};

}  // namespace sluice::harness
