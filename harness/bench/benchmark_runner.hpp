#pragma once

#include <harness/bench/latencies.hpp>
#include <harness/bench/lifecycle.hpp>
#include <harness/bench/messages.hpp>
#include <harness/bench/probe.hpp>
#include <harness/bench/selects.hpp>
#include <harness/bench/streams.hpp>
#include <harness/runner.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The benchmark runner of one channel.
///
/// A benchmark's name is shape/capacity/threads, for example `mpmc/128/4`: with T threads, `mpsc` has T producers and
/// one consumer, `mpmc` T of each. Each has one iteration, timed by the workload itself, so that a sample is a process.
namespace sluice::bench {

struct options {
  std::uint64_t messages = 1000000;
  std::vector<std::size_t> threads{4};
  bool pinned = true;
};

class benchmark_runner {
public:
  explicit benchmark_runner(std::string channel) : channel_(std::move(channel)) {}

  /// \returns  the process's exit code; failed if a workload lost messages.
  template <class Subject>
  int main(int argc, char** argv) {
    harness::command_line line("Throughput and latency of the channel '" + channel_ + "', by Google Benchmark.");
    CLI::App& app = line.app();
    std::string only = ".*";
    std::string out;
    bool no_pin = false;
    bool smoke = false;
    bool list = false;
    bool probe_only = false;
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
    line.add_list(list, "benchmarks");
    return line.run(argc, argv, [&] {
      options_.pinned = !no_pin;
      if (probe_only) {
        const machine_state now = probe();
        std::cout << "{\"round_trip_ns\": " << now.round_trip_ns << ", \"pause_ns\": " << now.pause_ns << "}\n";
        return harness::exit_code::passed;
      }
      if (smoke) options_.messages = 10000;
      register_all<Subject>();
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

  struct column {
    std::string name;
    capacity room;
    std::uint64_t messages;
  };

  /// Those of the capacities 0, 1, 128, n (the number of messages) and unbounded that the channel accepts.
  template <class Subject>
  std::vector<column> columns() const {
    const std::uint64_t n = options_.messages;
    std::vector<column> kept;
    for (column c : {column{"0", 0, n / 10}, {"1", 1, n / 10}, {"128", 128, n}, {"n", n, n}, {"unbounded", {}, n}}) {
      // A channel that holds more than requested would not do the same work.
      const bool small = c.room && *c.room < 2;
      if (Subject::traits.accepts(c.room) && (Subject::traits.exact_capacity || !small)) kept.push_back(std::move(c));
    }
    return kept;
  }

  template <class Subject>
  void register_all() {
    for (const column& c : columns<Subject>()) {
      if (c.name == "1" || c.name == "unbounded") {
        add("create/" + c.name + "/1", [=, n = options_.messages / 10] { return create<Subject>(c.room, n); });
      }
      if constexpr (!requires { typename Subject::single_use; }) add_all<Subject>(c);
    }
  }

  template <class Subject>
  void add_all(const column& c) {
    if (c.room != 0) add("seq/" + c.name + "/1", [=] { return seq<Subject>(c.room, c.messages); });
    add_stream<Subject, std::uint64_t>("spsc/" + c.name + "/1", c, 1, 1);
    for (const std::size_t threads : options_.threads) add_many_threaded<Subject>(c, threads);
    if (c.name == "128" || c.name == "unbounded") add_messages<Subject>(c);
    if (c.name == "0" || c.name == "1" || c.name == "unbounded") {
      add("ping_pong/" + c.name + "/1",
          [=, this] { return ping_pong<Subject>(c.room, options_.messages / 20, options_.pinned); });
    }
    if (c.name == "1") {
      add("idle_ping_pong/1/1", [=, this] {
        return ping_pong<Subject>(c.room, options_.messages / 1000, options_.pinned, std::chrono::microseconds(200));
      });
    }
    if (c.name == "unbounded" || (c.name == "n" && !Subject::traits.unbounded)) add_open_loops<Subject>(c);
    if (c.name == "unbounded") add("memory/unbounded/1", [=] { return memory<Subject>(c.room); });
  }

  template <class Subject, class Message>
  void add_stream(const std::string& name, const column& c, std::size_t producers, std::size_t consumers) {
    add(name,
        [=, this] { return stream<Subject, Message>(c.room, c.messages, producers, consumers, options_.pinned); });
  }

  /// Shapes with many threads on a side.
  template <class Subject>
  void add_many_threaded(const column& c, std::size_t threads) {
    const std::string suffix = "/" + c.name + "/" + std::to_string(threads);
    constexpr bool selects = selectable_core<typename Subject::template sender<std::uint64_t>::core_type>;
    if constexpr (selects) {
      add("select_rx" + suffix, [=, this] { return select_rx<Subject>(c.room, c.messages, threads, options_.pinned); });
    }
    if constexpr (Subject::traits.producers == cardinality::many) {
      add_stream<Subject, std::uint64_t>("mpsc" + suffix, c, threads, 1);
      if (c.name == "128") {
        add("shares" + suffix, [=, this] { return shares<Subject>(c.room, c.messages, threads, options_.pinned); });
      }
      if constexpr (Subject::traits.consumers == cardinality::many) {
        add_stream<Subject, std::uint64_t>("mpmc" + suffix, c, threads, threads);
        if constexpr (selects) {
          add("select_both" + suffix,
              [=, this] { return select_both<Subject>(c.room, c.messages, threads, options_.pinned); });
        }
      }
    }
  }

  /// Larger messages, and messages that own memory.
  template <class Subject>
  void add_messages(const column& c) {
    column fewer = c;
    fewer.messages = c.messages / 10;
    add_stream<Subject, padded<64>>("spsc_64b/" + c.name + "/1", c, 1, 1);
    add_stream<Subject, padded<4096>>("spsc_4k/" + c.name + "/1", fewer, 1, 1);
    add_stream<Subject, boxed>("spsc_boxed/" + c.name + "/1", c, 1, 1);
  }

  template <class Subject>
  void add_open_loops(const column& c) {
    struct load {
      const char* name;
      std::uint64_t rate;
    };
    for (const load& l : {load{"10k", 10'000}, {"100k", 100'000}, {"1m", 1'000'000}}) {
      add("open_loop_" + std::string(l.name) + "/" + c.name + "/1", [=, this] {
        return open_loop<Subject>(c.room, l.rate, std::chrono::microseconds(options_.messages / 2), options_.pinned);
      });
    }
    add("busy_loop_100k/" + c.name + "/1", [=, this] {
      return open_loop<Subject>(c.room, 100'000, std::chrono::microseconds(options_.messages / 2), options_.pinned,
                                true);
    });
  }

  template <class Workload>
  void add(const std::string& name, Workload workload) {
    benchmark::RegisterBenchmark(name.c_str(), [=, this](benchmark::State& state) { measure(state, workload); })
        ->Iterations(1)
        ->UseManualTime();
  }

  template <class Workload>
  void measure(benchmark::State& state, Workload workload) {
    for (auto _ : state) {
      try {
        const machine_state before = probe();
        const sample s = workload();
        const machine_state after = probe();
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
  options options_;
  bool failed_ = false;
};

}  // namespace sluice::bench
