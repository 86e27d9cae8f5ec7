#pragma once

#include <models/platform/observed_steps.hpp>

namespace sluice::inline SLUICE_ABI::platform {

/// Tracks an object's lifetime: Relacy reports an access that is not ordered after its construction and before its
/// destruction as a race.
class lifetime {
public:
  lifetime() {
    alive_(RL_INFO).store(1);
    model::did(model::access::write, this, location::current());
  }
  ~lifetime() {
    alive_(RL_INFO).store(0);
    model::did(model::access::write, this, location::current());
  }
  void used(const rl::debug_info& where) const { (void)alive_(where).load(); }

private:
  rl::var<int> alive_;
};

}  // namespace sluice::inline SLUICE_ABI::platform
