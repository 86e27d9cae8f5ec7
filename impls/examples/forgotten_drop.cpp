// The pitfall that every tutorial warns of: a sender that is kept keeps the receiver waiting. And its two cures: built
// with SLUICE_DIAGNOSE, the program says which line made the sender; and dropping it ends the wait.
//
// Prints:
//   received 1
//   still open after 50 ms: a sender is still held
//   a receive waits for a sender made at forgotten_drop.cpp:27
//   dropped it: disconnected
#define SLUICE_DIAGNOSE  // as -DSLUICE_DIAGNOSE, for all of a program
#include <sluice/mpsc.hpp>

#include <chrono>
#include <iostream>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;

int main() {
  sluice::diagnosis::report_after = 100ms;
  sluice::diagnosis::report = [](std::string_view account) {
    // The whole account also tells where the channel was made and how much it holds; here, only its last line.
    std::cout << "a receive waits for a sender made at " << account.substr(account.rfind("forgotten_drop.cpp"));
  };

  // The pair holds a sender, which is cloned for the thread and then forgotten.
  auto [tx, rx] = sluice::mpsc::channel<int>();
  std::jthread([tx = tx.clone()]() mutable { (void)tx.send(1); }).join();

  std::cout << "received " << rx.recv().value() << "\n";
  if (rx.recv_for(50ms).error() == sluice::recv_timeout_error::timeout) {
    std::cout << "still open after 50 ms: a sender is still held\n";
  }
  (void)rx.recv_for(200ms);  // longer than report_after: reported
  tx.reset();
  if (rx.recv().error() == sluice::recv_error::disconnected) std::cout << "dropped it: disconnected\n";
}
