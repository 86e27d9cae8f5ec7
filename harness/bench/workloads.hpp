#pragma once

#include <harness/bench/latencies.hpp>
#include <harness/bench/lifecycle.hpp>
#include <harness/bench/measured.hpp>
#include <harness/bench/messages.hpp>
#include <harness/bench/run_benchmarks.hpp>
#include <harness/bench/selects.hpp>
#include <harness/bench/streams.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {

/// The workloads of one channel.
///
/// A benchmark's name is shape/capacity/threads, for example `mpmc/128/4`: with T threads, `mpsc` has T producers and
/// one consumer, `mpmc` T of each. Each has one iteration, timed by the workload itself, so that a sample is a process.
template <class Channel>
class workloads {
public:
  static std::vector<named_workload> of(const options& o) {
    workloads all(o);
    all.add_all();
    return std::move(all.list_);
  }

private:
  explicit workloads(const options& o) : options_(o) {}

  struct column {
    std::string name;
    capacity room;
    std::uint64_t messages;
  };

  /// Those of the capacities 0, 1, 128, n (the number of messages) and unbounded that the channel accepts.
  std::vector<column> columns() const {
    const std::uint64_t n = options_.messages;
    std::vector<column> kept;
    for (column c : {column{"0", 0, n / 10}, {"1", 1, n / 10}, {"128", 128, n}, {"n", n, n}, {"unbounded", {}, n}}) {
      // A channel that holds more than requested would not do the same work.
      const bool small = c.room && *c.room < 2;
      if (Channel::traits.accepts(c.room) && (Channel::traits.exact_capacity || !small)) kept.push_back(std::move(c));
    }
    return kept;
  }

  void add_all() {
    for (const column& c : columns()) {
      if (c.name == "1" || c.name == "unbounded") {
        add("create/" + c.name + "/1", [=, n = options_.messages / 10] { return create<Channel>(c.room, n); });
      }
      if constexpr (!requires { typename Channel::single_use; }) add_queue(c);
    }
  }

  void add_queue(const column& c) {
    if (c.room != 0) add("seq/" + c.name + "/1", [=] { return seq<Channel>(c.room, c.messages); });
    add_stream<std::uint64_t>("spsc/" + c.name + "/1", c, 1, 1);
    add_batches("spsc_batch/" + c.name + "/1", c, 1);
    for (const std::size_t threads : options_.threads) add_many_threaded(c, threads);
    if (c.name == "128" || c.name == "unbounded") add_messages(c);
    if (c.name == "0" || c.name == "1" || c.name == "unbounded") {
      add("ping_pong/" + c.name + "/1",
          [=, o = options_] { return ping_pong<Channel>(c.room, o.messages / 20, o.pinned); });
    }
    if (c.name == "1") {
      add("idle_ping_pong/1/1", [=, o = options_] {
        return ping_pong<Channel>(c.room, o.messages / 1000, o.pinned, std::chrono::microseconds(200));
      });
    }
    if (c.name == "unbounded" || (c.name == "n" && !Channel::traits.unbounded)) add_open_loops(c);
    if (c.name == "unbounded") add("memory/unbounded/1", [=] { return memory<Channel>(c.room); });
  }

  template <class Message>
  void add_stream(const std::string& name, const column& c, std::size_t producers, std::size_t consumers) {
    add(name,
        [=, o = options_] { return stream<Channel, Message>(c.room, c.messages, producers, consumers, o.pinned); });
  }

  void add_batches(const std::string& name, const column& c, std::size_t threads) {
    if constexpr (Channel::traits.tries) {
      if (c.name != "128" && c.name != "unbounded") return;
      add(name, [=, o = options_] { return batch_stream<Channel>(c.room, c.messages, threads, threads, o.pinned); });
    }
  }

  /// Shapes with many threads on a side.
  void add_many_threaded(const column& c, std::size_t threads) {
    const std::string suffix = "/" + c.name + "/" + std::to_string(threads);
    if constexpr (Channel::selectable) {
      add("select_rx" + suffix,
          [=, o = options_] { return select_rx<Channel>(c.room, c.messages, threads, o.pinned); });
    }
    if constexpr (Channel::traits.producers == cardinality::many) {
      add_stream<std::uint64_t>("mpsc" + suffix, c, threads, 1);
      if (c.name == "128") {
        add("shares" + suffix, [=, o = options_] { return shares<Channel>(c.room, c.messages, threads, o.pinned); });
      }
      if constexpr (Channel::traits.consumers == cardinality::many) {
        add_stream<std::uint64_t>("mpmc" + suffix, c, threads, threads);
        add_batches("mpmc_batch" + suffix, c, threads);
        if (c.name == "128") {
          add("consumer_shares" + suffix,
              [=, o = options_] { return consumer_shares<Channel>(c.room, c.messages, threads, o.pinned); });
        }
        if constexpr (Channel::selectable) {
          add("select_both" + suffix,
              [=, o = options_] { return select_both<Channel>(c.room, c.messages, threads, o.pinned); });
        }
      }
    }
  }

  /// Larger messages, and messages that own memory.
  void add_messages(const column& c) {
    column fewer = c;
    fewer.messages = c.messages / 10;
    add_stream<padded<64>>("spsc_64b/" + c.name + "/1", c, 1, 1);
    add_stream<padded<4096>>("spsc_4k/" + c.name + "/1", fewer, 1, 1);
    add_stream<boxed>("spsc_boxed/" + c.name + "/1", c, 1, 1);
  }

  void add_open_loops(const column& c) {
    struct load {
      const char* name;
      std::uint64_t rate;
    };
    for (const load& l : {load{"10k", 10'000}, {"100k", 100'000}, {"1m", 1'000'000}}) {
      add("open_loop_" + std::string(l.name) + "/" + c.name + "/1", [=, o = options_] {
        return open_loop<Channel>(c.room, l.rate, std::chrono::microseconds(o.messages / 2), o.pinned);
      });
    }
    if constexpr (Channel::traits.tries) {
      add("busy_loop_100k/" + c.name + "/1", [=, o = options_] {
        return open_loop<Channel>(c.room, 100'000, std::chrono::microseconds(o.messages / 2), o.pinned, true);
      });
    }
  }

  void add(std::string name, std::function<sample()> run) { list_.push_back({std::move(name), std::move(run)}); }

  const options& options_;
  std::vector<named_workload> list_;
};

}  // namespace sluice::bench
