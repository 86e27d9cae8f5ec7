#pragma once

#include <properties/messages.hpp>

#include <harness/allocations.hpp>
#include <harness/draws.hpp>
#include <harness/kernel.hpp>
#include <harness/scenario.hpp>
#include <harness/thread_group.hpp>
#include <harness/watchdog.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

/// A long run under changing conditions, checked in constant memory while it lasts.
namespace sluice::properties {

/// One part of a soak: a channel that a drawn number of threads uses for so many messages, and what disturbs them.
struct soak_phase {
  std::uint64_t number = 0;
  std::optional<std::size_t> capacity;
  std::size_t producers = 1;
  std::size_t consumers = 1;
  std::uint64_t messages = 0;
  bool bursts = false;               ///< producers pause, and send without a pause
  bool signals = false;              ///< threads are interrupted by signals
  bool low_priority = false;         ///< every other thread yields to all the others of the machine
  bool failing_allocations = false;  ///< now and then a send finds no memory
};

/// What a phase showed.
struct soak_outcome {
  std::string violation;  ///< empty: none
  std::chrono::nanoseconds elapsed{0};
  std::chrono::nanoseconds longest_wait{0};  ///< for 64 messages of one thread
};

/// Draws the phases of a soak and runs them. The n-th phase depends on the seed and n alone, so that a soak goes on
/// where it was broken off.
class soak {
public:
  static constexpr std::size_t most_threads = 6;  // a side

  soak(const subject& channel, std::uint64_t seed, harness::watchdog& dog) : channel_(channel), seed_(seed), dog_(dog) {
    if (!channel.traits().disconnects || channel.traits().one_message) {
      throw std::invalid_argument("a soak needs a channel whose disconnect ends waits, and more than one message");
    }
    struct sigaction quiet {};
    quiet.sa_handler = [](int) {};
    sigaction(SIGUSR1, &quiet, nullptr);  // without SA_RESTART: system calls are interrupted
  }

  soak_phase phase(std::uint64_t number) const {
    harness::draws draw(seed_ ^ (number * 0x9e3779b97f4a7c15u));
    const core_traits& traits = channel_.traits();
    const auto capacities =
        channel_.capacities(std::array<std::optional<std::size_t>, 7>{std::nullopt, 0, 1, 2, 7, 128, 4096});
    soak_phase p{.number = number, .capacity = capacities[draw(static_cast<unsigned>(capacities.size()))]};
    const auto threads = [&](cardinality side) -> std::size_t {
      return side == cardinality::one ? 1 : 1 + draw(most_threads);
    };
    p.producers = threads(traits.producers);
    p.consumers = threads(traits.consumers);
    // Fewer where each message, or every few, cost a switch of threads, but a hundredth of the soak or more.
    p.messages = !p.capacity || *p.capacity >= 128 ? 2'000'000 : 100'000;
    p.bursts = draw(2) == 0;
    p.signals = draw(2) == 0;
    p.low_priority = draw(2) == 0;
    p.failing_allocations = draw(2) == 0 && traits.strong_guarantee;
    return p;
  }

  soak_outcome run(const soak_phase& p) {
    soak_outcome found = run_threads(p);
    const std::size_t live = harness::allocations::live();
    // What is allocated once, as a library's own state, is there after the first phases.
    if (++phases_run_ <= first_phases) {
      at_first_ = std::max(at_first_, live);
    } else if (found.violation.empty() && !channel_.traits().deferred_reclamation && live > at_first_) {
      found.violation = std::to_string(live - at_first_) + " allocations stay of channels that have disconnected";
    }
    return found;
  }

private:
  /// A message is its producer and its number there, which is below 2^26.
  static constexpr unsigned number_bits = 26;
  static constexpr int first_phases = 4;
  static constexpr std::uint64_t stretch = 64;  // messages between two looks at the clock, by the same operation

  /// The time in which a thread does not get on.
  class gap {
  public:
    void look() {
      const auto now = std::chrono::steady_clock::now();
      longest_ = std::max(longest_, now - last_);
      last_ = now;
    }
    void start() { last_ = std::chrono::steady_clock::now(); }
    std::chrono::nanoseconds longest() const { return longest_; }

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::chrono::nanoseconds longest_{0};
  };

  /// The messages of one producer that were received: how many, and the sum of their hashes, which tells apart one that
  /// is received twice and one that is lost.
  struct received {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;

    void add(std::uint64_t number) noexcept {
      ++count;
      sum += harness::draws(number).next();
    }
    friend bool operator==(const received&, const received&) = default;
  };

  /// What one consumer has seen of each producer.
  struct seen {
    std::array<std::int64_t, most_threads> last{};
    std::array<received, most_threads> all{};
    std::string violation;

    seen() { last.fill(-1); }

    void take(const soak_phase& p, int message) {
      const std::size_t producer = static_cast<unsigned>(message) >> number_bits;
      const std::int64_t number = message & ((1 << number_bits) - 1);
      if (producer >= p.producers || number >= static_cast<std::int64_t>(share(p, producer))) {
        if (violation.empty()) violation = "a message was received that was never sent: " + std::to_string(message);
        return;
      }
      if (number <= last[producer] && violation.empty()) {
        violation = "message " + std::to_string(number) + " of producer " + std::to_string(producer) +
                    " was received after its message " + std::to_string(last[producer]);
      }
      last[producer] = number;
      all[producer].add(static_cast<std::uint64_t>(number));
    }
  };

  struct totals {
    std::mutex mutex;
    std::array<received, most_threads> all{};
    std::string violation;
    std::chrono::nanoseconds longest_wait{0};

    void add(const seen& one, const gap& waited) {
      const std::scoped_lock guard(mutex);
      for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].count += one.all[i].count;
        all[i].sum += one.all[i].sum;
      }
      if (violation.empty()) violation = one.violation;
      longest_wait = std::max(longest_wait, waited.longest());
    }
  };

  soak_outcome run_threads(const soak_phase& p) {
    totals sum;
    const auto start = std::chrono::steady_clock::now();
    {
      auto [tx, rx] = channel_.make<int>(p.capacity);
      harness::thread_group threads(dog_);
      std::vector<harness::worker*> workers;
      for (std::size_t i = 0; i < p.producers; ++i) {
        auto mine = p.producers == 1 ? std::move(tx) : tx.clone();
        workers.push_back(&threads.add("producer " + std::to_string(i),
                                       [&, i, mine = std::move(mine)](harness::worker& self) mutable {
                                         enter(p, i);
                                         gap waited;
                                         send_share(p, i, mine, self, waited);
                                         mine.reset();
                                         sum.add(seen(), waited);
                                       }));
      }
      for (std::size_t i = 0; i < p.consumers; ++i) {
        auto mine = p.consumers == 1 ? std::move(rx) : rx.clone();
        workers.push_back(&threads.add("consumer " + std::to_string(i),
                                       [&, i, mine = std::move(mine)](harness::worker& self) mutable {
                                         enter(p, i + 1);
                                         gap waited;
                                         seen one;
                                         receive_all(p, i, mine, self, one, waited);
                                         mine.reset();
                                         sum.add(one, waited);
                                       }));
      }
      tx.reset();
      rx.reset();
      threads.start();
      std::jthread interrupter;
      if (p.signals) {
        interrupter = std::jthread([&](std::stop_token stop) {
          for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            workers[i % workers.size()]->interrupt(SIGUSR1);
          }
        });
      }
      threads.join();
    }
    soak_outcome found{.violation = sum.violation,
                       .elapsed = std::chrono::steady_clock::now() - start,
                       .longest_wait = sum.longest_wait};
    for (std::size_t i = 0; i < p.producers && found.violation.empty(); ++i) {
      received sent;
      for (std::uint64_t n = 0; n < share(p, i); ++n) sent.add(n);
      if (sum.all[i] == sent) continue;
      found.violation = "of " + std::to_string(sent.count) + " messages of producer " + std::to_string(i) + ", " +
                        std::to_string(sum.all[i].count) + " were received" +
                        (sum.all[i].count == sent.count ? ": one twice, and another not at all" : "");
    }
    return found;
  }

  static void enter(const soak_phase& p, std::size_t number) {
#if defined(__linux__)
    // Of a thread, by Linux; it ends with the thread.
    if (p.low_priority && number % 2 == 0) {
      setpriority(PRIO_PROCESS, static_cast<id_t>(harness::kernel::this_thread()), 19);
    }
#endif
  }

  static std::uint64_t share(const soak_phase& p, std::size_t producer) {
    return p.messages / p.producers + (producer < p.messages % p.producers ? 1 : 0);
  }

  template <class Sender>
  void send_share(const soak_phase& p, std::size_t index, Sender& tx, harness::worker& self, gap& waited) {
    harness::draws draw(seed_ ^ (p.number << 8) ^ index);
    const core_traits& traits = channel_.traits();
    unsigned way = 0;
    bool failed = false;
    waited.start();
    bool looked = false;
    std::uint64_t missed = 0;
    for (std::uint64_t n = 0; n < share(p, index);) {
      if (n % stretch != 0) {
        looked = false;
      } else if (!std::exchange(looked, true)) {
        waited.look();
        self.about_to("send");
        way = draw(4);
        if (p.bursts && draw(64) == 0) {
          std::this_thread::sleep_for(std::chrono::microseconds(draw(500)));
          waited.start();
        }
      }
      const int message = static_cast<int>(index << number_bits | n);
      const bool fails = p.failing_allocations && n % 97 == 0 && !failed;
      if (fails) harness::allocations::fail(0);
      bool sent = false;
      try {
        if (way == 1 && traits.tries) {
          sent = tx.try_send(message).has_value();
          if (!sent) {
            std::this_thread::yield();
            if (++missed % stretch == 0) way = draw(4);  // where all try, none meets another
          }
        } else if (way == 2 && traits.timed) {
          sent = tx.send_for(message, std::chrono::microseconds(200)).has_value();
        } else {
          sent = tx.send(message).has_value();
        }
      } catch (const std::bad_alloc&) {
        // Not sent: it is sent again.
      }
      failed = fails && harness::allocations::failed();
      n += sent;
    }
    waited.look();
  }

  template <class Receiver>
  void receive_all(const soak_phase& p, std::size_t index, Receiver& rx, harness::worker& self, seen& one,
                   gap& waited) {
    harness::draws draw(seed_ ^ (p.number << 8) ^ (index + 128));
    const core_traits& traits = channel_.traits();
    unsigned way = 0;
    std::vector<int> batch;
    batch.reserve(stretch);
    waited.start();
    bool looked = false;
    std::uint64_t missed = 0;
    for (std::uint64_t taken = 0;;) {
      if (taken % stretch != 0) {
        looked = false;
      } else if (!std::exchange(looked, true)) {
        waited.look();
        self.about_to("recv");
        way = draw(4);
      }
      batch.clear();
      if (way == 1 && traits.tries) {
        const auto got = rx.try_recv();
        if (got) batch.push_back(*got);
        if (!got && got.error() == try_recv_error::disconnected) break;
        if (!got) {
          std::this_thread::yield();
          if (++missed % stretch == 0) way = draw(4);
        }
      } else if (way == 2 && traits.timed) {
        const auto got = rx.recv_for(std::chrono::microseconds(200));
        if (got) batch.push_back(*got);
        if (!got && got.error() == recv_timeout_error::disconnected) break;
      } else if (way == 3 && traits.tries) {
        // The rest of a stretch at most, so that none is stepped over.
        if (!rx.recv_many(batch, stretch - taken % stretch)) break;
      } else {
        const auto got = rx.recv();
        if (!got) break;
        batch.push_back(*got);
      }
      for (const int message : batch) one.take(p, message);
      taken += batch.size();
    }
    waited.look();
  }

  const subject& channel_;
  const std::uint64_t seed_;
  harness::watchdog& dog_;
  int phases_run_ = 0;
  std::size_t at_first_ = 0;  ///< live allocations after the first phases
};

/// Pages of memory that the process uses now, in bytes; 0 if the system does not tell.
inline std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// From here on, the process may use so much more address space than now. Not under sanitizers, which need far more.
inline void limit_memory([[maybe_unused]] std::uint64_t more) {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  const rlim_t wanted = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + more;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  setrlimit(RLIMIT_AS, &limit);
#endif
}

}  // namespace sluice::properties
