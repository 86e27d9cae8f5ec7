#include <harness/monitor.hpp>
#include <harness/tests/long_run.hpp>
#include <harness/thread_group.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>

#include <sys/resource.h>

/// Prints the monitor's time for histories of eight threads by their length, as JSON.
int main(int argc, char** argv) {
  using namespace sluice::harness;
  CLI::App app("Times the monitor on histories of growing length.");
  std::size_t most = 10'000'000;
  app.add_option("--most", most, "operations of the longest")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  constexpr std::size_t capacity = 64;
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t operations = 1'000; operations <= most; operations *= 10) {
    const history h = long_run(operations, capacity, 1);
    // Processor time, which other load on the machine does not affect.
    const auto start = worker::cpu_time();
    const bool accused = static_cast<bool>(monitor(h, capacity, sluice::ordering::global, 8, 8).check());
    const std::chrono::duration<double> took = worker::cpu_time() - start;
    if (accused) {
      std::cerr << "a true history of " << operations << " operations was accused\n";
      return 1;
    }
    // Lengths grow, so the maximum so far is this one's.
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    rows.push_back({{"operations", operations}, {"seconds", took.count()}, {"peak_bytes", used.ru_maxrss * 1024}});
  }
  std::cout << rows.dump(1) << "\n";
}
