#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::harness {

/// What a thread of a program can do with its own handles.
enum class op_kind : std::uint8_t {
  send,
  try_send,
  send_for,
  recv,
  try_recv,
  recv_for,
  clone_sender,
  drop_sender,
  clone_receiver,
  drop_receiver,
  keep,  ///< last in a list: what the thread still holds stays until every thread has finished
};

inline constexpr std::array<std::string_view, 11> op_names{
    "send",         "try_send",    "send_for",       "recv",          "try_recv", "recv_for",
    "clone_sender", "drop_sender", "clone_receiver", "drop_receiver", "keep",
};

constexpr std::string_view to_string(op_kind kind) noexcept { return op_names[static_cast<std::size_t>(kind)]; }

constexpr bool sends(op_kind kind) noexcept { return kind <= op_kind::send_for; }
constexpr bool receives(op_kind kind) noexcept { return kind >= op_kind::recv && kind <= op_kind::recv_for; }
constexpr bool uses_sender(op_kind kind) noexcept {
  return sends(kind) || kind == op_kind::clone_sender || kind == op_kind::drop_sender;
}
constexpr bool uses_receiver(op_kind kind) noexcept { return !uses_sender(kind) && kind != op_kind::keep; }

/// A small concurrent program over one channel: a list of operations for each thread.
///
/// A thread that has sender operations starts with a sender of its own, and so for receivers; whatever it still holds
/// at its end goes then, unless its list ends in `keep`: that shows a wake-up which would be lost but for the
/// disconnect. The n-th operation of thread t sends the value 100 * t + n, so all values differ.
struct program {
  using thread = std::vector<op_kind>;

  std::optional<std::size_t> capacity;  ///< nullopt: unbounded
  std::vector<thread> threads;

  std::size_t operations() const noexcept {
    std::size_t sum = 0;
    for (const auto& ops : threads) sum += ops.size();
    return sum;
  }

  static constexpr int value_of(std::size_t thread, std::size_t index) noexcept {
    return static_cast<int>(100 * thread + index);
  }
};

inline bool uses_sender(const program::thread& ops) noexcept {
  for (op_kind kind : ops) {
    if (uses_sender(kind)) return true;
  }
  return false;
}

inline bool uses_receiver(const program::thread& ops) noexcept {
  for (op_kind kind : ops) {
    if (uses_receiver(kind)) return true;
  }
  return false;
}

inline std::string to_string(const std::optional<std::size_t>& capacity) {
  return capacity ? std::to_string(*capacity) : "unbounded";
}

/// The text form: `capacity 1: send drop_sender | recv recv`.
inline std::string to_string(const program& p) {
  std::string text = "capacity " + to_string(p.capacity) + ":";
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    if (t != 0) text += " |";
    for (op_kind kind : p.threads[t]) text.append(" ").append(to_string(kind));
  }
  return text;
}

inline std::ostream& operator<<(std::ostream& out, const program& p) { return out << to_string(p); }

/// A number, or `unbounded`. \throws std::invalid_argument  naming what is neither.
inline std::optional<std::size_t> parse_capacity(std::string_view text) {
  if (text == "unbounded") return std::nullopt;
  std::size_t capacity = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), capacity);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument("`" + std::string(text) + "` is no capacity: give a number or `unbounded`");
  }
  return capacity;
}

/// Reads the text form.
///
/// \throws std::invalid_argument  names the word that is not understood.
inline program parse_program(std::string_view text) {
  std::istringstream words{std::string(text)};
  program result;
  std::string word;
  std::string size;
  if (!(words >> word >> size) || word != "capacity" || !size.ends_with(':')) {
    throw std::invalid_argument("a program starts with `capacity N:` or `capacity unbounded:`, not `" +
                                std::string(text) + "`");
  }
  size.pop_back();
  result.capacity = parse_capacity(size);
  result.threads.emplace_back();
  while (words >> word) {
    if (word == "|") {
      result.threads.emplace_back();
      continue;
    }
    std::size_t kind = 0;
    while (kind < op_names.size() && op_names[kind] != word) ++kind;
    if (kind == op_names.size()) {
      throw std::invalid_argument("`" + word + "` is no operation of a program");
    }
    result.threads.back().push_back(static_cast<op_kind>(kind));
  }
  return result;
}

}  // namespace sluice::harness
