#include <harness/bench/probe.hpp>
#include <harness/bench/run_benchmarks.hpp>
#include <harness/runner.hpp>
#ifdef SLUICE_SLOWED
#include <harness/bench/slowed.hpp>
#endif

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {
namespace {

class benchmark_runner {
public:
  benchmark_runner(std::string channel, std::vector<named_workload> (*workloads_of)(const options&))
      : channel_(std::move(channel)), workloads_of_(workloads_of) {}

  int main(int argc, char** argv) {
    harness::command_line line("Throughput and latency of the channel '" + channel_ + "', by Google Benchmark.");
    CLI::App& app = line.app();
    std::string only = ".*";
    std::string out;
    bool no_pin = false;
    bool smoke = false;
    bool list = false;
    bool probe_only = false;
    bool no_probe = false;
    app.add_option("--filter", only, "a regular expression: only benchmarks that match")->capture_default_str();
    app.add_option("--messages", options_.messages, "messages of one run; a tenth for capacities 0 and 1")
        ->check(CLI::Range(1000, 1000000000))
        ->capture_default_str();
    app.add_option("--threads", options_.threads, "T, for shapes with many threads on a side")
        ->check(CLI::Range(1, 256))
        ->delimiter(',');
    line.add_json(out, "Google Benchmark's JSON");
    app.add_flag("--no-pin", no_pin, "do not pin threads to processors");
    app.add_flag("--smoke", smoke, "few messages: only that every workload runs and its sums are right");
    app.add_flag("--probe", probe_only, "print the state of the machine as JSON and exit");
    app.add_flag("--no-probe", no_probe, "do not probe the machine before and after each run: for tools that count");
    line.add_list(list, "benchmarks");
#ifdef SLUICE_SLOWED
    double slowdown = 0;
    app.add_option("--slowdown", slowdown, "nanoseconds that each send computes in addition")
        ->check(CLI::Range(0.0, 1e6));
#endif
    return line.run(argc, argv, [&] {
      options_.pinned = !no_pin;
      probes_ = !no_probe;
#ifdef SLUICE_SLOWED
      added_work::set(slowdown);
#endif
      if (probe_only) {
        const machine_state now = probe();
        std::cout << "{\"round_trip_ns\": " << now.round_trip_ns << ", \"pause_ns\": " << now.pause_ns << "}\n";
        return harness::exit_code::passed;
      }
      if (smoke) options_.messages = 10000;
      return run(argv[0], only, out, list);
    });
  }

private:
  harness::exit_code run(const char* path, const std::string& only, const std::string& out, bool list) {
    std::vector<std::string> words{path, "--benchmark_filter=" + only};
    if (!out.empty()) words.insert(words.end(), {"--benchmark_out=" + out, "--benchmark_out_format=json"});
    if (list) words.push_back("--benchmark_list_tests=true");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    int count = static_cast<int>(arguments.size());
    benchmark::AddCustomContext("channel", channel_);
    benchmark::AddCustomContext("pinned", options_.pinned ? "yes" : "no");
    benchmark::AddCustomContext("compiler", compiler());
    for (const named_workload& w : workloads_of_(options_)) {
      benchmark::RegisterBenchmark(w.name.c_str(), [=, this](benchmark::State& state) { measure(state, w.run); })
          ->Iterations(1)
          ->UseManualTime();
    }
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::RunSpecifiedBenchmarks() == 0) {
      throw std::invalid_argument("no benchmark of " + channel_ + " matches `" + only + "`; --list names them");
    }
    benchmark::Shutdown();
    return failed_ ? harness::exit_code::failed : harness::exit_code::passed;
  }

  static std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
  }

  void measure(benchmark::State& state, const std::function<sample()>& workload) {
    for (auto _ : state) {
      try {
        const machine_state before = probes_ ? probe() : machine_state();
        const sample s = workload();
        const machine_state after = probes_ ? probe() : machine_state();
        const double elapsed = std::chrono::duration<double, std::nano>(s.elapsed).count();
        const auto count = static_cast<double>(s.messages);
        state.SetIterationTime(elapsed / 1e9);
        state.counters["messages"] = count;
        state.counters["ns_per_message"] = elapsed / count;
        state.counters["cpu_ns_per_message"] = s.cpu_seconds * 1e9 / count;
        state.counters["switches_per_message"] = static_cast<double>(s.context_switches) / count;
        for (const auto& [name, value] : s.counters) state.counters[name] = value;
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
  std::vector<named_workload> (*workloads_of_)(const options&);
  options options_;
  bool probes_ = true;
  bool failed_ = false;
};

}  // namespace

int run_benchmarks(std::string channel, std::vector<named_workload> (*workloads_of)(const options&), int argc,
                   char** argv) {
  return benchmark_runner(std::move(channel), workloads_of).main(argc, argv);
}

}  // namespace sluice::bench
