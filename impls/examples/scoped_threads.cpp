// Threads that end with their scope, over data of the function that starts them: no sender outlives the block.
//
// Prints:
//   the longest of 4 words: channel
#include <sluice/mpsc.hpp>

#include <array>
#include <iostream>
#include <string_view>
#include <thread>
#include <vector>

int main() {
  const std::array<std::string_view, 4> words{"a", "channel", "is", "enough"};
  auto [tx, rx] = sluice::mpsc::channel<std::string_view>();
  {
    std::vector<std::jthread> threads;
    for (const std::string_view& word : words) {
      threads.emplace_back([&word, tx = tx.clone()]() mutable { (void)tx.send(word); });
    }
    // Here every thread is joined, and its sender destroyed.
  }
  tx.reset();
  std::string_view longest;
  for (const std::string_view word : rx) longest = word.size() > longest.size() ? word : longest;
  std::cout << "the longest of " << words.size() << " words: " << longest << "\n";
}
