// A handle copied by accident would keep the channel open.
#include <sluice/mpsc.hpp>

void copy() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  auto other = tx;
}
