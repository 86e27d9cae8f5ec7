// Three threads send, each through a clone of the sender; the loop ends when all of them and the original are dropped.
//
// Prints:
//   6 messages, sum 66
#include <sluice/mpsc.hpp>

#include <iostream>
#include <thread>
#include <vector>

int main() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  std::vector<std::jthread> producers;
  for (int id = 1; id <= 3; ++id) {
    producers.emplace_back([id, tx = tx.clone()]() mutable {
      (void)tx.send(id);
      (void)tx.send(id * 10);
    });
  }
  // Without this the loop would wait for ever: for a message from the original, which never sends one.
  tx.reset();

  int count = 0;
  int sum = 0;
  for (const int message : rx) {
    ++count;
    sum += message;
  }
  std::cout << count << " messages, sum " << sum << "\n";
}
