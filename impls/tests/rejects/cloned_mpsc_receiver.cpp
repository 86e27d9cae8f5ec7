// An mpsc channel has one receiver.
#include <sluice/mpsc.hpp>

void clone() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  auto other = rx.clone();
}
