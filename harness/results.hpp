#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::harness {

/// The verdict of one check on one channel, as it stands in results/*.json (results/schema.json: check).
struct check_result {
  std::string check;
  std::string claim;      ///< what was claimed, in one sentence
  std::string verdict;    ///< passed, failed or not_applicable
  std::string detail;     ///< of a failure: what was seen; of not_applicable: why
  std::string reproduce;  ///< of a failure: the command that shows it again
  std::string program;    ///< of a failure: the smallest program found that shows it, where it is about programs
  std::uint64_t executions = 0;
  double seconds = 0;
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
      list.push_back({{"channel", channel},
                      {"kind", kind},
                      {"check", c.check},
                      {"claim", c.claim},
                      {"verdict", c.verdict},
                      {"detail", c.detail},
                      {"reproduce", c.reproduce},
                      {"program", c.program},
                      {"executions", c.executions},
                      {"seconds", c.seconds},
                      {"seed", seed}});
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
