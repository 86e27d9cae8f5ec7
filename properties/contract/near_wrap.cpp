// The channels once more, with counters that start a hundred laps before they wrap around.
#define SLUICE_LAPS_BEFORE_WRAP 100
#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <thread>

namespace sluice::contract {

std::size_t failures_near_wrap();

namespace {

/// Sends and receives across the wrap-around, a few at a time. \returns  the number of failures.
template <class Handles>
std::size_t cross(Handles handles, std::size_t room) {
  auto& [tx, rx] = handles;
  std::size_t failures = 0;
  std::size_t in = 0;
  std::size_t out = 0;
  for (std::size_t lap = 0; lap < 300; ++lap) {
    while (in - out < room) failures += !tx.try_send(in++).has_value();
    failures += tx.size() != in - out;
    for (std::size_t i = 0; i < 1 + lap % room; ++i) failures += rx.try_recv() != out++;
  }
  while (out < in) failures += rx.try_recv() != out++;
  return failures + !rx.empty();
}

/// The same from two threads.
template <class Handles>
std::size_t cross_together(Handles handles) {
  auto& [tx, rx] = handles;
  std::size_t unsent = 0;
  std::jthread sender([&unsent, tx = std::move(tx)]() mutable {
    for (std::size_t n = 0; n < 5000; ++n) unsent += !tx.send(n).has_value();
  });
  std::size_t failures = 0;
  for (std::size_t n = 0; n < 5000; ++n) failures += rx.recv() != n;
  sender.join();
  return failures + unsent;
}

}  // namespace

std::size_t failures_near_wrap() {
  std::size_t failures = 0;
  for (std::size_t capacity = 1; capacity < 10; ++capacity) {
    const auto make = [&] { return make_channel<cores::sync<std::size_t>>(capacity); };
    failures += cross(make(), capacity) + cross_together(make());
  }
  const auto make = [] { return make_channel<cores::lock_free<std::size_t>>(); };
  return failures + cross(make(), 40) + cross_together(make());
}

}  // namespace sluice::contract
