#include <sluice/mpsc.hpp>

void use(sluice::mpsc::sender<int>& to);

int main() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  use(tx);
}
