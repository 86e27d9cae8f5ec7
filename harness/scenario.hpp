#pragma once

#include <harness/number.hpp>
#include <harness/op.hpp>

#include <cstddef>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::harness {

/// A small concurrent test case on one channel: a list of operations for each thread.
///
/// A thread whose list uses a sender starts with its own sender, and likewise for receivers. It drops what it still
/// holds at the end of its list, unless the list ends in `hold`: that exposes a lost wake-up which the disconnect would
/// hide. Operations may block for ever: at quiescence, a closer drops the handles that are left. Operation n of thread
/// t, both counted from 0, sends the value 10 * n + t, and a batch sends further ones 100,000 apart, so all values
/// differ.
struct scenario {
  using thread = std::vector<op_kind>;

  std::optional<std::size_t> capacity;  ///< nullopt: unbounded
  std::vector<thread> threads;

  std::size_t operations() const noexcept {
    std::size_t sum = 0;
    for (const auto& list : threads) sum += list.size();
    return sum;
  }

  static constexpr std::size_t most_threads = 9;
  /// \param part  which message of a batch
  static constexpr int value_of(std::size_t thread, std::size_t index, std::size_t part = 0) noexcept {
    return static_cast<int>(100'000 * part + 10 * index + thread);
  }
  /// The thread that sent a value.
  static constexpr std::size_t sender_of(int value) noexcept { return static_cast<std::size_t>(value) % 10; }

  friend bool operator==(const scenario&, const scenario&) = default;
};

inline bool uses_sender(const scenario::thread& list) noexcept {
  for (op_kind kind : list) {
    if (uses_sender(kind)) return true;
  }
  return false;
}

inline bool uses_receiver(const scenario::thread& list) noexcept {
  for (op_kind kind : list) {
    if (uses_receiver(kind)) return true;
  }
  return false;
}

inline std::string to_string(const std::optional<std::size_t>& capacity) {
  return capacity ? std::to_string(*capacity) : "unbounded";
}

/// The handles that a thread holds while it performs its list.
struct holdings {
  int senders = 0;
  int receivers = 0;

  explicit holdings(const scenario::thread& list) : senders(uses_sender(list)), receivers(uses_receiver(list)) {}

  /// Whether it holds what the operation needs.
  bool permit(op_kind kind) const noexcept {
    return uses_sender(kind) ? senders > 0 : !uses_receiver(kind) || receivers > 0;
  }
  void apply(op_kind kind) noexcept {
    int& handles = uses_sender(kind) ? senders : receivers;
    handles += (info(kind).action == op_action::clone) - (info(kind).action == op_action::drop);
    receivers += info(kind).action == op_action::subscribe;
  }
};

/// Whether every operation has the handle that it needs, and `hold` is last.
inline bool well_formed(const scenario::thread& list) {
  holdings held(list);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!held.permit(list[i]) || list[i] == op_kind::quiescent) return false;
    if (list[i] == op_kind::hold && i + 1 != list.size()) return false;
    held.apply(list[i]);
  }
  return true;
}

/// The text form: `capacity 1: send drop_sender | recv recv`.
inline std::string to_string(const scenario& s) {
  std::string text = "capacity " + to_string(s.capacity) + ":";
  for (std::size_t t = 0; t < s.threads.size(); ++t) {
    if (t != 0) text += " |";
    for (op_kind kind : s.threads[t]) text.append(" ").append(to_string(kind));
  }
  return text;
}

inline std::ostream& operator<<(std::ostream& out, const scenario& s) { return out << to_string(s); }

/// Reads a number or `unbounded`. \throws std::invalid_argument  naming the text if it is neither.
inline std::optional<std::size_t> parse_capacity(std::string_view text) {
  if (text == "unbounded") return std::nullopt;
  if (const auto capacity = parse_number(text)) return capacity;
  throw std::invalid_argument("`" + std::string(text) + "` is no capacity: give a number or `unbounded`");
}

/// Reads the text form.
///
/// \throws std::invalid_argument  naming the word that is not understood, or the thread that is not well formed.
inline scenario parse_scenario(std::string_view text) {
  std::istringstream words{std::string(text)};
  scenario result;
  std::string word;
  std::string size;
  if (!(words >> word >> size) || word != "capacity" || !size.ends_with(':')) {
    throw std::invalid_argument("a scenario starts with `capacity N:` or `capacity unbounded:`, not `" +
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
    const auto kind = op_named(word);
    if (!kind) throw std::invalid_argument("`" + word + "` is no operation of a scenario");
    result.threads.back().push_back(*kind);
  }
  for (std::size_t t = 0; t < result.threads.size(); ++t) {
    if (well_formed(result.threads[t])) continue;
    throw std::invalid_argument("thread " + std::to_string(t) + " of `" + std::string(text) +
                                "` uses a handle that it has dropped, or continues after `hold`");
  }
  if (result.threads.size() > scenario::most_threads) {
    throw std::invalid_argument("a scenario has at most " + std::to_string(scenario::most_threads) + " threads, not " +
                                std::to_string(result.threads.size()));
  }
  return result;
}

}  // namespace sluice::harness
