#include <models/platform.hpp>
#include <models/shadow/crashes.hpp>

#include <models/shadow/call_site.hpp>

#include <signal.h>

namespace sluice::models::shadow {
namespace {

/// Runs on the stack of the fiber that crashed, and leaves it for good.
void fail_execution(int signal) {
  if (!rl::is_ctx() || !rl::ctx().threadx_) {
    ::signal(signal, SIG_DFL);
    return;
  }
  platform::expects(false,
                    signal == SIGFPE ? "the channel divides by zero"
                    : signal == SIGILL
                        ? "the channel executes an illegal instruction"
                        : "the channel accesses memory that it must not: a pointer is null, stale or wild",
                    innermost_place());
}

}  // namespace

void catch_crashes() {
  struct sigaction action {};
  action.sa_handler = fail_execution;
  // The handler never returns, so its own signal must not stay blocked.
  action.sa_flags = SA_NODEFER;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigaction(signal, &action, nullptr);
}

}  // namespace sluice::models::shadow
