// Cancellation: a std::jthread's stop token ends the receive in which its thread waits, at once and without polling.
// What was not received stays in the channel; a send that is stopped gives its message back.
//
// Prints:
//   worked on 1
//   worked on 2
//   the worker was stopped
//   3 is still there
//   not sent: 5
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>

#include <iostream>
#include <stop_token>
#include <thread>

int main() {
  auto [jobs, inbox] = sluice::mpmc::bounded<int>(1);
  auto [done_tx, done] = sluice::mpsc::channel<int>();

  std::jthread worker([inbox = inbox.clone(), done = std::move(done_tx)](const std::stop_token& token) mutable {
    while (auto job = inbox.recv(token)) (void)done.send(*job);
  });
  for (const int job : {1, 2}) {
    (void)jobs.send(job);
    std::cout << "worked on " << done.recv().value() << "\n";
  }
  worker.request_stop();  // the worker waits for a third job
  worker.join();
  std::cout << "the worker was stopped\n";

  (void)jobs.send(3);
  std::cout << inbox.recv().value() << " is still there\n";

  (void)jobs.send(4);
  std::stop_source shutdown;
  std::jthread sender([&] {
    const auto sent = jobs.send(5, shutdown.get_token());  // waits for room
    if (!sent && sent.error().stopped()) std::cout << "not sent: " << sent.error().value << "\n";
  });
  shutdown.request_stop();
}
