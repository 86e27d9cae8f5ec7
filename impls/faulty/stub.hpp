#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

/// An unbounded channel with many senders and one receiver, on a list with a stub.
namespace sluice::faulty {

namespace detail {

using namespace sluice::detail;

/// Vyukov's intrusive MPSC queue
/// (https://www.1024cores.net/home/lock-free-algorithms/queues/intrusive-mpsc-node-based-queue): the receiver appends
/// the stub behind the last message, so that it can take that one. It may do so only if the first node is the last:
/// otherwise the stub may still be in the list. Nodes live as long as the channel, so that a mistake loses messages and
/// does not crash. All orders are seq_cst: this is about another mistake.
template <class T, bool LooksForLast>
class stub_list {
public:
  using value_type = T;
  static constexpr core_traits traits{.consumers = cardinality::one, .unbounded = true, .exact_size = false};

  status try_send(T& value) {
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    append(made(value));
    // A sender that came too late for the last receiver's clear() clears the list itself.
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) clear();
    receivers_.notify_one();
    return status::ok;
  }
  status send_until(T& value, deadline) { return try_send(value); }

  status try_recv(std::optional<T>& out) {
    // The senders' last messages precede their disconnect.
    const bool ended = senders_disconnected_.load(std::memory_order::seq_cst);
    if (take_first(out)) return status::ok;
    return ended ? status::disconnected : status::empty;
  }
  status recv_until(std::optional<T>& out, deadline until) {
    return receivers_.wait(
        status::empty, until, [&] { return try_recv(out); },
        [&] { return senders_disconnected_.load(std::memory_order::seq_cst) || any(); });
  }

  void close_senders() {
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    receivers_.close();
  }
  void close_receivers() {
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    clear();
  }

  /// The list does not count.
  std::size_t size() const noexcept { return 0; }
  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  struct node {
    platform::atomic<node*> next{nullptr};
    std::optional<T> message;
  };

  void append(node* appended) {
    appended->next.store(nullptr, std::memory_order::seq_cst);
    node* before = last_.exchange(appended, std::memory_order::seq_cst);
    before->next.store(appended, std::memory_order::seq_cst);
  }

  bool any() {
    platform::unique_lock guard(first_mutex_);
    return first_ != &stub_ || last_.load(std::memory_order::seq_cst) != &stub_;
  }

  bool take_first(std::optional<T>& out) {
    platform::unique_lock guard(first_mutex_);
    if (first_ == &stub_) {
      node* after_stub = next_unless_last();
      if (!after_stub) return false;
      first_ = after_stub;
    }
    node* next = LooksForLast ? next_unless_last() : first_->next.load(std::memory_order::seq_cst);
    if (!next) {
      append(&stub_);
      next = next_unless_last();
    }
    if (!next || !first_->message) return false;
    out.emplace(*std::exchange(first_->message, std::nullopt));
    first_ = next;
    return true;
  }

  /// Waits for a sender that has appended to the first node and is about to link what follows. \returns  null if the
  /// first node is the last.
  node* next_unless_last() {
    node* next = first_->next.load(std::memory_order::seq_cst);
    for (backoff pacing; !next && first_ != last_.load(std::memory_order::seq_cst); pacing.snooze())
      next = first_->next.load(std::memory_order::seq_cst);
    return next;
  }

  node* made(T& value) {
    platform::unique_lock guard(nodes_mutex_);
    node* made = nodes_.emplace_back(std::make_unique<node>()).get();
    made->message.emplace(std::move(value));
    return made;
  }

  void clear() {
    for (std::optional<T> message; take_first(message); message.reset()) {
    }
  }

  platform::mutex nodes_mutex_;
  std::vector<std::unique_ptr<node>> nodes_;
  platform::mutex first_mutex_;
  node stub_;
  node* first_ = &stub_;
  platform::atomic<node*> last_{&stub_};
  platform::atomic<bool> senders_disconnected_{false};
  platform::atomic<bool> receivers_disconnected_{false};
  wait_queue receivers_;
};

}  // namespace detail

/// Without a mistake: shows that the other is caught for its own.
template <class T>
using sound_stub_list = detail::stub_list<T, true>;

/// The receiver takes a node that has no successor yet for the last, although a sender is about to link one, and
/// appends the stub once more while it is in the list: messages are lost (NVIDIA/stdexec#1812).
template <class T>
using stub_in_list_twice = detail::stub_list<T, false>;

}  // namespace sluice::faulty
