// Three workers share ten jobs from one channel and answer on another; three Terminate messages end them. Which worker
// does which job is left open, so the results are sorted.
//
// Prints:
//   0 1 4 9 16 25 36 49 64 81
//   3 workers ended
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>

#include <algorithm>
#include <iostream>
#include <thread>
#include <variant>
#include <vector>

struct job {
  int number;
};
struct terminate {};
using order = std::variant<job, terminate>;

int main() {
  auto [orders, inbox] = sluice::mpmc::unbounded<order>();  // workers share the receiving side: mpmc
  auto [results, collected] = sluice::mpsc::channel<int>();
  auto [ended, endings] = sluice::mpsc::channel<int>();

  std::vector<std::jthread> workers;
  for (int id = 0; id < 3; ++id) {
    workers.emplace_back([id, inbox = inbox.clone(), results = results.clone(), ended = ended.clone()]() mutable {
      for (const order& o : inbox) {
        if (std::holds_alternative<terminate>(o)) break;
        const int n = std::get<job>(o).number;
        if (!results.send(n * n)) break;
      }
      (void)ended.send(id);
    });
  }
  results.reset();
  ended.reset();

  for (int n = 0; n < 10; ++n) (void)orders.send(job{n});
  for (int id = 0; id < 3; ++id) (void)orders.send(terminate{});

  std::vector<int> squares;
  for (const int square : collected) squares.push_back(square);  // ends when the last worker drops its sender
  std::ranges::sort(squares);
  for (const char* space = ""; const int square : squares) {
    std::cout << space << square;
    space = " ";
  }
  std::cout << "\n" << std::ranges::distance(endings) << " workers ended\n";
}
