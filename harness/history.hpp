#pragma once

#include <harness/program.hpp>
#include <harness/raw_allocator.hpp>
#include <sluice/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::harness {

/// One operation as it was seen from outside: when it was called, when it returned, and with what.
struct event {
  std::size_t thread = 0;
  std::size_t index = 0;  ///< its place in the thread's list
  op_kind kind{};
  status result{};
  int value = 0;       ///< sent or received, where there is one
  bool intact = true;  ///< of a send that failed: whether the message came back as it was
  std::uint64_t called = 0;
  std::uint64_t returned = 0;
};

/// Every operation of a run. One event's return before another's call means that it really came first.
using history = raw_vector<event>;

inline std::string to_string(const event& e) {
  std::string text(to_string(e.kind));
  if (sends(e.kind)) text += " " + std::to_string(e.value);
  return text;
}

inline std::string result_of(const event& e) {
  std::string text(to_string(e.result));
  if (receives(e.kind) && e.result == status::ok) text += " " + std::to_string(e.value);
  if (!e.intact) text += ", its message spoilt";
  return text;
}

/// Draws a history as one column a thread, time downwards: a call, and below it the return that belongs to it.
///
/// \param marked  index into the history of an event to point at, or past its end for none.
inline std::string draw(const history& h, std::size_t marked) {
  constexpr std::size_t width = 26;
  std::size_t threads = 0;
  struct row {
    std::uint64_t time;
    std::size_t thread;
    std::string text;
  };
  std::vector<row> rows;
  for (std::size_t i = 0; i < h.size(); ++i) {
    const event& e = h[i];
    threads = std::max(threads, e.thread + 1);
    rows.push_back({e.called, e.thread, to_string(e)});
    rows.push_back({e.returned, e.thread, "  -> " + result_of(e) + (i == marked ? "  <== unexplained" : "")});
  }
  std::ranges::sort(rows, {}, &row::time);
  std::string text;
  for (std::size_t t = 0; t < threads; ++t) {
    std::string title = "thread " + std::to_string(t);
    title.resize(width, ' ');
    text += title;
  }
  text += '\n';
  for (const row& r : rows) {
    text.append(r.thread * width, ' ').append(r.text).append("\n");
  }
  return text;
}

}  // namespace sluice::harness
