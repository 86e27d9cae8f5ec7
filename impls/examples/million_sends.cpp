// An unbounded channel never makes a sender wait: a million messages are sent before the first is received.
//
// Prints:
//   1000000 waiting
//   all received, in order
#include <sluice/mpsc.hpp>

#include <iostream>

int main() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  for (int i = 0; i < 1'000'000; ++i) {
    if (!tx.send(i)) return 1;
  }
  std::cout << rx.size() << " waiting\n";
  tx.reset();

  int next = 0;
  for (const int message : rx) {
    if (message != next++) return 1;
  }
  if (next == 1'000'000) std::cout << "all received, in order\n";
}
