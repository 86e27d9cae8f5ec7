// Relacy's header must follow every other.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <models/platform.hpp>

#include <models/depth_first.hpp>
#include <models/explore.hpp>

#include <harness/results.hpp>
#include <harness/runner.hpp>

#include <array>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>

/// Litmus tests: which weak behaviours the model checker shows. Each test asks for one outcome in every execution.
namespace sluice::models {
namespace {

using order = std::memory_order;

constexpr std::size_t most_threads = 4;

/// The variables of a litmus test, and the values read.
struct board {
  platform::atomic<int> x;
  platform::atomic<int> y;
  platform::atomic<int> z;
  std::array<int, 4> r{};
};

struct litmus {
  std::string_view name;
  std::string_view outcome;  ///< that is asked for
  bool allowed;              ///< by C++20
  bool shown;                ///< by this engine
  std::string_view meaning;  ///< for what the models claim
  std::array<void (*)(board&), most_threads> threads;
  bool (*seen)(const board&);
};

template <order Store, order Load>
constexpr std::array<void (*)(board&), most_threads> store_buffering{
    [](board& b) {
      b.x.store(1, Store);
      b.r[0] = b.y.load(Load);
    },
    [](board& b) {
      b.y.store(1, Store);
      b.r[1] = b.x.load(Load);
    },
};
constexpr void (*light_side)(board&) = [](board& b) {
  b.y.store(1, order::relaxed);
  platform::asymmetric_fence().light();
  b.r[1] = b.x.load(order::relaxed);
};
constexpr std::array<void (*)(board&), most_threads> one_heavy_fence{
    [](board& b) {
      b.x.store(1, order::relaxed);
      platform::asymmetric_fence().heavy();
      b.r[0] = b.y.load(order::relaxed);
    },
    light_side,
};
constexpr std::array<void (*)(board&), most_threads> light_fences{
    [](board& b) {
      b.x.store(1, order::relaxed);
      platform::asymmetric_fence().light();
      b.r[0] = b.y.load(order::relaxed);
    },
    light_side,
};
constexpr auto both_missed = [](const board& b) { return b.r[0] == 0 && b.r[1] == 0; };

template <order Store, order Load>
constexpr std::array<void (*)(board&), most_threads> message_passing{
    [](board& b) {
      b.x.store(1, order::relaxed);
      b.y.store(1, Store);
    },
    [](board& b) {
      b.r[0] = b.y.load(Load);
      b.r[1] = b.x.load(order::relaxed);
    },
};
constexpr auto message_missed = [](const board& b) { return b.r[0] == 1 && b.r[1] == 0; };

template <order Store, order Load>
constexpr std::array<void (*)(board&), most_threads> independent_reads{
    [](board& b) { b.x.store(1, Store); },
    [](board& b) { b.y.store(1, Store); },
    [](board& b) {
      b.r[0] = b.x.load(Load);
      b.r[1] = b.y.load(Load);
    },
    [](board& b) {
      b.r[2] = b.y.load(Load);
      b.r[3] = b.x.load(Load);
    },
};
constexpr auto disagreed = [](const board& b) { return b.r == std::array{1, 0, 1, 0}; };

constexpr std::array card{
    litmus{"store buffering, relaxed", "both loads miss the other's store", true, true,
           "a lost wake-up for want of seq_cst is found", store_buffering<order::relaxed, order::relaxed>, both_missed},
    litmus{"store buffering, release and acquire", "both loads miss the other's store", true, true,
           "release and acquire are not taken for seq_cst", store_buffering<order::release, order::acquire>,
           both_missed},
    litmus{"store buffering, seq_cst", "both loads miss the other's store", false, false,
           "a channel that is right for its seq_cst is not accused", store_buffering<order::seq_cst, order::seq_cst>,
           both_missed},
    litmus{"store buffering, one heavy fence", "both loads miss the other's store", false, false,
           "a channel that is right for the kernel's fence is not accused", one_heavy_fence, both_missed},
    litmus{"store buffering, light fences alone", "both loads miss the other's store", true, true,
           "a missing heavy fence is found; a missing light one is not, as the kernel's fence does its work",
           light_fences, both_missed},
    litmus{"message passing, relaxed", "the flag is seen, the message is not", true, true,
           "a missing release or acquire is found", message_passing<order::relaxed, order::relaxed>, message_missed},
    litmus{"message passing, relaxed load", "the flag is seen, the message is not", true, true,
           "a missing acquire is found", message_passing<order::release, order::relaxed>, message_missed},
    litmus{"message passing, release and acquire", "the flag is seen, the message is not", false, false,
           "a channel that is right for its release and acquire is not accused",
           message_passing<order::release, order::acquire>, message_missed},
    litmus{"independent reads, acquire", "two readers disagree about the order of two stores", true, true,
           "no single order of stores is guaranteed but by seq_cst", independent_reads<order::release, order::acquire>,
           disagreed},
    litmus{"independent reads, seq_cst", "two readers disagree about the order of two stores", false, false,
           "a channel that is right for its seq_cst is not accused", independent_reads<order::seq_cst, order::seq_cst>,
           disagreed},
    litmus{"coherence",
           "a later load of one atomic returns an older value",
           false,
           false,
           "loads of one atomic never run backwards",
           {[](board& b) { b.x.store(1, order::relaxed); },
            [](board& b) {
              b.r[0] = b.x.load(order::relaxed);
              b.r[1] = b.x.load(order::relaxed);
            }},
           [](const board& b) { return b.r[0] == 1 && b.r[1] == 0; }},
    litmus{"load buffering",
           "both loads see the store that follows the other's load",
           true,
           false,
           "no claim: an order that only load buffering needs is not shown to be needed",
           {[](board& b) {
              b.r[0] = b.x.load(order::relaxed);
              b.y.store(1, order::relaxed);
            },
            [](board& b) {
              b.r[1] = b.y.load(order::relaxed);
              b.x.store(1, order::relaxed);
            }},
           [](const board& b) { return b.r[0] == 1 && b.r[1] == 1; }},
    litmus{"2+2W",
           "the first store of each thread is the last of its atomic",
           true,
           false,
           "no claim: stores of one thread are never reordered by other stores",
           {[](board& b) {
              b.x.store(1, order::relaxed);
              b.y.store(2, order::relaxed);
            },
            [](board& b) {
              b.y.store(1, order::relaxed);
              b.x.store(2, order::relaxed);
            }},
           [](const board& b) { return b.x.newest() == 1 && b.y.newest() == 1; }},
    litmus{"two stores back",
           "a load returns the value before the last two",
           true,
           true,
           "stale values are at most two stores old",
           {[](board& b) {
              b.x.store(1, order::relaxed);
              b.x.store(2, order::relaxed);
              b.y.store(1, order::relaxed);
            },
            [](board& b) {
              b.r[0] = b.y.load(order::relaxed);
              b.r[1] = b.x.load(order::relaxed);
            }},
           [](const board& b) { return b.r[0] == 1 && b.r[1] == 0; }},
    litmus{"three stores back",
           "a load returns the value before the last three",
           true,
           false,
           "no claim: a bug that needs an older value is not found",
           {[](board& b) {
              for (int i = 1; i <= 3; ++i) b.x.store(i, order::relaxed);
              b.y.store(1, order::relaxed);
            },
            [](board& b) {
              b.r[0] = b.y.load(order::relaxed);
              b.r[1] = b.x.load(order::relaxed);
            }},
           [](const board& b) { return b.r[0] == 1 && b.r[1] == 0; }},
    litmus{"failed exchange",
           "a compare-and-swap fails on a stale value",
           true,
           false,
           "no claim: a compare-and-swap that fails has read the newest value",
           {[](board& b) {
              b.x.store(1, order::relaxed);
              b.y.store(1, order::relaxed);
            },
            [](board& b) {
              b.r[0] = b.y.load(order::relaxed);
              int expected = 1;
              b.r[1] = b.x.compare_exchange_strong(expected, 2, order::relaxed, order::relaxed) ? 1 : 0;
            }},
           [](const board& b) { return b.r[0] == 1 && b.r[1] == 0; }},
    litmus{"old seq_cst load",
           "a seq_cst load misses a seq_cst store that it could know of by hearsay",
           true,
           false,
           "no claim: seq_cst loads return what the last seq_cst store left, or newer",
           {[](board& b) { b.x.store(1, order::seq_cst); },
            [](board& b) {
              b.r[0] = b.x.load(order::seq_cst);
              b.y.store(b.r[0], order::relaxed);
            },
            [](board& b) {
              b.r[1] = b.y.load(order::acquire);
              b.r[2] = b.x.load(order::seq_cst);
            }},
           [](const board& b) { return b.r[1] == 1 && b.r[2] == 0; }},
    litmus{"release sequence",
           "a store of the releasing thread itself, relaxed, breaks what it has released",
           true,
           false,
           "no claim: C++11's longer release sequences are kept",
           {[](board& b) {
              b.x.store(1, order::relaxed);
              b.y.store(1, order::release);
              b.y.store(2, order::relaxed);
            },
            [](board& b) {
              b.r[0] = b.y.load(order::acquire);
              b.r[1] = b.x.load(order::relaxed);
            }},
           [](const board& b) { return b.r[0] == 2 && b.r[1] == 0; }},
};

const litmus* asked = nullptr;
bool outcome_seen = false;

class suite : public rl::test_suite<suite, most_threads> {
public:
  void before() { platform::model::begin(); }
  void thread(unsigned index) {
    platform::model::playing = true;
    platform::model::started();
    if (asked->threads[index]) asked->threads[index](board_);
  }
  void after() { outcome_seen |= asked->seen(board_); }

private:
  board board_;
};

/// Goes through every execution. \returns  how many there were.
std::uint64_t run(const litmus& test) {
  asked = &test;
  outcome_seen = false;
  current_search.closer = no_closer;
  depth_first search(1000);
  rl::test_params params;
  const bool ended = detail::run_suite<suite, most_threads>(search, params, nullptr) == rl::test_result_success;
  if (!ended || search.cut() || search.diverged()) {
    std::cerr << test.name << ": not every execution was seen\n";
    std::exit(2);
  }
  return search.executions();
}

}  // namespace
}  // namespace sluice::models

int main(int argc, char** argv) {
  using namespace sluice::models;
  using sluice::harness::exit_code;
  sluice::harness::command_line line("Litmus tests: which weak behaviours the model checker shows.");
  std::string json;
  line.add_json(json, "the results");
  return line.run(argc, argv, [&] {
    bool as_documented = true;
    auto rows = nlohmann::json::array();
    for (const litmus& test : card) {
      const auto executions = run(test);
      as_documented &= outcome_seen == test.shown;
      rows.push_back({{"name", test.name},
                      {"outcome", test.outcome},
                      {"allowed", test.allowed},
                      {"shown", outcome_seen},
                      {"meaning", test.meaning},
                      {"executions", executions}});
      std::cout << std::left << std::setw(40) << test.name << (test.allowed ? "allowed    " : "forbidden  ")
                << (outcome_seen ? "shown" : "never shown")
                << (outcome_seen == test.shown ? "" : "  <== not as documented") << "\n";
    }
    if (!json.empty()) sluice::harness::write_json(json, rows);
    return as_documented ? exit_code::passed : exit_code::failed;
  });
}
