#include <sluice/mpsc.hpp>

#include <string>

int main() {
  auto [tx, rx] = sluice::mpsc::channel<std::string>();
  return tx.send("hello") && rx.recv() == "hello" ? 0 : 1;
}
