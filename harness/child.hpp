#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::harness {

/// Runs an executable to its end, without input or output.
/// \returns  its exit code; 128 + n if signal n ended it; 128 if it exceeded the limit and was killed.
/// \throws std::runtime_error  if it cannot be started.
inline int run_child(const std::vector<std::string>& command, std::chrono::seconds limit) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = posix_spawn(&child, command.front().c_str(), &quiet, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  if (error != 0) throw std::runtime_error("cannot start " + command.front());
  const auto end = std::chrono::steady_clock::now() + limit;
  int ending = 0;
  while (waitpid(child, &ending, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    kill(child, SIGKILL);
    waitpid(child, &ending, 0);
    return 128;
  }
  return WIFEXITED(ending) ? WEXITSTATUS(ending) : 128 + WTERMSIG(ending);
}

/// The path of the running executable.
inline std::string this_executable() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace sluice::harness
