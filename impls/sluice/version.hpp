#pragma once

/// The version of the library, for conditional compilation: major * 10000 + minor * 100 + patch.
#define SLUICE_VERSION 100
#define SLUICE_VERSION_STRING "0.1.0"
