#pragma once

#include <harness/number.hpp>

#include <array>
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
  send_for,  ///< with a deadline that is near
  send_far,  ///< with a deadline that never comes
  recv,
  try_recv,
  recv_for,
  recv_far,
  size,  ///< asked through a receiver; exact only while nobody else operates
  clone_sender,
  drop_sender,
  clone_receiver,
  drop_receiver,
  keep,  ///< last in a list: what the thread still holds stays until everybody is at rest
  rest,  ///< of a history, not of a program: everybody has finished or sleeps
};

inline constexpr std::array<std::string_view, 15> op_names{
    "send", "try_send",     "send_for",    "send_far",       "recv",          "try_recv", "recv_for", "recv_far",
    "size", "clone_sender", "drop_sender", "clone_receiver", "drop_receiver", "keep",     "rest",
};

constexpr std::string_view to_string(op_kind kind) noexcept { return op_names[static_cast<std::size_t>(kind)]; }

constexpr bool sends(op_kind kind) noexcept { return kind <= op_kind::send_far; }
constexpr bool receives(op_kind kind) noexcept { return kind >= op_kind::recv && kind <= op_kind::recv_far; }
constexpr bool uses_sender(op_kind kind) noexcept {
  return sends(kind) || kind == op_kind::clone_sender || kind == op_kind::drop_sender;
}
constexpr bool uses_receiver(op_kind kind) noexcept { return !uses_sender(kind) && kind < op_kind::keep; }
/// Whether its deadline never comes.
constexpr bool waits_far(op_kind kind) noexcept { return kind == op_kind::send_far || kind == op_kind::recv_far; }
constexpr bool timed(op_kind kind) noexcept {
  return kind == op_kind::send_for || kind == op_kind::recv_for || waits_far(kind);
}
/// Whether only a peer can end its wait.
constexpr bool blocks(op_kind kind) noexcept {
  return kind == op_kind::send || kind == op_kind::recv || waits_far(kind);
}

/// A small concurrent program over one channel: a list of operations for each thread.
///
/// A thread that has sender operations starts with a sender of its own, and so for receivers; whatever it still holds
/// at its end goes then, unless its list ends in `keep`: that shows a wake-up which would be lost but for the
/// disconnect. Operations may block for ever: once everybody is at rest, a closer lets go of what is left. The n-th
/// operation of thread t, both counted from 0, sends the value 10 * n + t, so all values differ.
struct program {
  using thread = std::vector<op_kind>;

  std::optional<std::size_t> capacity;  ///< nullopt: unbounded
  std::vector<thread> threads;

  std::size_t operations() const noexcept {
    std::size_t sum = 0;
    for (const auto& ops : threads) sum += ops.size();
    return sum;
  }

  static constexpr std::size_t most_threads = 9;
  static constexpr int value_of(std::size_t thread, std::size_t index) noexcept {
    return static_cast<int>(10 * index + thread);
  }
  /// The thread that sent a value.
  static constexpr std::size_t sender_of(int value) noexcept { return static_cast<std::size_t>(value) % 10; }

  friend bool operator==(const program&, const program&) = default;
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

/// What a thread holds while it goes through its list.
struct holdings {
  int senders = 0;
  int receivers = 0;

  explicit holdings(const program::thread& ops) : senders(uses_sender(ops)), receivers(uses_receiver(ops)) {}

  /// Whether it holds what the operation needs.
  bool permit(op_kind kind) const noexcept {
    return uses_sender(kind) ? senders > 0 : !uses_receiver(kind) || receivers > 0;
  }
  void apply(op_kind kind) noexcept {
    senders += (kind == op_kind::clone_sender) - (kind == op_kind::drop_sender);
    receivers += (kind == op_kind::clone_receiver) - (kind == op_kind::drop_receiver);
  }
};

/// Whether every operation finds the handle that it needs, and `keep` stands only at the end.
inline bool well_formed(const program::thread& ops) {
  holdings held(ops);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (!held.permit(ops[i]) || ops[i] == op_kind::rest) return false;
    if (ops[i] == op_kind::keep && i + 1 != ops.size()) return false;
    held.apply(ops[i]);
  }
  return true;
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
  if (const auto capacity = parse_number(text)) return capacity;
  throw std::invalid_argument("`" + std::string(text) + "` is no capacity: give a number or `unbounded`");
}

/// Reads the text form.
///
/// \throws std::invalid_argument  names the word that is not understood, or the thread that cannot be carried out.
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
    if (kind >= static_cast<std::size_t>(op_kind::rest)) {
      throw std::invalid_argument("`" + word + "` is no operation of a program");
    }
    result.threads.back().push_back(static_cast<op_kind>(kind));
  }
  for (std::size_t t = 0; t < result.threads.size(); ++t) {
    if (well_formed(result.threads[t])) continue;
    throw std::invalid_argument("thread " + std::to_string(t) + " of `" + std::string(text) +
                                "` uses a handle that it has dropped, or goes on after `keep`");
  }
  if (result.threads.size() > program::most_threads) {
    throw std::invalid_argument("a program has at most " + std::to_string(program::most_threads) + " threads, not " +
                                std::to_string(result.threads.size()));
  }
  return result;
}

}  // namespace sluice::harness
