// Batches: a logger writes what has gathered with one system call, and a producer sends several lines with one claim.
// Both cost less a message than single operations, the more the faster messages arrive.
//
// Prints:
//   one
//   two, three, four
//   five
//   not sent: two messages
#include <sluice/mpsc.hpp>

#include <array>
#include <iostream>
#include <span>
#include <string>
#include <vector>

int main() {
  auto [lines, log] = sluice::mpsc::sync_channel<std::string>(8);
  std::vector<std::string> batch;
  const auto write = [&] {
    for (std::size_t i = 0; i < batch.size(); ++i) std::cout << (i == 0 ? "" : ", ") << batch[i];
    std::cout << "\n";
    batch.clear();  // its memory is used again
  };

  (void)lines.send("one");
  (void)log.recv_many(batch, 100);  // waits for one, takes what is there
  write();

  std::array<std::string, 4> more{"two", "three", "four", "five"};
  (void)lines.send_all(more);
  (void)log.recv_many(batch, 3);
  write();
  (void)log.try_recv_many(batch, 3);  // never waits
  write();

  log.reset();
  more = {"too", "late"};
  const auto sent = lines.send_all(std::span(more).first(2));
  if (!sent && sent.error().rest.size() == 2) std::cout << "not sent: two messages\n";
}
