// A message whose destructor could throw while a channel destroys it.
#include <sluice/mpsc.hpp>

struct explosive {
  explosive(explosive&&) noexcept;
  ~explosive() noexcept(false);
};

auto made = sluice::mpsc::channel<explosive>();
