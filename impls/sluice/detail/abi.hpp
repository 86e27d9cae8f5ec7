#pragma once

/// What translation units of one program may compile in different ways, and the inline namespace that tells them apart.
///
/// SLUICE_NO_FUTEX, SLUICE_BLOCK_SLOTS, SLUICE_LAPS_BEFORE_WRAP, SLUICE_MOST_BYPASSES, another platform header and a
/// race detector change a channel's layout or how its threads wake each other. Each changes the names of all types
/// here, so that a function that is given a handle by a unit compiled otherwise does not link. A handle hidden in a
/// class of the user's own is not protected: compile all units that use that class alike.
///
/// SLUICE_NO_MEMBARRIER and SLUICE_DIAGNOSE may differ between units without harm. To be sure of their effect, define
/// them for the whole program: of two versions of an inline function the linker keeps one.

// A futex, or what Windows has in its place. Where long has 32 bits, Linux' system call takes a timespec with 32-bit
// seconds, unlike the C library's.
#if ((defined(__linux__) && defined(__LP64__)) || defined(_WIN32)) && !defined(SLUICE_NO_FUTEX)
#define SLUICE_HAS_FUTEX 1
#define SLUICE_ABI_PARKING
#else
#define SLUICE_HAS_FUTEX 0
#define SLUICE_ABI_PARKING _no_futex
#endif

// A race detector sees no fence, least of all the kernel's.
#if defined(__SANITIZE_THREAD__)
#define SLUICE_RACE_DETECTOR 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLUICE_RACE_DETECTOR 1
#endif
#endif
#if defined(SLUICE_RACE_DETECTOR)
#define SLUICE_ABI_FENCES _race_detector
#else
#define SLUICE_RACE_DETECTOR 0
#define SLUICE_ABI_FENCES
#endif

#if defined(SLUICE_PLATFORM_HEADER)
#define SLUICE_ABI_PLATFORM _modelled
#elif defined(SLUICE_DISTURBANCE_HEADER)
#define SLUICE_ABI_PLATFORM _disturbed
#else
#define SLUICE_ABI_PLATFORM
#endif

/// Messages in one block of an unbounded channel; tests shrink it so that small programs cross its edges.
#if defined(SLUICE_BLOCK_SLOTS)
#define SLUICE_ABI_SLOTS SLUICE_ABI_NUMBER(_slots, SLUICE_BLOCK_SLOTS)
#else
#define SLUICE_BLOCK_SLOTS 31
#define SLUICE_ABI_SLOTS
#endif

/// How far from their end counters start, in laps of a ring or blocks; 0, at their beginning. Tests start near the end.
#if defined(SLUICE_LAPS_BEFORE_WRAP)
#define SLUICE_ABI_LAPS SLUICE_ABI_NUMBER(_laps, SLUICE_LAPS_BEFORE_WRAP)
#else
#define SLUICE_LAPS_BEFORE_WRAP 0
#define SLUICE_ABI_LAPS
#endif

/// How often a waiting thread may be overtaken before newcomers wait, too; tests shrink it.
#if defined(SLUICE_MOST_BYPASSES)
#define SLUICE_ABI_BYPASSES SLUICE_ABI_NUMBER(_bypasses, SLUICE_MOST_BYPASSES)
#else
#define SLUICE_MOST_BYPASSES 256
#define SLUICE_ABI_BYPASSES
#endif

#define SLUICE_ABI_PASTE(name, number) name##number
#define SLUICE_ABI_NUMBER(name, number) SLUICE_ABI_PASTE(name, number)
#define SLUICE_ABI_JOIN(parking, fences, platform, slots, laps, bypasses) \
  v0##parking##fences##platform##slots##laps##bypasses
#define SLUICE_ABI_NAME(parking, fences, platform, slots, laps, bypasses) \
  SLUICE_ABI_JOIN(parking, fences, platform, slots, laps, bypasses)

/// The inline namespace of everything in the library.
#define SLUICE_ABI                                                                                               \
  SLUICE_ABI_NAME(SLUICE_ABI_PARKING, SLUICE_ABI_FENCES, SLUICE_ABI_PLATFORM, SLUICE_ABI_SLOTS, SLUICE_ABI_LAPS, \
                  SLUICE_ABI_BYPASSES)

/// Visible in all shared libraries of a process, even if they hide their symbols. On Windows nothing is.
#if defined(_WIN32)
#define SLUICE_VISIBLE
#else
#define SLUICE_VISIBLE [[gnu::visibility("default")]]
#endif
