#pragma once

#include <harness/allocations.hpp>
#include <properties/property.hpp>
#include <properties/scenario_properties.hpp>
#include <sluice/platform.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What a channel allocates, and what happens when an allocation fails.
namespace sluice::properties {

namespace allocated = harness::allocations;

/// Counts allocations while messages pass.
struct allocations {
  static constexpr std::string_view name = "allocations";
  static constexpr std::string_view claim = "A channel allocates as rarely as it promises, however many messages pass.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_buffer, needs_tries, needs_allocation_promise);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r, buffered_capacities);
      const auto messages = *rc::gen::inRange<std::size_t>(1, 2000);
      auto [tx, rx] = r.channel().make<int>(capacity);
      const std::size_t before = allocated::made();
      std::size_t inside = 0;
      std::size_t received = 0;
      for (std::size_t sent = 0; sent < messages;) {
        if (inside < 8 && tx.try_send(1)) {
          ++inside;
          ++sent;
        } else {
          for (; inside > 0; --inside) received += rx.try_recv().has_value();
        }
      }
      // Assertions allocate, so they come after the count.
      const std::size_t made = allocated::made() - before;
      RC_ASSERT(received + inside == messages);
      const std::size_t promised = allowed(messages, r.channel().traits().messages_per_allocation);
      if (made > promised) {
        RC_FAIL(std::to_string(messages) + " messages cost " + std::to_string(made) + " allocations, at most " +
                std::to_string(promised) + " were promised");
      }
    });
  }

private:
  static std::size_t allowed(std::size_t messages, std::size_t per_allocation) {
    return per_allocation == 0 || per_allocation == core_traits::no_allocation ? 0 : messages / per_allocation + 1;
  }
};

/// Counts live allocations after laps of many messages.
struct steady_memory {
  static constexpr std::string_view name = "steady_memory";
  static constexpr std::string_view claim =
      "However many messages have passed, a channel that holds few uses no more memory than at first.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_buffer, needs_tries);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r, buffered_capacities);
      const auto at_once = *rc::gen::inRange(1, 20);
      // What waits to be freed is bounded, but the bound is not known: it must not grow with the number of messages.
      const bool deferred = r.channel().traits().deferred_reclamation;
      const int laps = deferred ? 100 : 6;
      const int first_laps = deferred ? 10 : 2;
      auto [tx, rx] = r.channel().make<int>(capacity);
      const std::size_t before = allocated::live();
      std::size_t at_first = 0;
      for (int lap = 0; lap < laps; ++lap) {
        for (int n = 0; n < (deferred ? 30 : 300); ++n) {
          int sent = 0;
          while (sent < at_once && tx.try_send(n)) ++sent;
          for (; sent > 0; --sent) RC_ASSERT(rx.try_recv().value() == n);
        }
        const std::size_t now = allocated::live();
        if (lap < first_laps) {
          at_first = std::max(at_first, now);
          continue;
        }
        // A few blocks may be cached.
        const std::size_t most = deferred ? before + 3 * (at_first - std::min(at_first, before)) + 64 : at_first + 4;
        if (now > most) {
          RC_FAIL("lap " + std::to_string(lap) + " left " + std::to_string(now - most) + " more allocations alive");
        }
      }
    });
  }
};

/// Counts live allocations after many short lives of a channel.
struct leaves_nothing {
  static constexpr std::string_view name = "leaves_nothing";
  static constexpr std::string_view claim =
      "A channel whose first send races its last receiver's disconnect leaves no allocation behind, however often.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return traits.deferred_reclamation ? "it frees memory in batches" : needs_disconnect(traits);
  }

  static void check(run& r) {
    // What is allocated once, as a library's own state.
    constexpr std::size_t allowed = 4;
    std::size_t stayed = 0;
    std::size_t channels = 0;
    r.forall([&] {
      const auto capacity = any_capacity(r);
      const std::uint64_t seed = detail::any_seed();
      const std::size_t before = allocated::live();
      channels += live_and_die(r, capacity, seed);
      const std::size_t now = allocated::live();
      stayed += now - std::min(now, before);
      if (stayed > allowed) {
        r.fail("capacity " + harness::to_string(capacity) + ": " + std::to_string(stayed) + " allocations stay of " +
               std::to_string(channels) + " channels");
      }
    });
  }

private:
  /// In threads of their own, whose own memory ends with them.
  /// \returns  the number of channels.
  static std::size_t live_and_die(run& r, std::optional<std::size_t> capacity, std::uint64_t seed) {
    std::vector<decltype(r.channel().make<int>(capacity))> channels;
    for (int n = 0; n < 100; ++n) channels.push_back(r.channel().make<int>(capacity));
    std::array<std::atomic<std::size_t>, 2> reached{};
    // Waits for the other thread at each channel, but not for long: it may not be running.
    const auto meet = [&](std::size_t self, std::size_t at) {
      reached[self].store(at);
      for (int spins = 0; spins < 2'000 && reached[1 - self].load() < at; ++spins) platform::pause();
    };
    thread_group threads(r.dog());
    threads.add("drops receivers", [&](worker& self) {
      harness::disturb_by(2 * seed);
      for (std::size_t at = 0; at < channels.size(); ++at) {
        meet(0, at);
        self.about_to("drop the receiver");
        channels[at].second.reset();
      }
    });
    threads.add("sends", [&](worker& self) {
      harness::disturb_by(2 * seed + 1);
      for (std::size_t at = 0; at < channels.size(); ++at) {
        meet(1, at);
        self.about_to("send");
        (void)channels[at].first.send(1);
      }
    });
    threads.run();
    return channels.size();
  }
};

/// Makes each allocation of each operation fail, in turn.
struct allocation_failure {
  static constexpr std::string_view name = "allocation_failure";
  static constexpr std::string_view claim =
      "An operation whose allocation fails leaves channel and message unchanged, and succeeds when tried again.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    return needs_all(traits, needs_buffer, needs_tries, needs_strong_guarantee);
  }

  static void check(run& r) {
    r.forall([&] {
      const auto capacity = any_capacity(r, buffered_capacities);
      draws draw(detail::any_seed());
      auto [tx, rx] = r.channel().make<std::unique_ptr<int>>(capacity);
      int sent = 0;
      int received = 0;
      // Enough for an unbounded channel to outgrow what it allocated at first.
      for (int n = 0; n < 400; ++n) {
        const std::size_t room = capacity ? *capacity - static_cast<std::size_t>(sent - received) : 100;
        if (draw(8) == 0) {
          receive_batch(rx, received);
        } else if (draw(8) == 0) {
          send_batch(tx, r.channel().traits().exact_size, std::min<std::size_t>(room, draw(6)), sent);
        } else if (draw(3) != 0 && room != 0) {
          auto message = std::make_unique<int>(sent);
          RC_ASSERT(patiently([&] { return tx.try_send(std::move(message)).has_value(); },
                              [&] {
                                RC_ASSERT(message != nullptr);
                                RC_ASSERT(*message == sent);
                              }));
          ++sent;
        } else {
          // The expected result: the oldest message, or none.
          std::unique_ptr<int> got;
          const bool any = patiently(
              [&] {
                auto message = rx.try_recv();
                if (message) got = std::move(*message);
                return message.has_value();
              },
              [] {});
          RC_ASSERT(any == (received < sent));
          if (!any) continue;
          RC_ASSERT(got != nullptr);
          RC_ASSERT(*got == received++);
        }
      }
      // A disconnect cannot report a failure, so that it must not allocate.
      allocated::fail(0);
      rx.reset();
      const bool failed = allocated::failed();  // before RC_ASSERT, which allocates
      RC_ASSERT(!failed);
    });
  }

private:
  /// What was sent before an allocation failed stays sent.
  template <class Sender>
  static void send_batch(Sender& tx, bool exact_size, std::size_t length, int& sent) {
    std::vector<std::unique_ptr<int>> batch;
    for (std::size_t n = 0; n < length; ++n) batch.push_back(std::make_unique<int>(sent + static_cast<int>(n)));
    const auto rest = [&] { return std::ranges::subrange(std::ranges::find_if(batch, is_there), batch.end()); };
    const std::size_t before = tx.size();
    RC_ASSERT(patiently([&] { return tx.send_all(rest()).has_value(); },
                        [&] {
                          RC_ASSERT(std::ranges::all_of(rest(), is_there));
                          if (exact_size) RC_ASSERT(tx.size() == before + length - rest().size());
                        }));
    RC_ASSERT(std::ranges::none_of(batch, is_there));
    sent += static_cast<int>(length);
  }

  /// What was received before an allocation failed is in the vector.
  template <class Receiver>
  static void receive_batch(Receiver& rx, int& received) {
    std::vector<std::unique_ptr<int>> got;
    (void)patiently([&] { return rx.try_recv_many(got, 40).has_value(); }, [] {});
    for (const auto& message : got) {
      RC_ASSERT(message != nullptr);
      RC_ASSERT(*message == received++);
    }
  }

  static bool is_there(const std::unique_ptr<int>& message) { return message != nullptr; }

  /// Tries an operation with its first, second, third allocation failing, until it makes no further one.
  template <class Operation, class AsBefore>
  static bool patiently(Operation operation, AsBefore as_before) {
    for (std::size_t nth = 0;; ++nth) {
      allocated::fail(nth);
      bool done = false;
      bool result = false;
      try {
        result = operation();
        done = true;
      } catch (const std::bad_alloc&) {
      }
      const bool failed = allocated::failed();
      if (done) return result;
      RC_ASSERT(failed);
      as_before();
    }
  }
};

/// Two senders that wait for room, the first of which finds no memory when it gets some.
struct room_passed_on {
  static constexpr std::string_view name = "room_passed_on";
  static constexpr std::string_view claim =
      "Of two senders that wait for room, the second gets it if the first finds no memory.";
  static constexpr const char* not_applicable(const core_traits& traits) {
    if (!traits.bounded || traits.greatest_capacity == 0) return "its senders never wait for room";
    if (traits.producers == cardinality::one) return "it has one producer";
    return needs_all(traits, needs_tries, needs_strong_guarantee);
  }

  static void check(run& r) {
    r.forall([&] {
      static constexpr std::array<std::optional<std::size_t>, 4> bounded{1, 2, 3, 7};
      const auto capacity = any_capacity(r, bounded);
      // A channel may allocate once for several messages.
      pass_on(r, capacity, *rc::gen::inRange(0, 10));
    });
  }

private:
  static void pass_on(run& r, std::optional<std::size_t> capacity, int before) {
    int misplaced = 0;
    constexpr int last = 1;
    auto [tx, rx] = r.channel().make<block>(capacity);
    for (int n = 0; n < before; ++n) {
      (void)tx.send(block(0, misplaced));
      (void)rx.recv();
    }
    fill(r, tx, [&] { return block(0, misplaced); });
    std::atomic<bool> first_waits{false};
    thread_group threads(r.dog());
    const worker& first = threads.add("sender without memory", [&](worker& self) {
      // What a library keeps for each thread is no part of the promise.
      auto [own_tx, own_rx] = r.channel().make<block>(capacity);
      (void)own_tx.send(block(0, misplaced));
      self.about_to("send");
      allocated::fail(0);
      try {
        (void)tx.send(block(0, misplaced));
      } catch (const std::bad_alloc&) {
      }
      (void)allocated::failed();
    });
    const worker& second = threads.add("sender", [&](worker& self) {
      while (!first_waits) std::this_thread::yield();
      self.about_to("send");
      (void)tx.send(block(last, misplaced));
    });
    threads.start();
    first.await_asleep();
    first_waits = true;
    second.await_asleep();
    for (bool found = false; !found;) {
      const auto got = rx.recv();
      found = !got || got->number == last;
    }
    (void)rx.try_recv();  // room for the first, if it still waits
    threads.join();
  }
};

}  // namespace sluice::properties
