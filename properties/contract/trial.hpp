#pragma once

#include <harness/allocations.hpp>
#include <harness/applies.hpp>
#include <harness/crew.hpp>
#include <harness/subject.hpp>

#include <sluice/cores/lock_free.hpp>
#include <sluice/cores/mutex.hpp>
#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The contract: one numbered line for each behaviour that users may rely on, and a test of it on every channel that it
/// applies to.
namespace sluice::contract {

namespace allocations = harness::allocations;

using namespace std::chrono_literals;
using harness::crew;
using harness::worker;
using clock = std::chrono::steady_clock;

/// One line of the contract being tried on one channel.
class trial {
public:
  trial(harness::watchdog& dog, std::size_t divisor) : dog_(dog), divisor_(divisor) {}

  /// Notes a failure, with its place, unless the condition holds. From any thread.
  bool expect(bool holds, std::source_location where = std::source_location::current()) {
    if (!holds) {
      std::scoped_lock guard(mutex_);
      const std::string file = where.file_name();
      if (failure_.empty()) {
        failure_ = file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line()) + " does not hold";
      }
    }
    return holds;
  }

  /// How often to repeat what the contract has done `full` times: that often, or less if a quick look was asked for.
  std::size_t times(std::size_t full) const noexcept { return std::max<std::size_t>(full / divisor_, 1); }

  /// Runs `job(i)` on `count` threads at once, to their end.
  template <class Job>
  void together(std::size_t count, Job job) {
    crew threads(dog_);
    for (std::size_t i = 0; i < count; ++i) threads.add("thread " + std::to_string(i), [&job, i](worker&) { job(i); });
    threads.run();
  }

  harness::watchdog& dog() noexcept { return dog_; }
  std::string failure() const {
    std::scoped_lock guard(mutex_);
    return failure_;
  }

private:
  harness::watchdog& dog_;
  const std::size_t divisor_;
  mutable std::mutex mutex_;
  std::string failure_;
};

/// A thread beside the test's own, which starts at once and is joined at the end.
class companion {
public:
  template <class Job>
  companion(trial& t, Job job)
      : threads_(t.dog()), self_(&threads_.add("companion", [job = std::move(job)](worker&) mutable { job(); })) {
    threads_.start();
  }
  companion(const companion&) = delete;
  companion& operator=(const companion&) = delete;

  /// Waits until the thread sleeps in the kernel, or has finished. Our channels do sleep, however slow the machine.
  const companion& asleep() const {
    self_->await_asleep(30s);
    return *this;
  }
  bool finished() const noexcept { return self_->finished(); }
  void join() { threads_.join(); }

private:
  crew threads_;
  const worker* self_;
};

/// Where one line stands on one channel.
struct cell {
  std::string channel;
  std::string not_applicable;  ///< the reason, or empty
  std::function<void(trial&)> test;
};

struct line {
  int number;
  std::string name;
  std::string behaviour;
  std::vector<cell> cells;
};

/// Every line, in the order of its number.
class book {
public:
  void line(int number, std::string name, std::string behaviour, std::vector<cell> cells) {
    lines_.push_back({number, std::move(name), std::move(behaviour), std::move(cells)});
  }
  const std::vector<contract::line>& lines() const noexcept { return lines_; }

private:
  std::vector<contract::line> lines_;
};

template <template <class> class Core>
struct core_channel : harness::subject<Core> {};

struct lock_free : core_channel<cores::lock_free> {
  static constexpr std::string_view name = "lock_free";
};
struct sync : core_channel<cores::sync> {
  static constexpr std::string_view name = "sync";
};
struct rendezvous : core_channel<cores::rendezvous> {
  static constexpr std::string_view name = "rendezvous";
};
struct mutex : core_channel<cores::mutex> {
  static constexpr std::string_view name = "mutex";
};

/// The facades, which choose a core by capacity.
struct mpmc_channel : harness::subject<sluice::detail::mpmc_core> {
  static constexpr std::string_view name = "mpmc";
};
struct mpsc_channel : mpmc_channel {
  static constexpr std::string_view name = "mpsc";
  static constexpr core_traits traits = [] {
    core_traits t = mpmc_channel::traits;
    t.consumers = cardinality::one;
    return t;
  }();

  template <class T>
  using sender = mpsc::sender<T>;
  template <class T>
  using receiver = mpsc::receiver<T>;

  template <class T>
  static auto make(std::optional<std::size_t> capacity) {
    return capacity ? mpsc::sync_channel<T>(*capacity) : mpsc::channel<T>();
  }
};

template <class... Channels>
struct channels {};

using every_core = channels<lock_free, sync, rendezvous, mutex>;
using every_channel = channels<lock_free, sync, rendezvous, mutex, mpmc_channel, mpsc_channel>;

/// The trials of one line on several channels.
///
/// \tparam Need  by a channel's traits, a reason for which the line does not apply, or nullptr.
/// \param test   called with the trial and the channel.
template <auto Need, class... Channels, class Test>
std::vector<cell> on(channels<Channels...>, Test test) {
  std::vector<cell> cells;
  const auto add = [&]<class S>(S channel) {
    cell& c = cells.emplace_back();
    c.channel = S::name;
    if constexpr (constexpr const char* reason = Need(S::traits); reason != nullptr) {
      c.not_applicable = reason;
    } else {
      c.test = [test, channel](trial& t) { test(t, channel); };
    }
  };
  (add(Channels{}), ...);
  return cells;
}

/// A trial of something that is not one of the channels above.
inline std::vector<cell> only(std::string what, std::function<void(trial&)> test) {
  return {{.channel = std::move(what), .not_applicable = {}, .test = std::move(test)}};
}

// Reasons for which a line does not apply, beside those of harness/applies.hpp.
using harness::always;
using harness::needs_buffer;

constexpr const char* needs_unbounded(const core_traits& traits) noexcept {
  return traits.unbounded ? nullptr : "it is bounded";
}
constexpr const char* needs_bounded(const core_traits& traits) noexcept {
  return traits.bounded ? nullptr : "it is unbounded";
}
constexpr const char* needs_room(const core_traits& traits) noexcept {
  if (!traits.bounded) return "it is unbounded";
  return traits.greatest_capacity > 0 ? nullptr : "a rendezvous buffers nothing";
}
constexpr const char* needs_rendezvous(const core_traits& traits) noexcept {
  return traits.bounded && traits.least_capacity == 0 ? nullptr : "it buffers";
}
constexpr const char* needs_consumers(const core_traits& traits) noexcept {
  return traits.consumers == cardinality::many ? nullptr : "it has one receiver, which cannot be cloned";
}
constexpr const char* needs_buffer_and_consumers(const core_traits& traits) noexcept {
  return harness::needs_all(traits, needs_buffer, needs_consumers);
}

constexpr const char* needs_unbounded_and_consumers(const core_traits& traits) noexcept {
  return harness::needs_all(traits, needs_unbounded, needs_consumers);
}

using capacities = std::vector<std::optional<std::size_t>>;

/// Calls `test(tx, rx)` on a fresh channel for each of the capacities that the channel can have.
template <class T, class S, class Test>
void each(S, const capacities& wanted, Test test) {
  for (const auto& capacity : wanted) {
    if (!S::traits.accepts(capacity)) continue;
    auto [tx, rx] = S::template make<T>(capacity);
    test(tx, rx);
  }
}

inline const capacities all{std::nullopt, 0, 1, 3};
inline const capacities buffered{std::nullopt, 1, 3};
inline const capacities bounded{0, 1, 3};
inline const capacities with_room{1, 3};
inline const capacities unbounded{std::nullopt};
inline const capacities zero{0};

// The parts of the contract, a file each.
void add_construction(book&);
void add_capacity(book&);
void add_rendezvous(book&);
void add_attempts(book&);
void add_deadlines(book&);
void add_disconnect(book&);
void add_ordering(book&);
void add_ownership(book&);
void add_iteration(book&);
void add_state(book&);
void add_select(book&);
void add_timers(book&);
void add_broadcast(book&);
void add_oneshot(book&);
void add_robustness(book&);

}  // namespace sluice::contract
