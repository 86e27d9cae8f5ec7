#pragma once

namespace sluice::models::shadow {

/// Begins the program again with the same addresses in each run, where the system allows it: what a channel does may
/// depend on them, as a hash table of thread ids does, and a schedule must repeat.
///
/// \param argv  main()'s
void fix_addresses(char** argv);

}  // namespace sluice::models::shadow
