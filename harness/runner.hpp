#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The command line that all runners share: property, model, contract and benchmark runners, and the litmus tests.
namespace sluice::harness {

/// What a runner's process exits with.
enum class exit_code { passed = 0, failed = 1, usage = 2 };

/// A command line with the options that runners have in common, each added where the runner has it.
class command_line {
public:
  explicit command_line(const std::string& description) : app_(description) {}

  CLI::App& app() noexcept { return app_; }

  void add_checks(std::vector<std::string>& names, const std::string& what) {
    app_.add_option("--check", names, "only these " + what);
  }
  void add_seed(std::uint64_t& seed, const std::string& what) {
    app_.add_option("--seed", seed, what)->capture_default_str();
  }
  template <class Count>
  void add_executions(Count& count, const std::string& what) {
    app_.add_option("--executions", count, what)
        ->check([](const std::string& text) {
          return text == "0" ? "0 executions would check nothing; give 1 or more" : "";
        })
        ->capture_default_str();
  }
  void add_hang_timeout(std::int64_t& seconds) {
    app_.add_option("--hang-timeout", seconds, "seconds without progress that count as a hang")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
  }
  void add_json(std::string& file, const std::string& what = "verdicts") {
    app_.add_option("--json", file, "write " + what + " to this file");
  }
  void add_failures(std::string& folder) {
    app_.add_option("--failures", folder, "write each failing scenario to a file in this folder");
  }
  void add_first_failure(bool& ends) {
    app_.add_flag("--first-failure", ends, "end at the first failure, and do not shrink it");
  }
  void add_list(bool& list, const std::string& what) {
    app_.add_flag("--list", list, "name the " + what + " and exit");
  }

  /// Parses the arguments, then runs the body. \returns  the process's exit code.
  ///
  /// \param body  returns an exit_code; a std::invalid_argument that it throws is wrong usage, and names the argument.
  template <class Body>
  int run(int argc, char** argv, Body body) {
    try {
      app_.parse(argc, argv);
      return static_cast<int>(body());
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? static_cast<int>(exit_code::passed) : static_cast<int>(exit_code::usage);
    } catch (const std::invalid_argument& error) {
      std::cerr << error.what() << "\n";
    } catch (const std::runtime_error& error) {
      std::cerr << error.what() << "\n";
    }
    return static_cast<int>(exit_code::usage);
  }

private:
  CLI::App app_;
};

}  // namespace sluice::harness
