// A broadcast of configuration: every subscriber gets every version, a slow one learns how many it missed, and a late
// one starts with what comes next. The publisher never waits.
//
// Prints:
//   fast: 1 2 3 4 5
//   slow: missed 3, then 4 5
//   late: 5
#include <sluice/broadcast.hpp>

#include <iostream>
#include <memory>
#include <string>

struct configuration {
  int version;
};
// Each receiver gets a copy: of the pointer, not of the configuration.
using shared = std::shared_ptr<const configuration>;

int main() {
  auto [publisher, fast] = sluice::broadcast::channel<shared>(2);
  auto slow = publisher.subscribe();
  std::cout << "fast:";
  for (int version = 1; version <= 4; ++version) {
    (void)publisher.send(std::make_shared<configuration>(version));
    std::cout << " " << fast.recv().value()->version;
  }
  auto late = publisher.subscribe();
  (void)publisher.send(std::make_shared<configuration>(5));
  std::cout << " " << fast.recv().value()->version << "\nslow:";

  const auto missed = slow.recv();
  if (!missed && missed.error().lagged()) std::cout << " missed " << missed.error().missed << ", then";
  publisher.reset();
  while (const auto got = slow.recv()) std::cout << " " << got.value()->version;
  std::cout << "\nlate: " << late.recv().value()->version << "\n";
}
