#pragma once

#include <properties/capacity.hpp>
#include <properties/disconnect.hpp>
#include <properties/lifetime.hpp>
#include <properties/property.hpp>
#include <properties/spec_conformance.hpp>
#include <properties/streams.hpp>
#include <properties/waiting.hpp>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

/// The property program of one channel.
namespace sluice::properties {

/// A list of properties, applied to one subject.
template <template <class> class... Properties>
struct family {};

/// Every property there is. A new one is added here and nowhere else.
using every_property = family<sequential, linearizable, conservation, producer_order, global_order, exact_capacity,
                              never_over_capacity, senders_gone, senders_gone_wakes, receivers_gone,
                              receivers_gone_wakes, lifetime, receiver_wakes, sender_wakes, deadlines, waits_asleep>;

class program {
public:
  program(std::string channel, std::string path) : path_(std::move(path)) {
    report_.channel = std::move(channel);
    report_.kind = "property";
  }

  /// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
  template <class Subject>
  int main(int argc, char** argv) {
    CLI::App app("Property tests of the channel '" + report_.channel + "' on real threads.");
    std::vector<std::string> wanted;
    std::string json;
    int patience = 30;
    bool list = false;
    app.add_option("--check", wanted, "only these properties");
    app.add_option("--seed", options_.seed, "what random inputs grow from")->capture_default_str();
    app.add_option("--executions", options_.executions, "random inputs for each property")->capture_default_str();
    app.add_option("--patience", patience, "seconds without progress that count as a hang")->capture_default_str();
    app.add_option("--json", json, "write verdicts to this file");
    app.add_flag("--list", list, "name the properties and stop");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    json_ = json;
    report_.seed = options_.seed;

    gather<Subject>(every_property{}, wanted);
    for (const auto& name : wanted) {
      if (std::ranges::find(known_, name) == known_.end()) {
        std::cerr << "`" << name << "` is no property; --list names them\n";
        return 2;
      }
    }
    if (list) {
      for (const auto& name : known_) std::cout << name << "\n";
      return 0;
    }
    harness::watchdog dog(std::chrono::seconds(patience), [this](const std::string& account) { hung(account); });
    dog_ = &dog;
    int quiet = 1;
    testing::InitGoogleTest(&quiet, argv);
    const int code = RUN_ALL_TESTS() == 0 ? 0 : 1;
    write();
    return code;
  }

private:
  template <class Subject, template <class> class... Properties>
  void gather(family<Properties...>, const std::vector<std::string>& wanted) {
    (add<Properties<Subject>>(Subject::traits, wanted), ...);
  }

  template <class Property>
  void add(const core_traits& traits, const std::vector<std::string>& wanted) {
    const std::string name(Property::name);
    known_.push_back(name);
    if (!wanted.empty() && std::ranges::find(wanted, name) == wanted.end()) return;
    if (const char* reason = Property::not_applicable(traits)) {
      report_.checks.push_back({.check = name,
                                .claim = std::string(Property::claim),
                                .verdict = "not_applicable",
                                .detail = reason,
                                .reproduce = {}});
      return;
    }
    struct test : testing::Test {
      explicit test(program& p) : owner(p) {}
      void TestBody() override { owner.check_one<Property>(); }
      program& owner;
    };
    testing::RegisterTest(report_.channel.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [this]() -> testing::Test* { return new test(*this); });
  }

  template <class Property>
  void check_one() {
    auto& result = report_.checks.emplace_back();
    result.check = Property::name;
    result.claim = Property::claim;
    result.verdict = "failed";
    result.reproduce = path_ + " --check " + result.check + " --seed " + std::to_string(options_.seed) +
                       " --executions " + std::to_string(options_.executions);
    const auto start = std::chrono::steady_clock::now();
    run r(options_, *dog_);
    running_ = &r;
    try {
      Property::check(r);
    } catch (const std::exception& error) {
      r.fail(std::string("unexpected exception: ") + error.what());
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.executions = r.executions();
    result.detail = r.failure();
    if (result.detail.empty()) {
      result.verdict = "passed";
      result.reproduce.clear();
    } else {
      announce(result);
    }
  }

  void announce(const harness::check_result& result) const {
    std::cout << "FAILED " << report_.channel << " property " << result.check << ": " << result.claim
              << "\nreproduce: " << result.reproduce << std::endl;
  }

  void hung(const std::string& account) {
    auto& result = report_.checks.back();
    result.detail = account;
    result.executions = running_->executions();
    std::cout << account;
    announce(result);
    write();
    std::cout.flush();
  }

  void write() const {
    if (!json_.empty()) report_.write(json_);
  }

  std::string path_;
  options options_;
  harness::check_report report_;
  std::filesystem::path json_;
  std::vector<std::string> known_;
  harness::watchdog* dog_ = nullptr;
  const run* running_ = nullptr;
};

}  // namespace sluice::properties
