// A weak handle could become another sender of a channel that has one.
#include <sluice/spsc.hpp>

void downgrade() {
  auto [tx, rx] = sluice::spsc::unbounded<int>();
  auto weak = tx.downgrade();
}
