#include <models/platform.hpp>
#include <models/shadow/call_site.hpp>
#include <models/shadow/clocks.hpp>
#include <models/shadow/thread_storage.hpp>

#include <chrono>
#include <ctime>

#include <sys/syscall.h>
#include <unistd.h>

/// The C library's clock, on which the standard library's are built: in a model it shows the model's time. So
/// std::chrono's types keep their names.
extern "C" int clock_gettime(clockid_t clock, std::timespec* shown) noexcept {
  using namespace sluice::models::shadow;
  using namespace std::chrono;
  // The watchdog asks, too: only modelled threads may read what follows.
  if (!in_thread_storage() || !sluice::platform::model::playing) {
    return static_cast<int>(syscall(SYS_clock_gettime, clock, shown));
  }
  const auto since = now(innermost_place()).time_since_epoch();
  const auto whole = duration_cast<seconds>(since);
  shown->tv_sec = whole.count();
  shown->tv_nsec = nanoseconds(since - whole).count();
  return 0;
}
