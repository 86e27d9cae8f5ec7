// Back-pressure: with room for two, a fast sender is held back to the pace of a slow reader.
//
// Prints:
//   five sends took as long as a reader of 20 ms each makes them
//   never more than 2 were waiting
#include <sluice/mpsc.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int main() {
  auto [tx, rx] = sluice::mpsc::sync_channel<int>(2);
  std::size_t most = 0;
  const auto start = std::chrono::steady_clock::now();
  std::jthread reader([&, rx = std::move(rx)]() mutable {
    for (;;) {
      std::this_thread::sleep_for(20ms);  // the reader is busy with something
      most = std::max(most, rx.size());
      if (!rx.recv()) return;
    }
  });

  for (int i = 1; i <= 5; ++i) {
    if (!tx.send(i)) return 1;
  }
  // Two went into the buffer at once; each of the other three had to wait for a message to be read.
  const bool held_back = std::chrono::steady_clock::now() - start >= 3 * 20ms;
  tx.reset();
  reader.join();
  if (held_back) std::cout << "five sends took as long as a reader of 20 ms each makes them\n";
  if (most <= 2) std::cout << "never more than 2 were waiting\n";
}
