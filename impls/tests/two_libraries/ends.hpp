#pragma once

#include <sluice/spsc.hpp>

/// The two ends of a channel, each compiled into a shared library of its own whose other symbols are hidden.
[[gnu::visibility("default")]] void send_all(sluice::spsc::sender<int>& to, int count);
[[gnu::visibility("default")]] long receive_all(sluice::spsc::receiver<int>& from);
