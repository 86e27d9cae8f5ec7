#pragma once

#include <harness/linearize.hpp>
#include <harness/run.hpp>
#include <properties/property.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

/// Programs run and held against the sequential channel.
namespace sluice::properties {

namespace detail {

using harness::op_kind;

/// What the sequential channel takes for granted.
constexpr const char* needs_spec(const core_traits& traits) noexcept {
  return needs_all(traits, needs_global_order, needs_disconnect, needs_exact_capacity);
}

/// Operations that a thread may do next: with which weight, and what it holds afterwards.
struct holdings {
  int senders;
  int receivers;
};

inline std::vector<op_kind> possible(const holdings& held, const core_traits& traits) {
  std::vector<op_kind> kinds;
  if (held.senders > 0) {
    kinds.insert(kinds.end(), {op_kind::send, op_kind::send, op_kind::try_send, op_kind::try_send, op_kind::send_for,
                               op_kind::drop_sender});
    if (held.senders < 3 && traits.producers == cardinality::many) kinds.push_back(op_kind::clone_sender);
  }
  if (held.receivers > 0) {
    kinds.insert(kinds.end(), {op_kind::recv, op_kind::recv, op_kind::try_recv, op_kind::try_recv, op_kind::recv_for,
                               op_kind::drop_receiver});
    if (held.receivers < 3 && traits.consumers == cardinality::many) kinds.push_back(op_kind::clone_receiver);
  }
  if (!traits.timed) std::erase_if(kinds, [](op_kind k) { return k == op_kind::send_for || k == op_kind::recv_for; });
  return kinds;
}

inline void apply(op_kind kind, holdings& held) {
  if (kind == op_kind::clone_sender) ++held.senders;
  if (kind == op_kind::drop_sender) --held.senders;
  if (kind == op_kind::clone_receiver) ++held.receivers;
  if (kind == op_kind::drop_receiver) --held.receivers;
}

/// A thread's list from raw choices, so that shrinking the choices shrinks the program.
inline harness::program::thread thread_from(const std::vector<std::uint32_t>& choices, holdings held,
                                            const core_traits& traits) {
  harness::program::thread ops;
  for (std::uint32_t choice : choices) {
    const auto kinds = possible(held, traits);
    if (kinds.empty()) break;
    ops.push_back(kinds[choice % kinds.size()]);
    apply(ops.back(), held);
  }
  return ops;
}

inline std::vector<std::uint32_t> choices(std::size_t most) {
  const auto length = *rc::gen::inRange<std::size_t>(1, most + 1);
  return *rc::gen::container<std::vector<std::uint32_t>>(length, rc::gen::arbitrary<std::uint32_t>());
}

}  // namespace detail

/// One thread, any list of operations: blocking ones only where the sequential channel says that they return at once.
template <class Subject>
struct sequential {
  static constexpr std::string_view name = "sequential";
  static constexpr std::string_view claim =
      "On one thread, any list of operations gives exactly what the sequential channel gives.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    r.forall([&] {
      using harness::op_kind;
      harness::program p{.capacity = any_capacity<Subject>(), .threads = {}};
      p.threads.push_back(detail::thread_from(detail::choices(60), {1, 1}, Subject::traits));
      // Both sides belong to this thread from the start, whichever its list happens to use.
      harness::spec state(p.capacity, 1, 1);
      auto& ops = p.threads[0];
      drop_blocked(ops, state);
      RC_LOG() << to_string(p) << "\n";

      auto [sender, receiver] = Subject::template make<harness::token>(p.capacity);
      harness::thread_runner<decltype(sender), decltype(receiver), harness::token> runner(0,
                                                                                          std::chrono::nanoseconds(0));
      runner.give(std::move(sender));
      runner.give(std::move(receiver));
      harness::history seen;
      std::uint64_t time = 0;
      crew threads(r.dog());
      threads.add("the only thread", [&](worker& self) {
        runner.run(ops, seen, [&] { return ++time; }, [&](op_kind kind) { self.about_to(kind); });
      });
      threads.run();
      for (const auto& e : seen) {
        if (state.step(e)) continue;
        RC_FAIL("operation " + std::to_string(e.index) + ", " + to_string(e) + ", gave " + result_of(e) +
                ", which the sequential channel does not");
      }
    });
  }

private:
  /// Leaves out blocking operations that would wait for ever.
  static void drop_blocked(harness::program::thread& ops, harness::spec state) {
    using harness::op_kind;
    harness::program::thread kept;
    for (op_kind kind : ops) {
      const bool blocking = kind == op_kind::send || kind == op_kind::recv;
      if (blocking && !state.enabled(kind)) continue;
      kept.push_back(kind);
      harness::event e{.kind = kind};
      // The values do not matter here, only how many there are.
      for (status result : {status::ok, status::disconnected, status::timeout, status::full, status::empty}) {
        e.result = result;
        if (state.step(e)) break;
      }
    }
    ops = std::move(kept);
  }
};

/// Two to four threads on small random programs. A thread has one side only, so that no program blocks for ever.
template <class Subject>
struct linearizable {
  static constexpr std::string_view name = "linearizable";
  static constexpr std::string_view claim =
      "Whatever small programs do on several threads, one order of their operations explains what they saw.";
  static constexpr const char* not_applicable(const core_traits& traits) { return detail::needs_spec(traits); }

  static void check(run& r) {
    r.forall([&] {
      harness::program p{.capacity = any_capacity<Subject>(small), .threads = {}};
      const auto side_of = [](cardinality c) { return c == cardinality::many ? 3 : 2; };
      const int senders = *rc::gen::inRange(1, side_of(Subject::traits.producers));
      const int receivers = *rc::gen::inRange(1, side_of(Subject::traits.consumers));
      for (int i = 0; i < senders; ++i)
        p.threads.push_back(detail::thread_from(detail::choices(5), {1, 0}, Subject::traits));
      for (int i = 0; i < receivers; ++i)
        p.threads.push_back(detail::thread_from(detail::choices(5), {0, 1}, Subject::traits));
      const auto noise = *rc::gen::arbitrary<std::uint32_t>();
      // Timing differs from run to run: a program that went well once is worth a few more looks.
      for (std::uint32_t again = 0; again < 5; ++again) hold_against_spec(r, p, noise + again);
    });
  }

private:
  static constexpr std::array<std::optional<std::size_t>, 4> small{std::nullopt, 0, 1, 2};

  static void hold_against_spec(run& r, const harness::program& p, std::uint32_t noise) {
    using sender = typename Subject::template sender<harness::token>;
    using receiver = typename Subject::template receiver<harness::token>;
    using runner = harness::thread_runner<sender, receiver, harness::token>;

    std::atomic<std::uint64_t> clock{0};
    std::vector<harness::history> parts(p.threads.size());
    {
      auto [tx, rx] = Subject::template make<harness::token>(p.capacity);
      crew threads(r.dog());
      std::vector<std::shared_ptr<runner>> runners;
      for (std::size_t t = 0; t < p.threads.size(); ++t) {
        auto& mine = runners.emplace_back(std::make_shared<runner>(t, std::chrono::microseconds(20)));
        if (uses_sender(p.threads[t])) mine->give(tx.clone());
        if (uses_receiver(p.threads[t])) mine->give(rx.clone());
        threads.add("thread " + std::to_string(t), [&, t](worker& self) {
          std::minstd_rand random(noise + static_cast<std::uint32_t>(t));
          const auto now = [&] { return clock.fetch_add(1, std::memory_order::acq_rel); };
          runners[t]->run(p.threads[t], parts[t], now, [&](harness::op_kind kind) {
            self.about_to(kind);
            for (auto spins = random() % 400; spins > 0; --spins) platform::pause();
          });
        });
      }
      tx.reset();
      rx.reset();
      threads.run();
    }
    harness::history all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    const harness::spec initial = initial_state(p);
    const auto verdict = harness::linearizer(all, initial).check();
    if (!verdict.linearizable) RC_FAIL(to_string(p) + "\n" + draw(all, verdict.unexplained));
  }
};

}  // namespace sluice::properties
