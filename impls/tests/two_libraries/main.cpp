// Threads of different shared libraries wake each other, and one that still waits does not keep the process from
// ending.
#include "ends.hpp"

#include <iostream>
#include <thread>

int main() {
  constexpr int count = 100'000;
  // A ring, whose two sides fence asymmetrically.
  auto [tx, rx] = sluice::spsc::bounded<int>(4);
  std::jthread sender([&tx = tx] { send_all(tx, count); });
  const long sum = receive_all(rx);
  sender.join();

  auto [kept, waited_for] = sluice::spsc::bounded<int>(4);
  std::thread([waited_for = std::move(waited_for)]() mutable { (void)receive_all(waited_for); }).detach();
  // Volatile, or the compiler drops the pointer and LeakSanitizer misses it.
  [[maybe_unused]] static auto* volatile never_destroyed = new auto(std::move(kept));

  std::cout << sum << " received\n";
  return sum == count ? 0 : 1;
}
