#pragma once

#include <models/mutants.hpp>
#include <models/platform/observed_steps.hpp>

namespace sluice::inline SLUICE_ABI::platform {

namespace model {

/// The threads that have started, and whether any has executed a fence on behalf of all.
inline std::array<rl::thread_info_base*, 16> fibers{};
inline bool fenced = false;

/// A full fence on behalf of a thread, which need not be the running one.
inline void fence_of(rl::thread_info_base& thread) {
  rl::context& c = rl::ctx();
  rl::preemption_disabler together(c);
  rl::thread_info_base* const self = std::exchange(c.threadx_, &thread);
  c.atomic_thread_fence_seq_cst();
  c.threadx_ = self;
}

/// The running thread starts: earlier fences on behalf of all threads apply to it.
inline void started() {
  rl::thread_info_base& self = *rl::ctx().threadx_;
  fibers[static_cast<std::size_t>(self.index_)] = &self;
  if (fenced) fence_of(self);
}

}  // namespace model

inline void full_fence(location where = location::current()) {
  if (models::mutation_sites.mutated(models::role::fence, where)) return;
  model::fence_of(*rl::ctx().threadx_);
  model::did(model::access::write, &model::fenced, where);
}

/// As on a system whose kernel fences on behalf of all threads.
class asymmetric_fence {
public:
  void light(location = location::current()) const noexcept {}

  void heavy(location where = location::current()) const {
    model::schedule_before(model::access::fence, &model::fenced, where);
    if (models::mutation_sites.mutated(models::role::fence, where)) return;
    model::fenced = true;
    model::fence_of(*rl::ctx().threadx_);
    for (rl::thread_info_base* other : model::fibers) {
      if (other && other != rl::ctx().threadx_) model::fence_of(*other);
    }
    model::fence_of(*rl::ctx().threadx_);
    model::did(model::access::fence, &model::fenced, where);
  }
};

}  // namespace sluice::inline SLUICE_ABI::platform
