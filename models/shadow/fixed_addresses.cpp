#include <models/shadow/fixed_addresses.hpp>

#ifdef __linux__
#include <sys/personality.h>
#include <unistd.h>
#endif

namespace sluice::models::shadow {

void fix_addresses([[maybe_unused]] char** argv) {
#ifdef __linux__
  constexpr unsigned long only_asked = 0xffffffff;
  const int now = personality(only_asked);
  if (now == -1 || (now & ADDR_NO_RANDOMIZE) != 0) return;
  if (personality(static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE) != -1) execv("/proc/self/exe", argv);
#endif
}

}  // namespace sluice::models::shadow
