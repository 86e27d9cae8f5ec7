// select: whichever comes first, a number, a word, a tick of a timer or a timeout. Handlers get results as
// recv() gives them; a disconnected channel can always go, so its arm is switched off.
//
// Prints:
//   number 7
//   word seven
//   numbers are over
//   nothing for 30 ms
//   a tick came first
#include <sluice/mpsc.hpp>
#include <sluice/select.hpp>
#include <sluice/timer.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main() {
  auto [numbers_tx, numbers] = sluice::mpsc::channel<int>();
  auto [words_tx, words] = sluice::mpsc::sync_channel<std::string>(1);
  (void)numbers_tx.send(7);
  numbers_tx.reset();
  (void)words_tx.send("seven");

  // A set of arms that changes: the first that can go is taken, in the order in which they were added.
  sluice::selector chosen;
  chosen.prefer_first(true);
  sluice::selector::key number = 0;
  number = chosen.recv(numbers, [&](auto got) {
    if (got) {
      std::cout << "number " << *got << "\n";
      return;
    }
    std::cout << "numbers are over\n";
    chosen.remove(number);
  });
  (void)chosen.wait();
  std::cout << "word " << words.recv().value() << "\n";
  (void)chosen.wait();

  // A fixed set of arms, written where it is needed.
  sluice::select(sluice::on_recv(words, [](auto) { std::cout << "a word\n"; }),
                 sluice::on_timeout(30ms, [] { std::cout << "nothing for 30 ms\n"; }));
  auto ticks = sluice::timer::tick(5ms);
  const bool ticked = sluice::select(sluice::on_recv(words, [](auto) { return false; }),
                                     sluice::on_recv(ticks, [](auto) { return true; }));
  if (ticked) std::cout << "a tick came first\n";
}
