// A loop with a deadline for each message: work when there is some, something else when there is none for a while, and
// an end when the sender has disconnected. It sleeps in between; a loop around try_recv would use a whole processor.
//
// Prints:
//   working on 1
//   working on 2
//   quiet for a while
//   working on 3
//   no more to come
#include <sluice/mpsc.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int main() {
  auto [tx, rx] = sluice::mpsc::channel<int>();
  auto [go_on, told] = sluice::mpsc::sync_channel<bool>(0);
  std::jthread sender([tx = std::move(tx), told = std::move(told)]() mutable {
    (void)tx.send(1);
    (void)tx.send(2);
    (void)told.recv();  // until the other side has noticed the silence
    (void)tx.send(3);
  });

  for (bool quiet = false;;) {
    const auto got = rx.recv_for(300ms);
    if (got) {
      std::cout << "working on " << *got << "\n";
    } else if (got.error() == sluice::recv_timeout_error::disconnected) {
      std::cout << "no more to come\n";
      return 0;
    } else if (!quiet) {
      quiet = true;
      std::cout << "quiet for a while\n";
      (void)go_on.send(true);
    }
  }
}
