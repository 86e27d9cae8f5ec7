#pragma once

#include <harness/verdict.hpp>

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

/// How much of a space of scenarios an exhaustive check has searched.
struct searched {
  std::uint64_t scenarios = 0;  ///< each with every execution of up to `bound` deviations
  std::uint64_t exhausted = 0;  ///< of these, those that have no execution beyond the bound
  std::uint64_t of = 0;         ///< scenarios in all shards, including those that the channel does not support
  unsigned bound = 0;
  std::string shard = "1/1";
  double repeated = 0;  ///< the fraction of executions that differ from another only in the order of independent steps
};

/// The verdict of one check on one channel, as in results/*.json (results/schema.json: check).
struct check_result {
  std::string check;
  std::string claim;  ///< one sentence that is true of every channel to which the check applies
  harness::verdict verdict = verdict::not_applicable;
  std::string detail{};     ///< of a failure: what was observed; of not_applicable: why
  std::string reproduce{};  ///< of a failure: the command that reproduces it
  std::string schedule{};   ///< of a model's failure: the choices that lead to it
  std::string scenario{};   ///< of a failure: the smallest failing scenario, if the check runs scenarios
  std::uint64_t executions = 0;
  double seconds = 0;
  std::optional<searched> space{};
};

/// Writes JSON in one step, so that a reader after a crash finds the file whole.
///
/// \throws std::runtime_error  if the file cannot be written.
inline void write_json(const std::filesystem::path& file, const nlohmann::json& content) {
  const std::filesystem::path unfinished = file.string() + ".new";
  std::ofstream out(unfinished);
  out << content.dump(1) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write " + unfinished.string());
  std::filesystem::rename(unfinished, file);
}

/// The verdicts of one runner.
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
      entry = {{"channel", channel},
               {"kind", kind},
               {"check", c.check},
               {"claim", c.claim},
               {"verdict", to_string(c.verdict)},
               {"detail", c.detail},
               {"reproduce", c.reproduce},
               {"scenario", c.scenario},
               {"executions", c.executions},
               {"seconds", c.seconds},
               {"seed", seed}};
      if (!c.space) continue;
      entry["space"] = {
          {"scenarios", c.space->scenarios}, {"exhausted", c.space->exhausted}, {"of", c.space->of},
          {"bound", c.space->bound},         {"shard", c.space->shard},         {"repeated", c.space->repeated}};
    }
    write_json(file, list);
  }
};

}  // namespace sluice::harness
