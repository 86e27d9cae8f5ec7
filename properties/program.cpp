#include <properties/crash.hpp>
#include <properties/program.hpp>

#include <harness/child.hpp>
#include <harness/counting_new.hpp>
#include <harness/failure.hpp>
#include <harness/generate.hpp>
#include <harness/kernel.hpp>
#include <harness/results.hpp>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace sluice::properties {
namespace {

constexpr const char* ended_inside = "the process ended in this check";

class program {
public:
  program(const subject_description& channel, std::string path) : channel_(channel), path_(std::move(path)) {
    report_.channel = channel.name;
    report_.kind = "property";
  }

  int main(int argc, char** argv) {
    CLI::App app("Property tests of the channel '" + report_.channel + "' on real threads.");
    std::vector<std::string> wanted;
    std::vector<std::string> unwanted;
    std::string text;
    std::string shrinking;
    std::int64_t patience = options_.patience.count();
    bool list = false;
    app.add_option("--check", wanted, "only these properties");
    app.add_option("--except", unwanted, "all but these properties");
    app.add_option("--seed", options_.seed, "what random inputs grow from")->capture_default_str();
    app.add_option("--executions", options_.executions, "random inputs for each property, or runs of the program")
        ->capture_default_str();
    app.add_option("--patience", patience, "seconds without progress that count as a hang")->capture_default_str();
    app.add_option("--program", text,
                   "run this program, as `capacity 1: send | recv recv`, in place of the properties");
    app.add_option("--json", json_, "write verdicts to this file");
    app.add_option("--failures", failures_, "write programs that fail to files in this folder");
    app.add_flag("--list", list, "name the properties and stop");
    app.add_option("--shrink", shrinking)->group("");  // how a crash goes on: see crash.hpp
    try {
      app.parse(argc, argv);
      options_.patience = std::chrono::seconds(patience);
      report_.seed = options_.seed;
      if (!shrinking.empty()) return shrink_after_crash(harness::parse_program(shrinking), wanted.at(0));
      if (!text.empty()) return replay(harness::parse_program(text));
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
      std::cerr << error.what() << "\n";
      return 2;
    }

    std::vector<std::string> all_named = wanted;
    all_named.insert(all_named.end(), unwanted.begin(), unwanted.end());
    for (const auto& name : all_named) {
      if (std::ranges::find(channel_.properties, name, &applied_property::name) == channel_.properties.end()) {
        std::cerr << "`" << name << "` is no property; --list names them\n";
        return 2;
      }
    }
    if (list) {
      for (const auto& p : channel_.properties) std::cout << p.name << "\n";
      return 0;
    }
    const auto named = [](const auto& names, std::string_view name) {
      return std::ranges::find(names, name) != names.end();
    };
    for (const auto& p : channel_.properties) {
      if ((wanted.empty() || named(wanted, p.name)) && !named(unwanted, p.name)) add(p);
    }
    harness::watchdog dog(options_.patience, [this](const std::string& account) { hung(account); });
    dog_ = &dog;
    int quiet = 1;
    testing::InitGoogleTest(&quiet, argv);
    const int code = RUN_ALL_TESTS() == 0 ? 0 : 1;
    write();
    return code;
  }

private:
  void add(const applied_property& p) {
    if (p.not_applicable) {
      auto& result = begin(p);
      result.verdict = "not_applicable";
      result.detail = p.not_applicable;
      std::cout << p.name << ": not applicable, " << p.not_applicable << std::endl;
      return;
    }
    struct test : testing::Test {
      test(program& o, const applied_property& p) : owner(o), property(p) {}
      void TestBody() override { owner.check_one(property); }
      program& owner;
      const applied_property& property;
    };
    testing::RegisterTest(report_.channel.c_str(), std::string(p.name).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [this, &p]() -> testing::Test* { return new test(*this, p); });
  }

  /// A check that has begun stands as failed until it has ended: a process that dies in it leaves that behind.
  harness::check_result& begin(const applied_property& p) {
    return report_.checks.emplace_back(harness::check_result{.check = std::string(p.name),
                                                             .claim = std::string(p.claim),
                                                             .verdict = "failed",
                                                             .detail = ended_inside,
                                                             .reproduce = {},
                                                             .program = {}});
  }

  void check_one(const applied_property& p) {
    auto& result = begin(p);
    result.reproduce = command_of("--check " + result.check, options_.seed, options_.executions);
    write();
    const auto start = std::chrono::steady_clock::now();
    run r(options_, *dog_);
    running_ = &r;
    crash::succeeded_by(
        {harness::this_program(), "--check", result.check, "--seed", std::to_string(options_.seed), "--executions",
         std::to_string(options_.executions), "--patience", std::to_string(options_.patience.count()), "--json", json_,
         "--failures", failures_, "--shrink"},
        now_running);
    try {
      p.check(r);
    } catch (const std::exception& error) {
      r.fail(std::string("unexpected exception: ") + error.what());
    } catch (...) {
      // RapidCheck's assertions, where they stand outside its inputs.
      r.fail("an assertion failed before the first input");
    }
    dog_->watch_over_main(nullptr);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.executions = r.executions();
    result.detail = r.failure();
    if (r.program() && r.program()->spinning) {
      // A thread that spins for ever would be in the way of all that follows.
      result.detail = "somebody went round in circles";
      write();
      crash::begin_anew();
    }
    crash::alone();
    if (result.detail.empty()) {
      result.verdict = r.skipped().empty() ? "passed" : "not_applicable";
      result.detail = r.skipped();
      result.reproduce.clear();
    } else {
      if (r.program()) shrink(r.program()->program, r.program()->seed, result);
      announce(result);
      ADD_FAILURE() << result.check << ": see above";
    }
    write();
  }

  std::string command_of(const std::string& what, std::uint64_t seed, std::uint64_t executions) const {
    return path_ + " " + what + " --seed " + std::to_string(seed) + " --executions " + std::to_string(executions);
  }

  /// Runs one program until it fails.
  int replay(const harness::program& p) {
    if (options_.executions == 0) {
      std::cerr << "`--executions 0` would run nothing; give 1 or more\n";
      return 2;
    }
    if (!promised(p)) {
      std::cerr << "`" << to_string(p) << "` asks for what the channel `" << report_.channel << "` does not promise\n";
      return 2;
    }
    auto& result =
        begin({.name = "program", .claim = "One order of the operations explains what every execution saw."});
    result.program = to_string(p);
    write();
    // A crash of one that shares a processor would leave its successor there.
    harness::kernel::stay_on(std::nullopt);
    harness::watchdog dog(4 * options_.patience,
                          [](const std::string& account) { std::cout << account << std::flush; });
    harness::worker main("main thread");
    const auto examine = channel_.examiner(options_.patience);
    draws draw(options_.seed);
    std::optional<failing_program> found;
    while (!found && result.executions < options_.executions) {
      ++result.executions;
      dog.watch_over_main(&main);
      // The first execution has the seed itself, so that one failure can be had again.
      found = examine(p, result.executions == 1 ? options_.seed : draw.next());
    }
    result.verdict = found ? "failed" : "passed";
    result.detail = found ? found->account : "";
    write();
    if (found) {
      std::cout << "FAILED " << report_.channel << " in execution " << result.executions << "\n" << found->account;
    } else {
      std::cout << report_.channel << ": " << result.executions << " executions, all explained\n";
    }
    std::cout.flush();
    // Threads that are stuck in the channel are not waited for.
    if (found) std::_Exit(1);
    return 0;
  }

  int shrink_after_crash(const harness::program& p, const std::string& check) {
    recall();
    if (report_.checks.empty() || report_.checks.back().check != check) {
      const auto property = std::ranges::find(channel_.properties, check, &applied_property::name);
      if (property == channel_.properties.end()) throw std::invalid_argument("`" + check + "` is no property");
      begin(*property);
    }
    auto& result = report_.checks.back();
    result.reproduce = command_of("--check " + check, options_.seed, options_.executions);
    if (result.detail == ended_inside) result.detail = "it crashed";
    result.detail += " in\n" + to_string(p) + "\n";
    shrink(p, options_.seed, result);
    announce(result);
    write();
    return 1;
  }

  /// Takes over the verdicts of the process before this one.
  void recall() {
    if (!std::filesystem::exists(json_)) return;
    std::ifstream in(json_);
    for (const auto& c : nlohmann::json::parse(in)) {
      report_.checks.push_back({.check = c["check"],
                                .claim = c["claim"],
                                .verdict = c["verdict"],
                                .detail = c["detail"],
                                .reproduce = c["reproduce"],
                                .program = c["program"],
                                .executions = c["executions"],
                                .seconds = c["seconds"]});
    }
  }

  /// What a child process saw of a program. One that was too slow, or could not run it, saw nothing.
  struct trial {
    bool failed = false;
    std::uint64_t executions = 0;
    std::string account;
  };

  trial try_in_child(const harness::program& p, std::uint64_t executions, std::uint64_t seed) const {
    const auto file = std::filesystem::temp_directory_path() / ("sluice-shrink-" + std::to_string(getpid()) + ".json");
    std::filesystem::remove(file);
    const int code = harness::run_child(
        {harness::this_program(), "--program", to_string(p), "--executions", std::to_string(executions), "--seed",
         std::to_string(seed), "--patience", "3", "--json", file.string()},
        std::chrono::seconds(20));
    trial t{.failed = code == 1 || code > 128, .executions = executions, .account = {}};
    if (std::ifstream in(file); in) {
      const auto checks = nlohmann::json::parse(in, nullptr, false);
      if (checks.is_array() && !checks.empty() && checks[0].is_object()) {
        t.executions = checks[0].value("executions", executions);
        t.account = checks[0].value("detail", "");
      }
    }
    if (code > 128) t.account = "it crashed (signal " + std::to_string(code - 128) + ") in\n" + to_string(p) + "\n";
    std::filesystem::remove(file);
    return t;
  }

  /// Makes a failing program as small as may be, in processes of their own, and tells of the smallest.
  void shrink(const harness::program& p, std::uint64_t seed, harness::check_result& result) {
    constexpr auto effort = std::chrono::seconds(25);
    draws draw(seed);
    harness::trust often(400, 20'000);
    std::string account;
    const auto attempt = [&](const harness::program& candidate, std::uint64_t tries) -> std::optional<std::uint64_t> {
      if (!promised(candidate)) return std::nullopt;
      const std::uint64_t with = draw.next();
      const trial t = try_in_child(candidate, tries, with);
      if (!t.failed) return std::nullopt;
      seed = with;
      if (result.executions == 0) result.executions = std::max<std::uint64_t>(1, t.executions);
      if (!t.account.empty()) account = t.account;
      return t.executions;
    };
    result.program = to_string(harness::shrink(p, often, attempt, effort));
    if (!account.empty()) {
      result.detail = account;
      result.reproduce = command_of("--program '" + result.program + "'", seed, often.tries());
    }
    harness::save_failure(failures_, report_.channel, report_.kind, result, seed, often.tries());
  }

  bool promised(const harness::program& p) const {
    return harness::within(channel_.traits, p) && channel_.traits.accepts(p.capacity);
  }

  void announce(const harness::check_result& result) const {
    std::cout << "FAILED " << report_.channel << " property " << result.check << ": " << result.claim << "\n"
              << result.detail << "\nreproduce: " << result.reproduce << std::endl;
  }

  void hung(const std::string& account) {
    auto& result = report_.checks.back();
    result.detail = account;
    result.executions = running_->executions();
    announce(result);
    write();
    std::cout << "a hang ends the program; the others run with --except " << result.check << std::endl;
  }

  void write() const {
    if (!json_.empty()) report_.write(json_);
  }

  const subject_description& channel_;
  std::string path_;
  options options_;
  harness::check_report report_;
  std::string json_;
  std::string failures_;
  harness::watchdog* dog_ = nullptr;
  const run* running_ = nullptr;
};

}  // namespace

int run_program(const subject_description& channel, int argc, char** argv) {
  return program(channel, argv[0]).main(argc, argv);
}

}  // namespace sluice::properties
