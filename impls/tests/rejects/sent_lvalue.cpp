// A message that can only be moved, sent without saying so.
#include <sluice/mpsc.hpp>

#include <memory>

void send() {
  auto [tx, rx] = sluice::mpsc::channel<std::unique_ptr<int>>();
  auto message = std::make_unique<int>(1);
  (void)tx.send(message);
}
