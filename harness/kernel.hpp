#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#if defined(__linux__)
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// What the kernel knows of this process's threads. Elsewhere than on Linux, nothing.
namespace sluice::harness::kernel {

using thread_id = long;

inline thread_id this_thread() noexcept {
#if defined(__linux__)
  return syscall(SYS_gettid);
#else
  return 0;
#endif
}

namespace detail {

/// A file of /proc/self/task/THREAD, as far as it fits; empty if there is none.
class task_file {
public:
  task_file([[maybe_unused]] thread_id thread, [[maybe_unused]] const char* name) {
#if defined(__linux__)
    const std::string path = "/proc/self/task/" + std::to_string(thread) + "/" + name;
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    // What is sought may stand last, behind a long list of groups or processors.
    while (length_ < text_.size()) {
      const auto length = read(file, text_.data() + length_, text_.size() - length_);
      if (length <= 0) break;
      length_ += static_cast<std::size_t>(length);
    }
    close(file);
#endif
  }
  std::string_view text() const noexcept { return {text_.data(), length_}; }

  /// What follows `key`, up to the end of the line, without blanks before it.
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

/// Whether it can be known who sleeps for good.
#if defined(__linux__)
inline constexpr bool knows_sleepers = true;
#else
inline constexpr bool knows_sleepers = false;
#endif

/// Whether a thread sleeps at this moment, for whatever reason.
inline bool asleep(thread_id thread) {
  const detail::task_file stat(thread, "stat");
  const auto name_end = stat.text().rfind(')');
  return name_end != std::string_view::npos && stat.text().substr(name_end).starts_with(") S");
}

/// How often a thread has fallen asleep so far; nullopt if it does not sleep now.
inline std::optional<std::uint64_t> sleeps(thread_id thread) {
  const detail::task_file status(thread, "status");
  if (!status.value_of("\nState:").starts_with("S")) return std::nullopt;
  const auto number = status.value_of("\nvoluntary_ctxt_switches:");
  std::uint64_t count = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), count).ec != std::errc{}) return std::nullopt;
  return count;
}

/// A thread, and whether a time limit of its sleep is so far away that it counts as none.
struct suspect {
  thread_id thread;
  bool limit_is_far;
};

/// Whether a thread sleeps on a futex with no time limit, so that nothing but another thread can wake it.
inline bool asleep_for_good([[maybe_unused]] suspect s) {
#if defined(__linux__)
  const detail::task_file call(s.thread, "syscall");
  std::string_view words = call.text();
  const auto next_word = [&] {
    const auto word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    return word;
  };
  if (next_word() != std::to_string(SYS_futex)) return false;
  for (int address_operation_value = 0; address_operation_value < 3; ++address_operation_value) next_word();
  return s.limit_is_far || next_word() == "0x0";
#else
  return false;
#endif
}

/// Whether at one instant all of these threads slept for good: then they all sleep until somebody else wakes one.
///
/// A thread that sleeps at two looks and has not fallen asleep in between has slept all the time, and the instants of
/// all are made one by looking at each before and after all others.
inline bool all_asleep_for_good(const std::vector<suspect>& suspects) {
  std::vector<std::uint64_t> before;
  for (const suspect& s : suspects) {
    const auto count = sleeps(s.thread);
    if (!count) return false;
    before.push_back(*count);
  }
  return std::ranges::all_of(suspects, asleep_for_good) &&
         std::ranges::equal(suspects, before,
                            [](const suspect& s, std::uint64_t count) { return sleeps(s.thread) == count; });
}

/// Lets the calling thread run on one processor only, or again on all that the process was given. Does its best.
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
