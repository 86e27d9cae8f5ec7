#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <type_traits>

/// What the sources of a channel call once `scripts/sluice mutate` has rewritten them: each call is one mutant or two,
/// of which a process has at most one, named by the environment (mutant schemata:
/// https://doi.org/10.1145/154183.154265).
///
/// In a constant expression, there is no mutant.
namespace sluice::source_mutant {

constexpr std::size_t most = 1 << 14;

/// The mutant of this process, and what it has executed.
class selection {
public:
  selection() {
    if (const char* text = std::getenv("SLUICE_SOURCE_MUTANT")) {
      const std::string_view digits(text);
      std::from_chars(digits.data(), digits.data() + digits.size(), chosen_);
    }
    file_ = std::getenv("SLUICE_SOURCE_MUTANTS_REACHED");
  }
  selection(const selection&) = delete;
  selection& operator=(const selection&) = delete;

  /// Appends the mutants that were reached to the file, one a line.
  ~selection() {
    if (!file_) return;
    std::ofstream out(file_, std::ios::app);
    for (std::size_t id = 0; id < most; ++id) {
      if (reached_[id]) out << id << "\n";
    }
  }

  bool on(std::uint32_t id) noexcept {
    if (file_) reached_[id] = true;
    return id == chosen_;
  }

private:
  std::uint32_t chosen_ = most;
  const char* file_ = nullptr;
  std::array<bool, most> reached_{};
};

inline selection selected;

/// Whether this process has the mutant.
constexpr bool on(std::uint32_t id) noexcept { return !std::is_constant_evaluated() && selected.on(id); }

/// A condition; the mutant negates it.
constexpr bool condition(std::uint32_t id, bool holds) noexcept { return holds != on(id); }

/// A literal, or the mutant's.
template <class T>
constexpr T literal(std::uint32_t id, T value, T mutated) noexcept {
  return on(id) ? mutated : value;
}

// Comparisons have two mutants: one treats equal operands the other way, one negates the result.
template <class A, class B>
constexpr bool less(std::uint32_t id, const A& a, const B& b) {
  return (on(id) ? a <= b : a < b) != on(id + 1);
}
template <class A, class B>
constexpr bool less_equal(std::uint32_t id, const A& a, const B& b) {
  return (on(id) ? a < b : a <= b) != on(id + 1);
}
template <class A, class B>
constexpr bool greater(std::uint32_t id, const A& a, const B& b) {
  return (on(id) ? a >= b : a > b) != on(id + 1);
}
template <class A, class B>
constexpr bool greater_equal(std::uint32_t id, const A& a, const B& b) {
  return (on(id) ? a > b : a >= b) != on(id + 1);
}

/// Of operands that have no opposite operation of the same type, such as iterators, there is no mutant.
template <class A, class B>
constexpr auto plus(std::uint32_t id, const A& a, const B& b) {
  if constexpr (requires { requires std::is_same_v<decltype(a + b), decltype(a - b)>; }) {
    if (on(id)) return a - b;
  }
  return a + b;
}
template <class A, class B>
constexpr auto minus(std::uint32_t id, const A& a, const B& b) {
  if constexpr (requires { requires std::is_same_v<decltype(a + b), decltype(a - b)>; }) {
    if (on(id)) return a + b;
  }
  return a - b;
}
template <class A, class B>
constexpr auto bits_of_both(std::uint32_t id, const A& a, const B& b) {
  if (on(id)) return a | b;
  return a & b;
}
template <class A, class B>
constexpr auto bits_of_either(std::uint32_t id, const A& a, const B& b) {
  if (on(id)) return a & b;
  return a | b;
}

}  // namespace sluice::source_mutant
