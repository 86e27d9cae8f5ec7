#pragma once

namespace sluice::models::shadow {

/// From here on, an access of a channel to memory that it must not touch fails the execution, and does not end the
/// process: then its schedule is shrunk and drawn as any other failure's.
void catch_crashes();

}  // namespace sluice::models::shadow
