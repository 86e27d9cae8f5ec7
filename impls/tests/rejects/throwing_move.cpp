// A message that could be lost half way.
#include <sluice/mpsc.hpp>

struct risky {
  risky(risky&&) noexcept(false) {}
};

auto made = sluice::mpsc::channel<risky>();
