// What shadowed headers get in place of the standard's names: each primitive orders what it must, and nothing more.
#include <gtest/gtest.h>

#include <models/shadow/standard.hpp>

#include <models/custom_model.hpp>
#include <models/explore.hpp>
#include <models/random_walk.hpp>
#include <models/shadow/crashes.hpp>
#include <models/shadow/environment.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace sluice::models {
namespace {

template <class Fixture>
std::string outcome(
    void (*thread)(Fixture&, unsigned), void (*after)(Fixture&) = [](Fixture&) {}) {
  static shadow::shadow_environment around;
  current_search.around = &around;
  shadow::catch_crashes();
  const custom_model<Fixture> tested{"model", "question", "1", thread, after};
  random_walk how(1, 3000);
  const model_result result = explore(tested, "1", how);
  return result.passed ? "" : result.what;
}

/// Threads add one each to a variable that no atomic guards.
template <class Lock>
struct counter {
  explicit counter(std::optional<std::size_t>) {}
  Lock lock;
  rl::var<int> value{0};
};

template <class Lock>
std::string counted_under() {
  return outcome<counter<Lock>>(
      [](counter<Lock>& c, unsigned) {
        for (int i = 0; i < 2; ++i) {
          c.lock.lock();
          c.value(RL_INFO).store(c.value(RL_INFO).load() + 1);
          c.lock.unlock();
        }
      },
      [](counter<Lock>& c) { expect(c.value(RL_INFO).load() == 6); });
}

}  // namespace
}  // namespace sluice::models

// What follows is compiled as a channel's header is.
#include <models/shadow/rename.hpp>

#include <models/tests/shadow_locks.hpp>

namespace sluice::models {
namespace {

using namespace strangers;

/// Objects at one address, one after the other.
void count_down_on_the_stack() {
  std::latch done{1};
  if (done.try_wait()) std::abort();
  done.count_down();
  done.wait();
}
int count_in_a_local_variable() {
  int left = 3;
  --left;
  return std::atomic_ref(left).fetch_sub(1);
}

struct tagged {
  void* pointer;
  unsigned tag;
};

tagged with_padding(unsigned char filler) {
  tagged made;
  std::memset(static_cast<void*>(&made), filler, sizeof(made));
  made.pointer = nullptr;
  made.tag = 1;
  return made;
}

/// Store buffering, which full barriers forbid.
struct buffers {
  std::array<int, 2> written{};
  std::array<int, 2> read{-1, -1};
  void run(unsigned thread) {
    __atomic_store_n(&written[thread], 1, __ATOMIC_RELAXED);
    _mm_mfence();
    read[thread] = __atomic_load_n(&written[1 - thread], __ATOMIC_RELAXED);
  }
};

TEST(shadow, locks) {
  EXPECT_EQ(counted_under<plain_lock<std::mutex>>(), "");
  EXPECT_EQ(counted_under<plain_lock<std::shared_mutex>>(), "");
  EXPECT_EQ(counted_under<timed_lock>(), "");
  EXPECT_EQ(counted_under<twice_locked>(), "");
  EXPECT_EQ(counted_under<scoped_locks>(), "");
  EXPECT_EQ(counted_under<semaphore_lock>(), "");
  EXPECT_EQ(counted_under<posix_lock>(), "");
  EXPECT_EQ(counted_under<pthread_lock>(), "");
}

TEST(shadow, atomics) {
  EXPECT_EQ(counted_under<flag_lock>(), "");
  EXPECT_EQ(counted_under<operator_lock>(), "");
  EXPECT_EQ(counted_under<spin_lock>(), "");
  EXPECT_EQ(counted_under<fenced_lock>(), "");
  EXPECT_EQ(counted_under<referred_lock>(), "");
  EXPECT_EQ(counted_under<free_function_lock>(), "");
  EXPECT_EQ(counted_under<builtin_lock>(), "");
  EXPECT_EQ(counted_under<old_builtin_lock>(), "");
  EXPECT_EQ(counted_under<wide_lock>(), "");
  EXPECT_EQ(counted_under<futex_lock>(), "");
}

TEST(shadow, races) {
  EXPECT_NE(counted_under<no_lock>().find("DATA RACE"), std::string::npos);
  EXPECT_NE(counted_under<relaxed_lock>().find("DATA RACE"), std::string::npos);
  EXPECT_NE(counted_under<late_fence>().find("DATA RACE"), std::string::npos);
}

/// A failure names the line of an operator, though operators cannot take it.
TEST(shadow, operators_have_lines) {
  struct operated {
    explicit operated(std::optional<std::size_t>) {}
    std::atomic<int> turn{0};
    rl::var<int> value{0};
  };
  const std::string what = outcome<operated>([](operated& o, unsigned index) {
    if (index == 2) return;
    o.turn += 1;
    o.value(RL_INFO).store(1);
  });
  EXPECT_NE(what.find("o.turn += 1;"), std::string::npos) << what;
}

struct meeting {
  explicit meeting(std::optional<std::size_t>) {}
  std::latch latch{2};
  std::barrier<> barrier{2};
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  std::array<rl::var<int>, 2> values{};
};

TEST(shadow, latches_and_barriers) {
  EXPECT_EQ(outcome<meeting>([](meeting& m, unsigned index) {
              if (index == 2) return;
              m.values[index](RL_INFO).store(1);
              m.latch.arrive_and_wait();
              expect(m.values[1 - index](RL_INFO).load() == 1);
              m.barrier.arrive_and_wait();
              m.values[1 - index](RL_INFO).store(2);
              m.barrier.arrive_and_wait();
              expect(m.values[index](RL_INFO).load() == 2);
            }),
            "");
}

TEST(shadow, condition_variables) {
  EXPECT_EQ(outcome<meeting>([](meeting& m, unsigned index) {
              std::unique_lock guard(m.mutex);
              if (index == 0) {
                m.changed.wait(guard, [&] { return m.ready; });
                expect(m.values[0](RL_INFO).load() == 1);
              } else if (index == 1) {
                m.values[0](RL_INFO).store(1);
                m.ready = true;
                m.changed.notify_all();
              }
            }),
            "");
  const std::string unguarded = outcome<meeting>([](meeting& m, unsigned index) {
    std::unique_lock guard(m.mutex);
    if (index == 0) m.changed.wait(guard);
    if (index == 1) m.changed.notify_all();
  });
  EXPECT_NE(unguarded.find("DEADLOCK"), std::string::npos);
}

int& mine() {
  static thread_local int value = 7;
  return value;
}

struct farewell {
  rl::var<int>* told = nullptr;
  ~farewell() {
    if (told) (*told)(RL_INFO).store(1);
  }
};

struct apart {
  explicit apart(std::optional<std::size_t>) {}
  std::array<const int*, 3> addresses{};
  std::array<rl::var<int>, 3> told{};
};

TEST(shadow, threads_have_their_own_variables) {
  EXPECT_EQ(outcome<apart>(
                [](apart& a, unsigned index) {
                  static thread_local farewell last;
                  last.told = &a.told[index];
                  a.told[index](RL_INFO).store(0);
                  expect(mine()++ == 7);
                  platform::yield();
                  expect(mine() == 8);
                  a.addresses[index] = &mine();
                },
                [](apart& a) {
                  expect(a.addresses[0] != a.addresses[1] && a.addresses[1] != a.addresses[2]);
                  for (auto& one : a.told) expect(one(RL_INFO).load() == 1);
                }),
            "");
}

TEST(shadow, time_passes_where_threads_wait) {
  struct none {
    explicit none(std::optional<std::size_t>) {}
  };
  EXPECT_EQ(outcome<none>([](none&, unsigned) {
              using clock = std::chrono::steady_clock;
              const auto before = clock::now();
              std::this_thread::sleep_for(std::chrono::seconds(2));
              expect(clock::now() - before >= std::chrono::seconds(2));
              const std::chrono::time_point<clock> until = clock::now() + std::chrono::milliseconds(5);
              while (clock::now() < until) {
              }
            }),
            "");
}

struct published {
  explicit published(std::optional<std::size_t>) {}
  std::atomic<std::atomic<int>*> node{nullptr};
};

TEST(shadow, memory) {
  const std::string unordered = outcome<published>(
      [](published& p, unsigned index) {
        if (index == 0) p.node.store(new std::atomic<int>(1), std::memory_order::relaxed);
        if (index != 1) return;
        if (auto* node = p.node.load(std::memory_order::relaxed)) (void)node->load();
      },
      [](published& p) { delete p.node.load(); });
  EXPECT_NE(unordered.find("DATA RACE"), std::string::npos);
  const std::string freed = outcome<published>([](published& p, unsigned index) {
    if (index != 0) return;
    p.node.store(new std::atomic<int>(1));
    delete p.node.load();
    p.node.load()->store(2);
  });
  EXPECT_NE(freed.find("after its memory was freed"), std::string::npos);
  const std::string leaked = outcome<published>([](published&, unsigned index) {
    if (index == 0) (void)new std::atomic<int>(1);
  });
  EXPECT_NE(leaked.find("MEMORY LEAK"), std::string::npos);
}

TEST(shadow, addresses_are_used_again) {
  struct none {
    explicit none(std::optional<std::size_t>) {}
  };
  EXPECT_EQ(outcome<none>([](none&, unsigned) {
              for (int i = 0; i < 2; ++i) {
                count_down_on_the_stack();
                expect(count_in_a_local_variable() == 2);
              }
            }),
            "");
}

TEST(shadow, padding_is_no_value) {
#if !__has_builtin(__builtin_clear_padding)
  GTEST_SKIP() << "this compiler cannot clear padding, so what a comparison finds in it is unspecified";
#endif
  struct padded {
    explicit padded(std::optional<std::size_t>) {}
    std::atomic<tagged> value{with_padding(1)};
  };
  EXPECT_EQ(outcome<padded>([](padded& p, unsigned index) {
              tagged expected = with_padding(2);
              if (index == 0) expect(p.value.compare_exchange_strong(expected, with_padding(3)));
            }),
            "");
}

TEST(shadow, full_barriers) {
  struct barriers : buffers {
    explicit barriers(std::optional<std::size_t>) {}
  };
  EXPECT_EQ(outcome<barriers>(
                [](barriers& b, unsigned index) {
                  if (index < 2) b.run(index);
                },
                [](barriers& b) { expect(b.read[0] == 1 || b.read[1] == 1); }),
            "");
}

struct fences {
  explicit fences(std::optional<std::size_t>) {}
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  std::array<int, 2> read{1, 1};

  void run(unsigned index, std::memory_order store) {
    if (index == 0) {
      first.store(1, store);
      read[0] = second.load();
    }
    if (index != 1) return;
    second.store(1, std::memory_order::relaxed);
    std::atomic_thread_fence(std::memory_order::seq_cst);
    read[1] = first.load(std::memory_order::relaxed);
  }
};

TEST(shadow, sequentially_consistent_operations_and_fences) {
  const auto one_sees_the_other = [](fences& f) { expect(f.read[0] == 1 || f.read[1] == 1); };
  EXPECT_EQ(
      outcome<fences>([](fences& f, unsigned index) { f.run(index, std::memory_order::seq_cst); }, one_sees_the_other),
      "");
  EXPECT_NE(
      outcome<fences>([](fences& f, unsigned index) { f.run(index, std::memory_order::release); }, one_sees_the_other),
      "");
}

TEST(shadow, once) {
  struct lazily {
    explicit lazily(std::optional<std::size_t>) {}
    std::once_flag made;
    rl::var<int> value;
    unsigned calls = 0;
  };
  EXPECT_EQ(outcome<lazily>(
                [](lazily& l, unsigned) {
                  std::call_once(l.made, [&] {
                    ++l.calls;
                    platform::yield();
                    l.value(RL_INFO).store(7);
                  });
                  expect(l.value(RL_INFO).load() == 7);
                },
                [](lazily& l) { expect(l.calls == 1); }),
            "");
  // The library's own would wait for the kernel, and for ever.
  EXPECT_EQ(outcome<lazily>([](lazily&, unsigned) {
              static const int value = [] {
                platform::yield();
                return 7;
              }();
              static std::atomic<int> late(value);
              expect(late.load(std::memory_order::relaxed) == 7);
            }),
            "");
}

TEST(shadow, the_allocations_of_c) {
  struct none {
    explicit none(std::optional<std::size_t>) {}
  };
  EXPECT_EQ(outcome<none>([](none&, unsigned) {
              auto* memory = static_cast<char*>(malloc(2));
              memory[1] = 'x';
              memory = static_cast<char*>(realloc(memory, 100));
              expect(memory[1] == 'x');
              free(memory);
              void* aligned = nullptr;
              expect(posix_memalign(&aligned, 64, 8) == 0);
              expect(reinterpret_cast<std::uintptr_t>(aligned) % 64 == 0);
              free(aligned);
            }),
            "");
}

TEST(shadow, a_freed_condition_variable) {
  struct conditions {
    explicit conditions(std::optional<std::size_t>) {}
    std::condition_variable* changed = new std::condition_variable;
  };
  const std::string what = outcome<conditions>([](conditions& c, unsigned index) {
    if (index != 0) return;
    delete c.changed;
    c.changed->notify_one();
  });
  EXPECT_NE(what.find("after its memory was freed"), std::string::npos);
}

TEST(shadow, crashes) {
  const std::string null = outcome<published>([](published& p, unsigned index) {
    if (index == 0) p.node.load()->store(1);
  });
  EXPECT_NE(null.find("is null"), std::string::npos);
  const std::string crashed = outcome<published>([](published&, unsigned index) {
    volatile int* const nowhere = nullptr;
    if (index == 1) *nowhere = 1;
  });
  EXPECT_NE(crashed.find("memory that it must not"), std::string::npos);
}

}  // namespace
}  // namespace sluice::models
