// A message that must not change threads.
#include <sluice/oneshot.hpp>

struct window {
  int handle;
};
template <>
inline constexpr bool sluice::enable_send<window> = false;

void send() { (void)sluice::oneshot::channel<window>(); }
