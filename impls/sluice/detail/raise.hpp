#pragma once

#include <sluice/detail/abi.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sluice::inline SLUICE_ABI::detail {

/// Throws, or, in a program without exceptions, prints what it would throw and aborts.
template <class Exception, class What>
[[noreturn]] void raise(What&& what) {
#if defined(__cpp_exceptions)
  throw Exception(std::forward<What>(what));
#else
  std::fprintf(stderr, "%s\n", Exception(std::forward<What>(what)).what());
  std::abort();
#endif
}

}  // namespace sluice::inline SLUICE_ABI::detail
