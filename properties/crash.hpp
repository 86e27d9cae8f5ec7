#pragma once

#include <harness/kernel.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include <unistd.h>

/// A channel that crashes takes the test with it, so the test begins anew as the one that makes the program smaller.
namespace sluice::properties::crash {

namespace detail {

struct successor {
  std::string path;
  std::vector<std::string> words;
  std::vector<char*> arguments;
  const char* (*last_word)() = nullptr;
};

inline successor next;

/// Becomes another program. Calls nothing that a signal handler may not call.
inline void become_successor() {
  if (!next.last_word || *next.last_word() == '\0') return;
  next.arguments[next.arguments.size() - 2] = const_cast<char*>(next.last_word());
  execv(next.path.c_str(), next.arguments.data());
}

inline void on_crash(int signal) {
  // The new program would begin with the signal blocked.
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

/// From here on, a crash runs `command` with one more word: what was running, if `last_word` gives any.
inline void succeeded_by(std::vector<std::string> command, const char* (*last_word)()) {
  // Takes note of all processors now: a crash may come while the thread is held to one.
  harness::kernel::stay_on(std::nullopt);
  auto& next = detail::next;
  next.path = command.front();
  next.words = std::move(command);
  next.arguments.clear();
  for (auto& word : next.words) next.arguments.push_back(word.data());
  next.arguments.insert(next.arguments.end(), {nullptr, nullptr});
  next.last_word = last_word;
  // The sanitizers tell more of a crash than we can.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction action {};
    action.sa_handler = detail::on_crash;
    sigaction(signal, &action, nullptr);
  }
#endif
}

/// No successor any more: a crash is a crash.
inline void alone() noexcept { detail::next.last_word = nullptr; }

/// Begins anew in the successor; returns only if it cannot.
inline void begin_anew() { detail::become_successor(); }

}  // namespace sluice::properties::crash
