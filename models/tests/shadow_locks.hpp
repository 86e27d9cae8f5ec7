#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <semaphore>
#include <shared_mutex>
#include <thread>

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Locks of all kinds, and some that do not lock, as a header of a stranger's might have them.
namespace strangers {

template <class Mutex>
struct plain_lock {
  Mutex mutex;
  void lock() { mutex.lock(); }
  void unlock() { mutex.unlock(); }
};

struct timed_lock {
  std::timed_mutex mutex;
  void lock() {
    while (!mutex.try_lock_for(std::chrono::seconds(1))) {
    }
  }
  void unlock() { mutex.unlock(); }
};

struct twice_locked {
  std::recursive_mutex mutex;
  void lock() {
    mutex.lock();
    mutex.lock();
  }
  void unlock() {
    mutex.unlock();
    mutex.unlock();
  }
};

/// Two mutexes, which each thread locks in another order each time.
struct scoped_locks {
  using both = std::scoped_lock<std::mutex, std::mutex>;
  std::mutex first;
  std::mutex second;
  static std::optional<both>& guard() {
    static thread_local std::optional<both> held;
    return held;
  }
  void lock() {
    static thread_local bool swapped = false;
    swapped = !swapped;
    swapped ? guard().emplace(second, first) : guard().emplace(first, second);
  }
  void unlock() { guard().reset(); }
};

struct flag_lock {
  std::atomic_flag taken = ATOMIC_FLAG_INIT;
  void lock() {
    while (taken.test_and_set(std::memory_order_acquire)) taken.wait(true, std::memory_order_relaxed);
  }
  void unlock() {
    taken.clear(std::memory_order_release);
    taken.notify_one();
  }
};

struct operator_lock {
  std::atomic<int> waiting{0};
  std::atomic<int> served = 0;
  void lock() {
    const int mine = waiting++;
    while (served != mine) std::this_thread::yield();
  }
  void unlock() { served += 1; }
};

struct spin_lock {
  std::atomic_bool taken{false};
  void lock() {
    while (taken.exchange(true, std::memory_order_acquire)) {
    }
  }
  void unlock() { taken.store(false, std::memory_order_release); }
};

struct relaxed_lock {
  std::atomic_bool taken{false};
  void lock() {
    while (taken.exchange(true, std::memory_order_acquire)) {
    }
  }
  void unlock() { taken.store(false, std::memory_order_relaxed); }
};

struct fenced_lock {
  std::atomic_bool taken{false};
  void lock() {
    while (taken.exchange(true, std::memory_order_relaxed)) {
    }
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  void unlock() {
    std::atomic_thread_fence(std::memory_order_release);
    taken.store(false, std::memory_order_relaxed);
  }
};

struct late_fence {
  std::atomic_bool taken{false};
  void lock() {
    while (taken.exchange(true, std::memory_order_relaxed)) {
    }
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  void unlock() {
    taken.store(false, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
};

struct referred_lock {
  int taken = 0;
  void lock() {
    for (int expected = 0; !std::atomic_ref(taken).compare_exchange_weak(expected, 1); expected = 0) {
    }
  }
  void unlock() { std::atomic_ref(taken).store(0); }
};

struct free_function_lock {
  std::atomic<long> taken{0};
  void lock() {
    while (std::atomic_exchange_explicit(&taken, 1, std::memory_order_acquire) != 0) {
    }
  }
  void unlock() { std::atomic_store(&taken, 0); }
};

struct builtin_lock {
  volatile int taken = 0;
  void lock() {
    while (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE) != 0) {
    }
  }
  void unlock() { __atomic_store_n(&taken, 0, __ATOMIC_RELEASE); }
};

struct old_builtin_lock {
  int taken = 0;
  void lock() {
    while (__sync_lock_test_and_set(&taken, 1) != 0) {
    }
    __sync_synchronize();
  }
  void unlock() { __sync_bool_compare_and_swap(&taken, 1, 0); }
};

struct wide_lock {
  struct alignas(16) state {
    std::uint64_t owner;
    std::uint64_t turns;
  };
  std::atomic<state> now{state{0, 0}};
  void lock() {
    for (;;) {
      state free = now.load();
      free.owner = 0;
      if (now.compare_exchange_strong(free, state{1, free.turns + 1})) return;
    }
  }
  void unlock() { now.store(state{0, now.load().turns}); }
};

struct semaphore_lock {
  std::binary_semaphore free{1};
  void lock() { free.acquire(); }
  void unlock() { free.release(); }
};

struct posix_lock {
  sem_t free;
  posix_lock() { sem_init(&free, 0, 1); }
  ~posix_lock() { sem_destroy(&free); }
  void lock() { sem_wait(&free); }
  void unlock() { sem_post(&free); }
};

struct pthread_lock {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
  bool taken = false;
  void lock() {
    pthread_mutex_lock(&mutex);
    while (taken) pthread_cond_wait(&changed, &mutex);
    taken = true;
    pthread_mutex_unlock(&mutex);
  }
  void unlock() {
    pthread_mutex_lock(&mutex);
    taken = false;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
  }
};

struct futex_lock {
  std::atomic<std::uint32_t> taken{0};
  void lock() {
    while (taken.exchange(1, std::memory_order_acquire) != 0) {
      syscall(SYS_futex, &taken, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }
  void unlock() {
    taken.store(0, std::memory_order_release);
    syscall(SYS_futex, &taken, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
};

struct no_lock {
  void lock() {}
  void unlock() {}
};

}  // namespace strangers
