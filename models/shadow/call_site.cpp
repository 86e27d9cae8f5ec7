#include <models/platform.hpp>
#include <models/shadow/call_site.hpp>

#include <models/scheduler.hpp>

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <unwind.h>

#ifdef SLUICE_HAS_BACKTRACE
// libbacktrace, which GCC brings, with a header that other compilers do not find.
extern "C" {
using backtrace_error = void (*)(void*, const char*, int);
using backtrace_full = int (*)(void*, std::uintptr_t, const char*, int, const char*);
struct backtrace_state;
backtrace_state* backtrace_create_state(const char*, int, backtrace_error, void*);
int backtrace_pcinfo(backtrace_state*, std::uintptr_t, backtrace_full, backtrace_error, void*);
}
#endif

namespace sluice::models::shadow {
namespace {

/// What std::source_location points to, in libstdc++ and libc++: the compilers fill it in.
struct place {
  const char* file = "";
  const char* function = "";
  unsigned line = 0;
  unsigned column = 0;
};

struct named_place {
  std::string file;
  std::string function;
  place found;
};

/// Whether a file is the model checker's own.
bool is_ours(std::string_view file) {
  static constexpr std::string_view here = __FILE__;
  static constexpr std::string_view folder = here.substr(0, here.rfind("shadow/"));
  const bool inside = file.starts_with(folder);
  const std::string_view rest = inside ? file.substr(folder.size()) : file;
  return (inside && (rest.starts_with("shadow/") || rest.find('/') == std::string_view::npos)) ||
         file.find("/relacy/") != std::string_view::npos;
}

#ifdef SLUICE_HAS_BACKTRACE
/// Of inlined functions the innermost comes first: takes the first that is not ours, or else the last.
int take_place(void* out, std::uintptr_t, const char* file, int line, const char* function) {
  auto& to = *static_cast<named_place*>(out);
  to.file = file ? file : "";
  to.function = function ? function : "";
  to.found.line = static_cast<unsigned>(line);
  return file && !is_ours(file) ? 1 : 0;
}
#endif

std::unique_ptr<named_place> find([[maybe_unused]] std::uintptr_t address) {
  auto found = std::make_unique<named_place>();
#ifdef SLUICE_HAS_BACKTRACE
  static backtrace_state* const state = backtrace_create_state(
      nullptr, 0, [](void*, const char*, int) {}, nullptr);
  // The call is the instruction before the one to which it returns.
  backtrace_pcinfo(
      state, address - 1, take_place, [](void*, const char*, int) {}, found.get());
#endif
  found->found.file = found->file.c_str();
  found->found.function = found->function.c_str();
  return found;
}

const named_place& place_of(std::uintptr_t address) {
  static std::unordered_map<std::uintptr_t, std::unique_ptr<named_place>> known;
  auto& site = known[address];
  if (!site) site = find(address);
  return *site;
}

platform::location location_of(const named_place& at) {
  static_assert(sizeof(platform::location) == sizeof(const place*));
  return std::bit_cast<platform::location>(&at.found);
}

_Unwind_Reason_Code take_frame(_Unwind_Context* frame, void* out) {
  int interrupted = 0;
  const auto address = static_cast<std::uintptr_t>(_Unwind_GetIPInfo(frame, &interrupted));
  const named_place& at = place_of(address + (interrupted ? 1 : 0));
  if (at.file.empty() || is_ours(at.file) || at.file.find("/c++/") != std::string::npos) return _URC_NO_REASON;
  *static_cast<platform::location*>(out) = location_of(at);
  return _URC_NORMAL_STOP;
}

}  // namespace

platform::location call_site(const void* address) {
  const own_memory ours;
  return location_of(place_of(reinterpret_cast<std::uintptr_t>(address)));
}

platform::location innermost_place() {
  const own_memory ours;
  platform::location found{};
  _Unwind_Backtrace(take_frame, &found);
  return found;
}

}  // namespace sluice::models::shadow
