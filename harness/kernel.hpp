#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// What the kernel reports about this process's threads; on systems other than Linux, nothing.
namespace sluice::harness::kernel {

using thread_id = long;

inline thread_id this_thread() noexcept {
#if defined(__linux__)
  return syscall(SYS_gettid);
#else
  return 0;
#endif
}

/// Sends a signal to a thread of this process, if it is still there.
inline void signal([[maybe_unused]] thread_id thread, [[maybe_unused]] int number) noexcept {
#if defined(__linux__)
  syscall(SYS_tgkill, getpid(), thread, number);
#endif
}

namespace detail {

/// The first bytes of a file in /proc/self/task/THREAD; empty if there is none. Reading it allocates nothing.
class task_file {
public:
  task_file([[maybe_unused]] thread_id thread, [[maybe_unused]] const char* name) {
#if defined(__linux__)
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/task/%ld/%s", thread, name);
    const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    // The wanted line may be last, behind a long list of groups or processors.
    while (length_ < text_.size()) {
      const auto length = read(file, text_.data() + length_, text_.size() - length_);
      if (length <= 0) break;
      length_ += static_cast<std::size_t>(length);
    }
    close(file);
#endif
  }
  std::string_view text() const noexcept { return {text_.data(), length_}; }

  /// The text after `key` up to the end of the line, without leading blanks.
  std::string_view value_of(std::string_view key) const noexcept {
    const auto found = text().find(key);
    if (found == std::string_view::npos) return {};
    std::string_view rest = text().substr(found + key.size());
    rest = rest.substr(0, rest.find('\n'));
    return rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
  }

private:
  std::array<char, 16'384> text_;
  std::size_t length_ = 0;
};

}  // namespace detail

/// Whether the kernel tells which threads sleep without a deadline.
#if defined(__linux__)
inline constexpr bool reports_sleepers = true;
#else
inline constexpr bool reports_sleepers = false;
#endif

/// A thread's state as proc(5) abbreviates it; a blank if it is not known.
inline char state(thread_id thread) {
  const detail::task_file stat(thread, "stat");
  const auto name_end = stat.text().rfind(") ");
  return name_end != std::string_view::npos && name_end + 2 < stat.text().size() ? stat.text()[name_end + 2] : ' ';
}

/// Whether a thread sleeps now, for any reason but a disk.
inline bool asleep(thread_id thread) { return state(thread) == 'S'; }

/// How often a thread has fallen asleep so far; nullopt if it is not asleep.
inline std::optional<std::uint64_t> sleeps(thread_id thread) {
  const detail::task_file status(thread, "status");
  if (!status.value_of("\nState:").starts_with("S")) return std::nullopt;
  const auto number = status.value_of("\nvoluntary_ctxt_switches:");
  std::uint64_t count = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), count).ec != std::errc{}) return std::nullopt;
  return count;
}

/// What keeps the threads of this process that are alive from running, other than each other.
struct stalls {
  std::chrono::nanoseconds waited{0};  ///< for a processor so far, all threads together
  bool on_disk = false;                ///< one of them waits for a disk now, such as for its memory
};

namespace detail {

/// Calls `visit` with each thread of this process.
template <class Visit>
void each_thread([[maybe_unused]] Visit visit) {
#if defined(__linux__)
  DIR* const tasks = opendir("/proc/self/task");
  if (!tasks) return;
  while (const dirent* task = readdir(tasks)) {
    thread_id thread = 0;
    const std::string_view name = task->d_name;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc{}) visit(thread);
  }
  closedir(tasks);
#endif
}

}  // namespace detail

inline stalls stalls_of_process() {
  stalls found;
  detail::each_thread([&](thread_id thread) {
    // Time on a processor, time in its queue, turns.
    const detail::task_file statistics(thread, "schedstat");
    const std::string_view text = statistics.text();
    std::int64_t waited = 0;
    std::from_chars(text.data() + std::min(text.find(' ') + 1, text.size()), text.data() + text.size(), waited);
    found.waited += std::chrono::nanoseconds(waited);
    found.on_disk |= state(thread) == 'D';
  });
  return found;
}

/// A thread, and whether the deadline of its operation is so far away that it counts as none.
struct blocked_thread {
  thread_id thread;
  bool far_deadline;
};

namespace detail {

/// The system call that a thread is in, as /proc writes it: its number and arguments, separated by blanks.
class system_call {
public:
  explicit system_call(thread_id thread) : file_(thread, "syscall"), words_(file_.text()) {}

  /// It refers to this object.
  std::string_view next_word() & noexcept {
    const auto word = words_.substr(0, words_.find(' '));
    words_.remove_prefix(std::min(words_.size(), word.size() + 1));
    return word;
  }

private:
  task_file file_;
  std::string_view words_;
};

}  // namespace detail

/// Whether a thread sleeps on a futex without a timeout, so that only another thread can wake it.
inline bool asleep_for_good([[maybe_unused]] blocked_thread s) {
#if defined(__linux__)
  detail::system_call call(s.thread);
  if (call.next_word() != std::to_string(SYS_futex)) return false;
  for (int address_operation_value = 0; address_operation_value < 3; ++address_operation_value) call.next_word();
  return s.far_deadline || call.next_word() == "0x0";
#else
  return false;
#endif
}

/// Whether a thread is asleep only until it looks again at what it is to do.
inline bool polls([[maybe_unused]] thread_id thread) {
#if defined(__linux__)
  detail::system_call call(thread);
  const auto number = call.next_word();
  return number == std::to_string(SYS_nanosleep) || number == std::to_string(SYS_clock_nanosleep);
#else
  return false;
#endif
}

/// Whether at one instant all of these threads slept without a timeout: then they sleep until another thread wakes one.
///
/// A thread that is asleep at two observations and has not fallen asleep in between has slept throughout; observing all
/// of them twice, in the same order, gives one instant at which all slept.
///
/// \param others_too  whether every other thread of the process but the calling one must have slept then as well,
/// perhaps
///                    with a timeout, but not to poll: one of them may wake these.
inline bool all_asleep_for_good(const std::vector<blocked_thread>& threads, bool others_too) {
  using observation = std::vector<std::pair<thread_id, std::uint64_t>>;
  const auto observe = [&]() -> std::optional<observation> {
    observation seen;
    for (const blocked_thread& s : threads) {
      const auto count = sleeps(s.thread);
      if (!count) return std::nullopt;
      seen.emplace_back(s.thread, *count);
    }
    bool asleep = true;
    if (others_too) {
      detail::each_thread([&](thread_id thread) {
        if (!asleep || thread == this_thread()) return;
        const auto count = sleeps(thread);
        asleep = count && !polls(thread);
        if (asleep) seen.emplace_back(thread, *count);
      });
    }
    return asleep ? std::optional(std::move(seen)) : std::nullopt;
  };
  const auto before = observe();
  return before && std::ranges::all_of(threads, asleep_for_good) && observe() == before;
}

/// Pins the calling thread to one processor, or to all that the process may use. Best effort.
inline void stay_on([[maybe_unused]] std::optional<int> processor) noexcept {
#if defined(__linux__)
  static const cpu_set_t all = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(getpid(), sizeof set, &set);
    return set;
  }();
  cpu_set_t one;
  CPU_ZERO(&one);
  if (processor) CPU_SET(static_cast<std::size_t>(*processor), &one);
  sched_setaffinity(0, sizeof(cpu_set_t),
                    processor && CPU_ISSET(static_cast<std::size_t>(*processor), &all) ? &one : &all);
#endif
}

}  // namespace sluice::harness::kernel
