// Nothing to wait for, and no end to it.
#include <sluice/select.hpp>

void wait() { sluice::select(); }
