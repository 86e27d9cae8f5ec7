// A message that must not change threads.
#include <sluice/broadcast.hpp>

struct window {
  int handle;
};
template <>
inline constexpr bool sluice::enable_send<window> = false;

void send() { (void)sluice::broadcast::channel<window>(1); }
