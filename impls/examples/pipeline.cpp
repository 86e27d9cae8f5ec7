// Three stages, a thread each: numbers, their squares, and a sum. The end of the first runs through the others.
//
// Prints:
//   sum of the squares of 1 to 100: 338350
#include <sluice/mpsc.hpp>

#include <iostream>
#include <thread>

int main() {
  auto [numbers_tx, numbers] = sluice::mpsc::sync_channel<long>(8);
  auto [squares_tx, squares] = sluice::mpsc::sync_channel<long>(8);

  std::jthread produce([tx = std::move(numbers_tx)]() mutable {
    for (long n = 1; n <= 100; ++n) {
      if (!tx.send(n)) return;
    }
  });
  std::jthread square([rx = std::move(numbers), tx = std::move(squares_tx)]() mutable {
    for (const long n : rx) {
      if (!tx.send(n * n)) return;
    }
  });

  long sum = 0;
  for (const long n : squares) sum += n;
  std::cout << "sum of the squares of 1 to 100: " << sum << "\n";
}
