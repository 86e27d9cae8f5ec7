#pragma once

/// Diagnosis of receives that never return: in programs built with SLUICE_DIAGNOSE, sender handles remember the line
/// that made them.
///
/// Without it every type here is empty and every function does nothing.
#if defined(SLUICE_DIAGNOSE)

#include <sluice/core.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/platform.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <list>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

/// The default of a parameter of type sluice::detail::origin: the caller's line.
#define SLUICE_HERE std::source_location::current()

namespace sluice {

/// When and how a long receive is reported. Set it before channels are used.
struct diagnosis {
  static inline std::chrono::milliseconds report_after{5000};
  static inline void (*report)(std::string_view text) = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
  };
};

namespace detail {

class origin {
public:
  explicit(false) origin(std::source_location where) : where_(where) {}
  std::string text() const { return std::string(where_.file_name()) + ":" + std::to_string(where_.line()); }

private:
  std::source_location where_;
};

/// The live senders of one channel, in the order in which they were made.
class sender_registry {
public:
  using place = std::list<origin>::iterator;

  explicit sender_registry(origin made) : made_(made) {}

  place enter(origin where) {
    platform::unique_lock guard(mutex_);
    return senders_.insert(senders_.end(), where);
  }
  void leave(place at) {
    platform::unique_lock guard(mutex_);
    senders_.erase(at);
  }

  bool empty() const {
    platform::unique_lock guard(mutex_);
    return senders_.empty();
  }

  std::string account(std::size_t buffered, std::optional<std::size_t> capacity) const {
    platform::unique_lock guard(mutex_);
    std::string text = "sluice: a receive has waited " + std::to_string(diagnosis::report_after.count()) +
                       " ms on the channel made at " + made_.text() + " (" +
                       (capacity ? "capacity " + std::to_string(*capacity) : "unbounded") + ", " +
                       std::to_string(buffered) + " buffered). It ends with a message, or when these senders go:\n";
    for (const origin& sender : senders_) text += "  made at " + sender.text() + "\n";
    return text;
  }

private:
  mutable platform::mutex mutex_;
  const origin made_;
  std::list<origin> senders_;
};

/// Calls `receive(deadline)`, and reports once if it takes longer than `diagnosis::report_after`.
template <class Core, class Receive>
status receive_watched(const sender_registry& senders, const Core& core, deadline until, Receive receive) {
  if (const deadline suspicious = after(diagnosis::report_after); suspicious < until) {
    const status early = receive(suspicious);
    if (early != status::timeout) return early;
    if (!senders.empty()) diagnosis::report(senders.account(core.size(), core.capacity()));
  }
  return receive(until);
}

}  // namespace detail
}  // namespace sluice

#else

#define SLUICE_HERE \
  {}

namespace sluice::detail {

struct origin {};

struct sender_registry {
  struct place {};
  explicit sender_registry(origin) noexcept {}
  place enter(origin) const noexcept { return {}; }
  void leave(place) const noexcept {}
};

template <class Core, class Deadline, class Receive>
auto receive_watched(const sender_registry&, const Core&, Deadline until, Receive receive) {
  return receive(until);
}

}  // namespace sluice::detail

#endif
