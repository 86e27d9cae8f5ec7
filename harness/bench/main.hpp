#pragma once

#include <harness/bench/workloads.hpp>

#include <benchmark/benchmark.h>
#include <CLI/CLI.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The benchmark program of one channel.
///
/// A benchmark's name is shape/capacity/threads, for example `mpmc/128/4`: with T threads, `mpsc` has T producers and
/// one consumer, `mpmc` T of each. Each has one iteration, timed by the workload itself, so that a sample is a process.
namespace sluice::bench {

struct options {
  std::uint64_t messages = 1000000;
  std::vector<std::size_t> threads{4};
  bool pinned = true;
};

class program {
public:
  program(std::string channel, std::string) : channel_(std::move(channel)) {}

  /// \returns  the process's exit code: 0 done, 1 a workload lost messages, 2 wrong usage.
  template <class Subject>
  int main(int argc, char** argv) {
    CLI::App app("Throughput and latency of the channel '" + channel_ + "', by Google Benchmark.");
    std::string only = ".*";
    std::string out;
    bool free = false;
    bool smoke = false;
    bool list = false;
    app.add_option("--filter", only, "a regular expression: only benchmarks that match")->capture_default_str();
    app.add_option("--messages", options_.messages, "messages of one run; a tenth for capacities 0 and 1")
        ->check(CLI::Range(1000, 1000000000))
        ->capture_default_str();
    app.add_option("--threads", options_.threads, "T, for shapes with many threads on a side")
        ->check(CLI::Range(1, 256))
        ->delimiter(',');
    app.add_option("--json", out, "write Google Benchmark's JSON to this file");
    app.add_flag("--free", free, "do not pin threads to processors");
    app.add_flag("--smoke", smoke, "few messages: only that every workload runs and its sums are right");
    app.add_flag("--list", list, "name the benchmarks and stop");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    options_.pinned = !free;
    if (smoke) options_.messages = 10000;
    register_all<Subject>();

    std::vector<std::string> words{argv[0], "--benchmark_filter=" + only};
    if (!out.empty()) words.insert(words.end(), {"--benchmark_out=" + out, "--benchmark_out_format=json"});
    if (list) words.push_back("--benchmark_list_tests=true");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    int count = static_cast<int>(arguments.size());
    benchmark::AddCustomContext("channel", channel_);
    benchmark::AddCustomContext("pinned", options_.pinned ? "yes" : "no");
    benchmark::AddCustomContext("compiler", compiler());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::RunSpecifiedBenchmarks() == 0) {
      std::cerr << "no benchmark of " << channel_ << " matches `" << only << "`; --list names them\n";
      return 2;
    }
    benchmark::Shutdown();
    return failed_ ? 1 : 0;
  }

private:
  static std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
  }

  /// Capacities 0, 1, 128, n (as many as there are messages) and unbounded, as far as the channel can have them.
  template <class Subject>
  void register_all() {
    struct column {
      std::string name;
      std::optional<std::size_t> capacity;
    };
    const std::array<column, 5> columns{
        column{"0", 0}, {"1", 1}, {"128", 128}, {"n", options_.messages}, {"unbounded", std::nullopt},
    };
    for (const auto& [name, capacity] : columns) {
      if (!Subject::traits.accepts(capacity)) continue;
      const bool slow = capacity && *capacity < 2;
      const std::uint64_t messages = slow ? options_.messages / 10 : options_.messages;
      if (capacity != 0) {
        add("seq/" + name + "/1", messages, [=] { return seq<Subject>(capacity, messages); });
      }
      add_stream<Subject>("spsc/" + name + "/1", capacity, messages, 1, 1);
      for (std::size_t threads : options_.threads) {
        const std::string suffix = name + "/" + std::to_string(threads);
        if constexpr (Subject::traits.producers == cardinality::many) {
          add_stream<Subject>("mpsc/" + suffix, capacity, messages, threads, 1);
          if constexpr (Subject::traits.consumers == cardinality::many) {
            add_stream<Subject>("mpmc/" + suffix, capacity, messages, threads, threads);
          }
        }
      }
      if (name == "0" || name == "1" || name == "unbounded")
        add_ping_pong<Subject>("ping_pong/" + name + "/1", capacity);
    }
  }

  template <class Subject>
  void add_stream(const std::string& name, std::optional<std::size_t> capacity, std::uint64_t messages,
                  std::size_t producers, std::size_t consumers) {
    add(name, messages,
        [=, this] { return stream<Subject>(capacity, messages, producers, consumers, options_.pinned); });
  }

  template <class Subject>
  void add_ping_pong(const std::string& name, std::optional<std::size_t> capacity) {
    const std::uint64_t messages = options_.messages / 20;
    benchmark::RegisterBenchmark(name.c_str(),
                                 [=, this](benchmark::State& state) {
                                   histogram round_trips;
                                   measure(state, messages, [&] {
                                     return ping_pong<Subject>(capacity, messages, options_.pinned, round_trips);
                                   });
                                   state.counters["p50_ns"] = round_trips.percentile(0.5);
                                   state.counters["p90_ns"] = round_trips.percentile(0.9);
                                   state.counters["p99_ns"] = round_trips.percentile(0.99);
                                   state.counters["p999_ns"] = round_trips.percentile(0.999);
                                 })
        ->Iterations(1)
        ->UseManualTime();
  }

  template <class Workload>
  void add(const std::string& name, std::uint64_t messages, Workload workload) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [=, this](benchmark::State& state) { measure(state, messages, workload); })
        ->Iterations(1)
        ->UseManualTime();
  }

  template <class Workload>
  void measure(benchmark::State& state, std::uint64_t messages, Workload workload) {
    const auto count = static_cast<double>(messages);
    for (auto _ : state) {
      try {
        const machine_state before = probe();
        const sample s = workload();
        const machine_state after = probe();
        const double nanoseconds = std::chrono::duration<double, std::nano>(s.elapsed).count();
        state.SetIterationTime(nanoseconds / 1e9);
        state.counters["messages"] = count;
        state.counters["ns_per_message"] = nanoseconds / count;
        state.counters["cpu_ns_per_message"] = s.cpu_seconds * 1e9 / count;
        state.counters["switches_per_message"] = static_cast<double>(s.context_switches) / count;
        state.counters["round_trip_before_ns"] = before.round_trip_ns;
        state.counters["round_trip_after_ns"] = after.round_trip_ns;
        state.counters["pause_before_ns"] = before.pause_ns;
        state.counters["pause_after_ns"] = after.pause_ns;
      } catch (const std::exception& error) {
        failed_ = true;
        state.SkipWithError(error.what());
      }
    }
  }

  std::string channel_;
  options options_;
  bool failed_ = false;
};

}  // namespace sluice::bench
