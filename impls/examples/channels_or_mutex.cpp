// One problem solved twice: count words from several threads. With a mutex the threads share the table and take turns;
// with a channel one thread owns it and the others send it commands. Small shared state that is only updated is a
// mutex's case; work that moves from owner to owner, may have to wait, or has an end, is a channel's.
//
// Prints:
//   mutex: 400 apples, 200 pears
//   channel: 400 apples, 200 pears
#include <sluice/mpsc.hpp>

#include <array>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using table = std::map<std::string, int>;

const std::array<std::string, 3> words{"apples", "pears", "apples"};

table with_a_mutex() {
  std::mutex mutex;
  table counts;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (std::size_t n = 0; n < 150; ++n) {
          const std::scoped_lock guard(mutex);
          ++counts[words[n % words.size()]];
        }
      });
    }
  }
  return counts;
}

table with_a_channel() {
  auto [tx, rx] = sluice::mpsc::sync_channel<std::string>(64);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([tx = tx.clone()]() mutable {
      for (std::size_t n = 0; n < 150; ++n) (void)tx.send(words[n % words.size()]);
    });
  }
  tx.reset();
  table counts;  // no lock: only this thread touches it
  for (const std::string& word : rx) ++counts[word];
  return counts;
}

int main() {
  for (const auto& [name, counts] : {std::pair("mutex", with_a_mutex()), std::pair("channel", with_a_channel())}) {
    std::cout << name << ": " << counts.at("apples") << " apples, " << counts.at("pears") << " pears\n";
  }
}
