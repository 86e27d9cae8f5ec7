// The queue that is proposed for C++29 (P0260R20), shared by reference between the threads and closed when the work is
// done.
//
// Prints:
//   full
//   1 + 2 + 3 = 6
//   closed
#include <sluice/bounded_queue.hpp>

#include <iostream>
#include <thread>

int main() {
  sluice::bounded_queue<int> queue(2);
  (void)queue.push(1);
  (void)queue.push(2);
  std::cout << to_string(queue.try_push(3)) << "\n";

  int sum = 0;
  std::jthread consumer([&] {
    while (const auto value = queue.pop()) sum += *value;
  });
  (void)queue.push(3);  // waits for room
  queue.close();        // what is in the queue is still popped
  consumer.join();
  std::cout << "1 + 2 + 3 = " << sum << "\n";
  std::cout << to_string(queue.try_push(4)) << "\n";
}
