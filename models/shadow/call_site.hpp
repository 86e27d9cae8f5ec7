#pragma once

#include <sluice/platform.hpp>

namespace sluice::models::shadow {

/// The source location to which a function returns, for operators: unlike functions, they cannot take the caller's
/// location as a parameter. It lives as long as the process.
///
/// \param address  of `__builtin_return_address(0)`, in a function that is not inlined.
platform::location call_site(const void* address);

/// The innermost place on the running thread's stack that is neither the model checker's nor the standard library's:
/// for what is called from compiled code, and for crashes.
platform::location innermost_place();

}  // namespace sluice::models::shadow

/// The location of the caller of the running function, which must not be inlined.
#define SLUICE_CALLER ::sluice::models::shadow::call_site(__builtin_return_address(0))
