#pragma once

#include <sluice/detail/abi.hpp>

#include <memory>
#include <utility>

namespace sluice::inline SLUICE_ABI::platform {

/// Raw storage for one message; the caller tracks its lifetime. The model checker's version verifies that.
template <class T>
class cell {
public:
  cell() noexcept {}
  ~cell() {}
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;

  void construct(T&& value) noexcept { std::construct_at(std::addressof(value_), std::move(value)); }

  /// Moves the message to `out.emplace()` and destroys what is left here.
  template <class Out>
  void take(Out& out) noexcept {
    out.emplace(std::move(value_));
    std::destroy_at(std::addressof(value_));
  }

private:
  union {
    T value_;
  };
};

}  // namespace sluice::inline SLUICE_ABI::platform
