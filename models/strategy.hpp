#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::models {

/// A scheduling point: the threads that can run next.
struct scheduling_point {
  static constexpr std::size_t most = 16;

  /// First the runnable threads, the running one before the others if it can continue; then those whose sleep can time
  /// out; then those whose sleep can end spuriously.
  std::array<std::uint8_t, most> threads{};
  unsigned runnable = 0;
  unsigned expiring = 0;
  unsigned spurious = 0;
  unsigned yielded = 0;    ///< threads that have yielded and have seen no change since, one bit each: not offered
  bool continues = false;  ///< the first thread is the running one: choosing another preempts it
  bool yields = false;     ///< the running thread has yielded

  unsigned count() const noexcept { return runnable + expiring + spurious; }
  /// So many of the first are no deviation.
  unsigned free() const noexcept { return continues ? 1 : runnable != 0 ? runnable : expiring; }
};

/// The other kinds of choices.
enum class choice_kind : std::uint8_t {
  staleness,  ///< 1: a load returns the value before the newest it may
  failure,    ///< 1: a weak compare-and-swap fails spuriously, or a woken thread is late
  reuse,      ///< 1: freed memory is not reused for a while
  peer,       ///< which of several equivalent ones; never a deviation
};

/// A search strategy: makes the choices of one execution after the other.
class strategy {
public:
  virtual ~strategy() = default;

  /// Before an execution.
  virtual void begin() = 0;
  /// \returns  less than `t.count()`.
  virtual unsigned next(const scheduling_point& t) = 0;
  /// \returns  less than `count`.
  virtual unsigned pick(choice_kind about, unsigned count) = 0;
  /// After an execution that passed. \returns  whether there is to be another.
  virtual bool more() = 0;
};

}  // namespace sluice::models
