// An spsc channel has one sender.
#include <sluice/spsc.hpp>

void clone() {
  auto [tx, rx] = sluice::spsc::unbounded<int>();
  auto other = tx.clone();
}
