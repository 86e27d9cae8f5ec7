// A channel of capacity 0 hands over: when send returns, the message has been received.
//
// Prints:
//   no receiver yet: full
//   the receiver has the keys
//   so the sender may leave
#include <sluice/mpsc.hpp>

#include <iostream>
#include <string>
#include <thread>

int main() {
  auto [tx, rx] = sluice::mpsc::sync_channel<std::string>(0);
  if (const auto sent = tx.try_send("the keys"); !sent) std::cout << "no receiver yet: " << sent.error().reason << "\n";

  std::string held;
  std::jthread receiver([&, rx = std::move(rx)]() mutable {
    held = rx.recv().value();
    std::cout << "the receiver has " << held << std::endl;
    (void)rx.recv();  // until the sender disconnects
  });
  (void)tx.send("the keys");
  tx.reset();
  receiver.join();
  std::cout << "so the sender may leave\n";
}
