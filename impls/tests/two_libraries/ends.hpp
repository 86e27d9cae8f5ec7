#pragma once

#include <sluice/mpmc.hpp>

/// The two ends of a channel, each compiled into a shared library of its own whose other symbols are hidden.
[[gnu::visibility("default")]] void send_all(sluice::mpmc::sender<int>& to, int count);
[[gnu::visibility("default")]] long receive_all(sluice::mpmc::receiver<int>& from);
