#pragma once

#include <properties/soak.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::properties {

/// A soak's phases in a file, one line of JSON each, from which it goes on.
class soak_log {
public:
  /// \param file  empty: nothing is kept.
  /// \throws std::invalid_argument  if the file is of another channel or seed, or no log.
  soak_log(std::string file, std::string channel, std::uint64_t seed)
      : file_(std::move(file)), channel_(std::move(channel)), seed_(seed) {
    if (!file_.empty() && std::filesystem::exists(file_)) recall();
  }

  std::uint64_t next_phase() const noexcept { return next_phase_; }
  std::uint64_t messages() const noexcept { return messages_; }
  std::chrono::nanoseconds longest_wait() const noexcept { return longest_wait_; }

  void add(const soak_phase& p, const soak_outcome& found) {
    next_phase_ = p.number + 1;
    messages_ += p.messages;
    longest_wait_ = std::max(longest_wait_, found.longest_wait);
    if (file_.empty()) return;
    const nlohmann::ordered_json line{{"channel", channel_},
                                      {"seed", seed_},
                                      {"phase", p.number},
                                      {"capacity", harness::to_string(p.capacity)},
                                      {"producers", p.producers},
                                      {"consumers", p.consumers},
                                      {"bursts", p.bursts},
                                      {"signals", p.signals},
                                      {"low_priority", p.low_priority},
                                      {"failing_allocations", p.failing_allocations},
                                      {"messages", p.messages},
                                      {"total", messages_},
                                      {"seconds", std::chrono::duration<double>(found.elapsed).count()},
                                      {"longest_wait_ns", found.longest_wait.count()},
                                      {"resident_bytes", resident_bytes()},
                                      {"violation", found.violation}};
    std::ofstream out(file_, std::ios::app);
    out << line.dump() << "\n";
    if (!out.flush()) throw std::runtime_error(file_ + " cannot be written");
  }

private:
  [[noreturn]] void refuse() const {
    throw std::invalid_argument(file_ + " is no log of a soak of `" + channel_ + "` with seed " +
                                std::to_string(seed_) + ": name another file, or remove it");
  }

  void recall() {
    std::ifstream in(file_);
    std::uintmax_t whole = 0;
    const std::string beginning = nlohmann::ordered_json{{"channel", channel_}, {"seed", seed_}}.dump();
    for (std::string text; std::getline(in, text);) {
      // Each line begins with both. Half of one may be shorter.
      const std::string_view same = std::string_view(beginning).substr(0, beginning.size() - 1);
      const bool half = in.eof();
      if (!text.starts_with(same.substr(0, half ? text.size() : same.size()))) refuse();
      if (half) break;
      try {
        const auto line = nlohmann::json::parse(text);
        if (line.at("violation") != "") {
          throw std::invalid_argument(file_ + " ends with a violation: remove it to begin anew");
        }
        next_phase_ = line.at("phase").get<std::uint64_t>() + 1;
        messages_ = line.at("total").get<std::uint64_t>();
        longest_wait_ =
            std::max(longest_wait_, std::chrono::nanoseconds(line.at("longest_wait_ns").get<std::int64_t>()));
      } catch (const nlohmann::json::exception&) {
        refuse();
      }
      whole += text.size() + 1;
    }
    in.close();
    // A process that was killed may leave half of a line: that phase is run again.
    std::filesystem::resize_file(file_, whole);
  }

  const std::string file_;
  const std::string channel_;
  const std::uint64_t seed_;
  std::uint64_t next_phase_ = 0;
  std::uint64_t messages_ = 0;
  std::chrono::nanoseconds longest_wait_{0};
};

}  // namespace sluice::properties
