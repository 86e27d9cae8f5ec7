// Every receiver of a broadcast gets a copy.
#include <sluice/broadcast.hpp>

#include <memory>

auto made = sluice::broadcast::channel<std::unique_ptr<int>>(4);
