#pragma once

#include <harness/kernel.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include <unistd.h>

/// A channel that crashes takes the process with it, so the process is replaced by one that shrinks the scenario.
namespace sluice::properties::crash {

namespace detail {

struct successor {
  std::string path;
  std::vector<std::string> words;
  std::vector<char*> arguments;
  const char* (*last_word)() = nullptr;
};

inline successor next;

/// Replaces the process image. Async-signal-safe.
inline void become_successor() {
  if (!next.last_word || *next.last_word() == '\0') return;
  next.arguments[next.arguments.size() - 2] = const_cast<char*>(next.last_word());
  execv(next.path.c_str(), next.arguments.data());
}

inline void on_crash(int signal) {
  // The new process would inherit the blocked signal.
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, signal);
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  harness::kernel::stay_on(std::nullopt);
  become_successor();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace detail

/// From now on, a crash executes `command` with one more argument, `last_word()`, if that is not empty.
inline void succeeded_by(std::vector<std::string> command, const char* (*last_word)()) {
  // Records all processors now: the thread may be pinned to one when it crashes.
  harness::kernel::stay_on(std::nullopt);
  auto& next = detail::next;
  next.path = command.front();
  next.words = std::move(command);
  next.arguments.clear();
  for (auto& word : next.words) next.arguments.push_back(word.data());
  next.arguments.insert(next.arguments.end(), {nullptr, nullptr});
  next.last_word = last_word;
  // AddressSanitizer reports a crash better than we can.
#if !defined(__SANITIZE_ADDRESS__)
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction action {};
    action.sa_handler = detail::on_crash;
    sigaction(signal, &action, nullptr);
  }
#endif
}

/// From now on, a crash ends the process.
inline void disable() noexcept { detail::next.last_word = nullptr; }

/// Replaces the process by its successor; returns only on failure.
inline void start_successor() { detail::become_successor(); }

}  // namespace sluice::properties::crash
