// A registry of subscribers holds weak senders: it reaches those that are still there, and keeps no receiver waiting.
//
// Prints:
//   reached 2 of 2
//   first got hello
//   second got hello
//   reached 1 of 2
//   second has ended
#include <sluice/mpsc.hpp>

#include <iostream>
#include <string>
#include <vector>

int main() {
  std::vector<sluice::mpsc::weak_sender<std::string>> registry;
  const auto publish = [&](const std::string& text) {
    int reached = 0;
    for (const auto& weak : registry) {
      if (auto sender = weak.lock()) reached += sender->send(text).has_value();
    }
    std::cout << "reached " << reached << " of " << registry.size() << "\n";
  };

  auto [first_tx, first] = sluice::mpsc::channel<std::string>();
  auto [second_tx, second] = sluice::mpsc::channel<std::string>();
  registry.push_back(first_tx.downgrade());
  registry.push_back(second_tx.downgrade());

  publish("hello");
  std::cout << "first got " << first.recv().value() << "\n";
  std::cout << "second got " << second.recv().value() << "\n";

  second_tx.reset();  // the registry's reference does not keep it open
  publish("are you there?");
  if (!second.recv()) std::cout << "second has ended\n";
}
