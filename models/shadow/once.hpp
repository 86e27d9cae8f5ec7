#pragma once

#include <models/shadow/locks.hpp>

#include <cstdint>
#include <functional>
#include <utility>

/// std::call_once, modelled.
namespace sluice::models::shadow {

class once_flag {
public:
  constexpr once_flag() noexcept = default;
  once_flag(const once_flag&) = delete;
  once_flag& operator=(const once_flag&) = delete;

private:
  template <class F, class... Arguments>
  friend void modelled_call_once(once_flag& flag, F&& what, Arguments&&... arguments);

  enum : std::uint64_t { never, begun, done };

  waited_word state_{never};
};

/// A call that throws counts as none.
template <class F, class... Arguments>
[[gnu::noinline]] void modelled_call_once(once_flag& flag, F&& what, Arguments&&... arguments) {
  const location where = SLUICE_CALLER;
  std::uint64_t before = once_flag::never;
  (void)flag.state_.change([](std::uint64_t now) { return now != once_flag::begun; },
                           [&](std::uint64_t now) {
                             before = now;
                             return now == once_flag::never ? once_flag::begun : now;
                           },
                           time_point::max(), where);
  if (before == once_flag::done) return;
  const auto becomes = [&](std::uint64_t state) { flag.state_.release([=](std::uint64_t) { return state; }, where); };
  try {
    std::invoke(std::forward<F>(what), std::forward<Arguments>(arguments)...);
  } catch (...) {
    becomes(once_flag::never);
    throw;
  }
  becomes(once_flag::done);
}

}  // namespace sluice::models::shadow
