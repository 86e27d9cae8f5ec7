// The smallest program: one thread sends, the other receives until the sender has disconnected.
//
// Prints:
//   hi from the other thread
//   bye
#include <sluice/mpsc.hpp>

#include <iostream>
#include <string>
#include <thread>

int main() {
  auto [tx, rx] = sluice::mpsc::channel<std::string>();
  std::jthread other([tx = std::move(tx)]() mutable {
    if (!tx.send("hi from the other thread")) return;  // every receiver has disconnected
    (void)tx.send("bye");
  });
  // Ends when the sender is destroyed with its thread and every message was received.
  for (const std::string& message : rx) std::cout << message << "\n";
}
