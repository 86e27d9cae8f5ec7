#pragma once

/// Diagnosis of receives that never return: where a program defines SLUICE_DIAGNOSE, channels and senders are recorded
/// with the lines that made them.
///
/// The records are kept beside the channels and not in them, so units with and without SLUICE_DIAGNOSE may be linked
/// together; then senders may be missing from reports, or stay in them.
#include <sluice/core.hpp>
#include <sluice/detail/abi.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/platform.hpp>

#include <source_location>

#if defined(SLUICE_DIAGNOSE)
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#endif

namespace sluice::inline SLUICE_ABI::detail {

/// The line that makes a channel or a handle: as a parameter, its default is the caller's.
using origin = std::source_location;

}  // namespace sluice::inline SLUICE_ABI::detail

#if defined(SLUICE_DIAGNOSE)

namespace sluice::inline SLUICE_ABI {

/// When and how a long receive is reported. Set it before channels are used.
struct SLUICE_VISIBLE diagnosis {
  static inline std::chrono::milliseconds report_after{5000};
  static inline void (*report)(std::string_view text) = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
  };
};

namespace detail {

/// The channels of this process and their senders, each in the order in which they were made.
class SLUICE_VISIBLE sender_registry {
public:
  static void create(const void* channel, origin where) {
    platform::unique_lock guard(all().mutex_);
    all().channels_.insert_or_assign(channel, record{where, {}});
  }
  static void destroy(const void* channel) {
    platform::unique_lock guard(all().mutex_);
    all().channels_.erase(channel);
  }

  static void enter(const void* channel, const void* handle, origin where) {
    platform::unique_lock guard(all().mutex_);
    if (record* const found = all().find(channel)) found->senders.push_back({handle, where});
  }
  static void move(const void* channel, const void* from, const void* to) {
    platform::unique_lock guard(all().mutex_);
    if (record* const found = all().find(channel)) {
      for (sender& s : found->senders) {
        if (s.handle == from) s.handle = to;
      }
    }
  }
  static void leave(const void* channel, const void* handle) {
    platform::unique_lock guard(all().mutex_);
    if (record* const found = all().find(channel)) {
      std::erase_if(found->senders, [&](const sender& s) { return s.handle == handle; });
    }
  }

  /// What a receive waits for; empty if no sender is known.
  static std::string account(const void* channel, std::size_t buffered, std::optional<std::size_t> capacity) {
    platform::unique_lock guard(all().mutex_);
    const record* const found = all().find(channel);
    if (!found || found->senders.empty()) return {};
    std::string text = "sluice: a receive has waited " + std::to_string(diagnosis::report_after.count()) +
                       " ms on the channel made at " + line(found->made) + " (" +
                       (capacity ? "capacity " + std::to_string(*capacity) : "unbounded") + ", " +
                       std::to_string(buffered) +
                       " buffered). It ends with a message, or when these senders disconnect:\n";
    for (const sender& s : found->senders) text += "  made at " + line(s.made) + "\n";
    return text;
  }

private:
  struct sender {
    const void* handle;
    origin made;
  };
  struct record {
    origin made;
    std::vector<sender> senders;
  };

  // Never destroyed: channels may outlive static objects.
  static sender_registry& all() {
    static auto& registry = *new sender_registry;
    return registry;
  }

  record* find(const void* channel) {
    const auto at = channels_.find(channel);
    return at == channels_.end() ? nullptr : &at->second;
  }

  static std::string line(origin where) { return std::string(where.file_name()) + ":" + std::to_string(where.line()); }

  platform::mutex mutex_;
  std::map<const void*, record> channels_;
};

/// Calls `receive(deadline)`, and reports once if it takes longer than `diagnosis::report_after`.
template <class Core, class Receive>
status receive_watched(const void* channel, const Core& core, deadline until, Receive receive) {
  if (const deadline suspicious = after(diagnosis::report_after); suspicious < until) {
    const status early = receive(suspicious);
    if (early != status::timeout) return early;
    const std::string account = sender_registry::account(channel, core.size(), core.capacity());
    if (!account.empty()) diagnosis::report(account);
  }
  return receive(until);
}

}  // namespace detail
}  // namespace sluice::inline SLUICE_ABI

#else

namespace sluice::inline SLUICE_ABI::detail {

struct sender_registry {
  static void create(const void*, origin) noexcept {}
  static void destroy(const void*) noexcept {}
  static void enter(const void*, const void*, origin) noexcept {}
  static void move(const void*, const void*, const void*) noexcept {}
  static void leave(const void*, const void*) noexcept {}
};

template <class Core, class Receive>
status receive_watched(const void*, const Core&, deadline until, Receive receive) {
  return receive(until);
}

}  // namespace sluice::inline SLUICE_ABI::detail

#endif
