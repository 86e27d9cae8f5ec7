// A producer finds its next number slowly, and would not notice for long that no receiver is left: a thread that waits for
// the disconnect stops it at once.
//
// Prints:
//   2 3 5
//   the search was stopped
#include <sluice/mpsc.hpp>

#include <iostream>
#include <stop_token>
#include <thread>

namespace {

bool prime(int n) {
  for (int d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

}  // namespace

int main() {
  auto [primes, inbox] = sluice::mpsc::sync_channel<int>(1);
  std::jthread search([tx = primes.clone()](const std::stop_token& stop) mutable {
    for (int n = 2; n <= 5; ++n) {
      if (prime(n)) (void)tx.send(n, stop);
    }
    while (!stop.stop_requested()) std::this_thread::yield();  // the next one takes for ever
  });
  std::jthread watch([tx = std::move(primes), &search] {
    tx.wait_disconnected();
    search.request_stop();
  });

  std::cout << inbox.recv().value() << " " << inbox.recv().value() << " " << inbox.recv().value() << "\n";
  inbox.reset();
  search.join();
  std::cout << "the search was stopped\n";
}
