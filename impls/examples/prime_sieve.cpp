// The prime sieve: a chain of filters, one for each prime found, each a thread that passes on what it cannot divide.
//
// Prints:
//   2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97
#include <sluice/mpsc.hpp>

#include <iostream>
#include <thread>
#include <vector>

int main() {
  std::vector<std::jthread> threads;
  auto [numbers, first] = sluice::mpsc::sync_channel<int>(16);
  threads.emplace_back([tx = std::move(numbers)]() mutable {
    for (int n = 2; tx.send(n); ++n) {
    }
  });

  auto rx = std::move(first);
  for (int found = 0; found < 25; ++found) {
    const int prime = rx.recv().value();
    std::cout << (found == 0 ? "" : " ") << prime;
    auto [tx, next] = sluice::mpsc::sync_channel<int>(16);
    threads.emplace_back([prime, in = std::move(rx), out = std::move(tx)]() mutable {
      for (const int n : in) {
        if (n % prime != 0 && !out.send(n)) return;
      }
    });
    rx = std::move(next);
  }
  std::cout << "\n";
  rx.reset();  // the last filter's send fails, so it ends, and so on up the chain
}
