// The same for a receiver.
#include <sluice/mpmc.hpp>

void copy() {
  auto [tx, rx] = sluice::mpmc::unbounded<int>();
  auto other = rx;
}
