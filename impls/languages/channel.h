#ifndef SLUICE_LANGUAGES_CHANNEL_H
#define SLUICE_LANGUAGES_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * A channel of 64-bit messages, written in any language that can be called from C. The core c_channel (c_channel.hpp)
 * gives it to the harness. The harness counts the handles: it calls `close_senders` when the last sender is dropped, and
 * `close_receivers` when the last receiver is. Any thread may call; no function may throw, unwind or end the process.
 */

#ifdef __cplusplus
extern "C" {
#endif

/** What an operation tells. A value beats a disconnect, and a disconnect beats a deadline. */
enum sluice_status {
  SLUICE_OK = 0,
  SLUICE_DISCONNECTED = 1, /**< the other side is closed, and of a receive, no message is left */
  SLUICE_NOT_NOW = 2,      /**< there is no room or no message, and the time is up */
};

/** How long an operation waits, in nanoseconds. */
enum sluice_wait {
  SLUICE_TRY = 0,      /**< not at all */
  SLUICE_FOR_EVER = -1 /**< any negative number: without a deadline */
};

/** Called with each message that the channel destroys. It does not throw. */
typedef void (*sluice_destroy)(uint64_t message);

/** The functions of a channel. A library exports one constant of this type for each channel that it has. */
struct sluice_channel_functions {
  /** Makes a channel; `capacity` is negative for an unbounded one. Returns its address or number, or 0 if there is no
      memory for it. */
  void* (*make)(int64_t capacity, sluice_destroy destroy);
  /** Frees the channel and destroys what it still holds. No operation runs, or follows. */
  void (*free)(void* channel);
  /** Sends. The channel owns the message if the result is SLUICE_OK, otherwise the caller still does. */
  int (*send)(void* channel, uint64_t message, int64_t wait);
  /** Receives into `message`, which is written if the result is SLUICE_OK; the caller then owns it. */
  int (*recv)(void* channel, uint64_t* message, int64_t wait);
  /** Called once, while no send runs, and none follows. What was sent can still be received. */
  void (*close_senders)(void* channel);
  /** Called once, while no receive runs, and none follows; sends may. It destroys what was sent, unless the channel
      declares `.discards = false`. */
  void (*close_receivers)(void* channel);
  /** How many messages it holds; 0 if the channel cannot tell (`.exact_size = false`). */
  uint64_t (*size)(void* channel);
};

/** Called for a copy of a message. It does not throw. */
typedef uint64_t (*sluice_copy)(uint64_t message);

/** The functions of a broadcast, which are called as those of a channel are. */
struct sluice_broadcast_functions {
  /** Makes a broadcast of a capacity of at least 1. Returns its address or number, or 0 if there is no memory for it. */
  void* (*make)(uint64_t capacity, sluice_copy copy, sluice_destroy destroy);
  /** Frees it and destroys what it still holds. No operation runs, or follows; no receiver is left. */
  void (*free)(void* broadcast);
  /** Sends. Returns the number of receivers; if it is 0, the caller still owns the message. */
  uint64_t (*send)(void* broadcast, uint64_t message);
  /** Makes a receiver of what is sent from now on. Returns its address or number, which is not 0. */
  void* (*subscribe)(void* broadcast);
  /** Frees a receiver. */
  void (*unsubscribe)(void* receiver);
  /** Receives, from one thread at a time. With SLUICE_OK it writes either a message, which the caller owns, or into
      `missed` how many were overwritten before this receiver read them. */
  int (*recv)(void* receiver, uint64_t* message, uint64_t* missed, int64_t wait);
  /** Called once, while no send and no subscribe runs, and none follows. */
  void (*close_senders)(void* broadcast);
  /** How many messages it keeps, at least as many as were asked for. */
  uint64_t (*capacity)(void* broadcast);
};

/** Memory that the harness counts, for a language that lets its allocator be chosen. Null if there is none. */
void* sluice_allocate(size_t size, size_t alignment);
void sluice_release(void* memory, size_t alignment);

#ifdef __cplusplus
}
#endif

#endif
