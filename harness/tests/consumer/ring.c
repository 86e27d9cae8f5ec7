#include <languages/channel.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* A bounded channel in C: a ring, one lock and one condition. */
struct ring {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  sluice_destroy destroy;
  uint64_t capacity;
  uint64_t first;
  uint64_t count;
  bool senders_disconnected;
  bool receivers_disconnected;
  uint64_t messages[];
};

static void* ring_make(int64_t capacity, sluice_destroy destroy) {
  struct ring* r = NULL;
  if ((uint64_t)capacity > (SIZE_MAX - sizeof *r) / sizeof r->messages[0]) return NULL;
  r = calloc(1, sizeof *r + (size_t)capacity * sizeof r->messages[0]);
  if (!r) return NULL;
  pthread_condattr_t steady;
  pthread_condattr_init(&steady);
  pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->changed, &steady);
  pthread_condattr_destroy(&steady);
  r->destroy = destroy;
  r->capacity = (uint64_t)capacity;
  return r;
}

static struct timespec after(int64_t nanoseconds) {
  const int64_t second = 1000000000;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  const int64_t fraction = t.tv_nsec + nanoseconds % second;
  t.tv_sec += (time_t)(nanoseconds / second + fraction / second);
  t.tv_nsec = (long)(fraction % second);
  return t;
}

/* False if the time is up, by the clock: a thread that is woken again and again for no reason would never time out. */
static bool await_change(struct ring* r, int64_t wait, const struct timespec* until) {
  if (wait == SLUICE_TRY) return false;
  if (wait < 0) return pthread_cond_wait(&r->changed, &r->lock) == 0;
  pthread_cond_timedwait(&r->changed, &r->lock, until);
  const struct timespec now = after(0);
  return now.tv_sec < until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec < until->tv_nsec);
}

static int ring_send(void* channel, uint64_t message, int64_t wait) {
  struct ring* r = channel;
  const struct timespec until = after(wait);
  pthread_mutex_lock(&r->lock);
  while (!r->receivers_disconnected && r->count == r->capacity && await_change(r, wait, &until)) {
  }
  int result = SLUICE_OK;
  if (r->receivers_disconnected) {
    result = SLUICE_DISCONNECTED;
  } else if (r->count == r->capacity) {
    result = SLUICE_NOT_NOW;
  } else {
    r->messages[(r->first + r->count++) % r->capacity] = message;
    pthread_cond_broadcast(&r->changed);
  }
  pthread_mutex_unlock(&r->lock);
  return result;
}

static int ring_recv(void* channel, uint64_t* message, int64_t wait) {
  struct ring* r = channel;
  const struct timespec until = after(wait);
  pthread_mutex_lock(&r->lock);
  while (!r->senders_disconnected && r->count == 0 && await_change(r, wait, &until)) {
  }
  int result = SLUICE_OK;
  if (r->count == 0) {
    result = r->senders_disconnected ? SLUICE_DISCONNECTED : SLUICE_NOT_NOW;
  } else {
    *message = r->messages[r->first++ % r->capacity];
    --r->count;
    pthread_cond_broadcast(&r->changed);
  }
  pthread_mutex_unlock(&r->lock);
  return result;
}

static void end(struct ring* r, bool* side) {
  pthread_mutex_lock(&r->lock);
  *side = true;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
}

/* Without the lock: a message may use the channel while it is destroyed. */
static void destroy_messages(struct ring* r) {
  for (uint64_t message; ring_recv(r, &message, SLUICE_TRY) == SLUICE_OK;) r->destroy(message);
}

static void ring_close_senders(void* channel) {
  struct ring* r = channel;
  end(r, &r->senders_disconnected);
}

static void ring_close_receivers(void* channel) {
  struct ring* r = channel;
  end(r, &r->receivers_disconnected);
  destroy_messages(r);
}

static void ring_free(void* channel) {
  struct ring* r = channel;
  destroy_messages(r);
  pthread_cond_destroy(&r->changed);
  pthread_mutex_destroy(&r->lock);
  free(r);
}

static uint64_t ring_size(void* channel) {
  struct ring* r = channel;
  pthread_mutex_lock(&r->lock);
  const uint64_t count = r->count;
  pthread_mutex_unlock(&r->lock);
  return count;
}

const struct sluice_channel_functions ring_in_c = {
    ring_make, ring_free, ring_send, ring_recv, ring_close_senders, ring_close_receivers, ring_size,
};
