#pragma once

#include <harness/kernel.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#if __has_include(<execinfo.h>)
#include <execinfo.h>
#endif
#include <unistd.h>

/// A channel that crashes or hangs takes the process with it, so the process is replaced by one that goes on.
namespace sluice::properties::crash {

/// The last word of the new process's command if no scenario is to be shrunk.
inline constexpr const char* no_scenario = "-";

namespace detail {

struct successor {
  std::string path;
  std::vector<std::string> words;
  std::vector<char*> arguments;
  std::array<char, 3> signal{};
  const char* (*running)() = nullptr;
};

inline successor next;

/// Replaces the process image; returns only on failure. Async-signal-safe.
inline void become_successor(int signal, const char* scenario) {
  next.signal = {static_cast<char>('0' + signal / 10), static_cast<char>('0' + signal % 10), '\0'};
  auto last = next.arguments.end() - 4;
  *last++ = next.signal.data();
  *last++ = const_cast<char*>("--shrink");
  *last = const_cast<char*>(*scenario == '\0' ? no_scenario : scenario);
  execv(next.path.c_str(), next.arguments.data());
}

inline void print_backtrace() {
#if __has_include(<execinfo.h>)
  std::array<void*, 64> frames{};
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), static_cast<int>(frames.size())), STDERR_FILENO);
#endif
}

inline void on_crash(int signal) {
  print_backtrace();
  // The new process would inherit the blocked signal.
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, signal);
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  harness::kernel::stay_on(std::nullopt);
  if (next.running) become_successor(signal, next.running());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace detail

/// From now on, a crash prints a backtrace and executes `command` with `--signal N --shrink SCENARIO`.
///
/// \param running  the scenario that is being executed, or an empty string.
inline void succeeded_by(std::vector<std::string> command, const char* (*running)()) {
  // Records all processors now: the thread may be pinned to one when it crashes.
  harness::kernel::stay_on(std::nullopt);
  auto& next = detail::next;
  next.path = command.front();
  next.words = std::move(command);
  next.words.emplace_back("--signal");
  next.arguments.clear();
  for (auto& word : next.words) next.arguments.push_back(word.data());
  next.arguments.insert(next.arguments.end(), 4, nullptr);
  next.running = running;
  // AddressSanitizer reports a crash better than we can.
#if !defined(__SANITIZE_ADDRESS__)
#if __has_include(<execinfo.h>)
  // The first call loads a library, which a signal handler must not.
  std::array<void*, 1> frame{};
  backtrace(frame.data(), 1);
#endif
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction action {};
    action.sa_handler = detail::on_crash;
    sigaction(signal, &action, nullptr);
  }
#endif
}

/// From now on, a crash ends the process.
inline void disable() noexcept { detail::next.running = nullptr; }

/// Replaces the process by its successor, without a crash; returns only on failure.
///
/// \param scenario  is to be shrunk, unless it is empty.
inline void start_successor(const std::string& scenario) { detail::become_successor(0, scenario.c_str()); }

}  // namespace sluice::properties::crash
