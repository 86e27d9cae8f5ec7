// Fan-out: four workers take lines from one bounded channel. Fan-in: their counts come together on another.
//
// Prints:
//   1000 lines, 5000 words
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

struct count {
  long lines = 0;
  std::ptrdiff_t words = 0;
};

int main() {
  auto [lines_tx, lines] = sluice::mpmc::bounded<std::string>(16);
  auto [counts_tx, counts] = sluice::mpsc::channel<count>();

  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([lines = lines.clone(), out = counts_tx.clone()]() mutable {
      count mine;
      for (const std::string& line : lines) {
        ++mine.lines;
        mine.words += std::ranges::count(line, ' ') + 1;
      }
      (void)out.send(mine);
    });
  }
  lines.reset();  // only the workers receive
  counts_tx.reset();

  for (int i = 0; i < 1000; ++i) (void)lines_tx.send("the quick brown fox jumps");
  lines_tx.reset();

  count all;
  for (const count part : counts) {
    all.lines += part.lines;
    all.words += part.words;
  }
  std::cout << all.lines << " lines, " << all.words << " words\n";
}
