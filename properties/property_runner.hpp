#pragma once

#include <harness/broadcast_subject.hpp>
#include <properties/messages.hpp>

#include <string>

/// The property runner: compiled once, for any channel.
namespace sluice::properties {

/// \returns  the process's exit code: 0 all hold, 1 one failed, 2 wrong usage.
int run_properties(std::string name, const subject& channel, int argc, char** argv);
int run_properties(std::string name, const harness::broadcast_subject& channel, int argc, char** argv);

}  // namespace sluice::properties
