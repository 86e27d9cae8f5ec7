#pragma once

#include <sluice/core.hpp>
#include <sluice/cores/lock_free.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/wait_queue.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

/// Unbounded channels on linked lists with one mistake each.
namespace sluice::faulty {

namespace detail {

using namespace sluice::detail;

enum class mistake { none, head_unset, node_reused, loser_destroys };

/// Michael and Scott's queue (1996), initialised by its first send. Nodes live as long as the channel, so that no
/// thread reads a freed one, and none is reused. All orders are seq_cst: these channels are about other mistakes.
template <class T, mistake Made>
class list {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true};

  status try_send(T& value) {
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) return status::disconnected;
    append(value);
    // A sender that came too late for the last receiver's clear() clears the queue itself.
    if (receivers_disconnected_.load(std::memory_order::seq_cst)) clear();
    receivers_.notify_one();
    return status::ok;
  }
  status send_until(T& value, deadline) { return try_send(value); }

  status try_recv(std::optional<T>& out) {
    // The senders' last messages precede their disconnect, so the disconnect is read first; and again, since another
    // receiver may have taken the last one after it.
    bool ended = senders_disconnected_.load(std::memory_order::seq_cst);
    while (!take_first(out)) {
      if (ended) return status::disconnected;
      ended = senders_disconnected_.load(std::memory_order::seq_cst);
      if (!ended) return status::empty;
    }
    return status::ok;
  }
  status recv_until(std::optional<T>& out, deadline until) {
    return receivers_.wait(
        status::empty, until, [&] { return try_recv(out); },
        [&] { return senders_disconnected_.load(std::memory_order::seq_cst) || size() != 0; });
  }

  void close_senders() {
    senders_disconnected_.store(true, std::memory_order::seq_cst);
    receivers_.close();
  }
  void close_receivers() {
    receivers_disconnected_.store(true, std::memory_order::seq_cst);
    clear();
  }

  std::size_t size() const {
    std::size_t count = 0;
    const node* n = head_.load(std::memory_order::seq_cst);
    while (n && (n = n->next.load(std::memory_order::seq_cst))) ++count;
    return count;
  }
  std::optional<std::size_t> capacity() const noexcept { return std::nullopt; }

private:
  struct node {
    platform::atomic<node*> next{nullptr};
    platform::cell<T> message;
  };

  void append(T& value) {
    begin();
    node* mine = made();
    mine->message.construct(std::move(value));
    for (;;) {
      node* last = tail_.load(std::memory_order::seq_cst);
      node* after = last->next.load(std::memory_order::seq_cst);
      if (!after &&
          last->next.compare_exchange_strong(after, mine, std::memory_order::seq_cst, std::memory_order::seq_cst)) {
        tail_.compare_exchange_strong(last, mine, std::memory_order::seq_cst, std::memory_order::seq_cst);
        return;
      }
      tail_.compare_exchange_strong(last, after, std::memory_order::seq_cst, std::memory_order::seq_cst);
      if constexpr (Made == mistake::loser_destroys) {
        std::optional<T> destroyed;
        mine->message.take(destroyed);
        mine = made();
        mine->message.construct(std::move(value));
      }
    }
  }

  bool take_first(std::optional<T>& out) {
    for (;;) {
      if (!tail_.load(std::memory_order::seq_cst)) return false;
      node* first = head_.load(std::memory_order::seq_cst);
      if constexpr (Made != mistake::head_unset) {
        for (detail::backoff pacing; !first; pacing.snooze()) first = head_.load(std::memory_order::seq_cst);
      }
      node* next = first->next.load(std::memory_order::seq_cst);
      if (!next) return false;
      node* seen = first;
      if (!head_.compare_exchange_strong(seen, next, std::memory_order::seq_cst, std::memory_order::seq_cst)) continue;
      next->message.take(out);
      if constexpr (Made == mistake::node_reused) {
        platform::unique_lock guard(mutex_);
        spare_ = first;
      }
      return true;
    }
  }

  /// The first send links an empty node: as the tail, then as the head.
  void begin() {
    if (tail_.load(std::memory_order::seq_cst)) return;
    node* none = nullptr;
    node* first = made();
    if (tail_.compare_exchange_strong(none, first, std::memory_order::seq_cst, std::memory_order::seq_cst)) {
      head_.store(first, std::memory_order::seq_cst);
    }
  }

  node* made() {
    platform::unique_lock guard(mutex_);
    if (node* again = std::exchange(spare_, nullptr)) {
      again->next.store(nullptr, std::memory_order::seq_cst);
      return again;
    }
    return nodes_.emplace_back(std::make_unique<node>()).get();
  }

  void clear() {
    for (std::optional<T> message; take_first(message); message.reset()) {
    }
  }

  platform::atomic<node*> head_{nullptr};
  platform::atomic<node*> tail_{nullptr};
  platform::atomic<bool> senders_disconnected_{false};
  platform::atomic<bool> receivers_disconnected_{false};
  platform::mutex mutex_;
  std::vector<std::unique_ptr<node>> nodes_;
  node* spare_ = nullptr;
  wait_queue receivers_;
};

}  // namespace detail

/// Without a mistake: shows that the others are caught for theirs, not for the list's.
template <class T>
using sound_list = detail::list<T, detail::mistake::none>;

/// The first send sets the tail, then the head; a thread that comes in between dereferences a null head
/// (rust-lang/rust#110001, crossbeam#972).
template <class T>
using tail_before_head = detail::list<T, detail::mistake::head_unset>;

/// A dequeued node is reused at once, while a slow sender still takes it for the last: ABA (boost/lockfree#59).
template <class T>
using reused_node = detail::list<T, detail::mistake::node_reused>;

/// A sender that loses the race to append destroys the message with its node, and sends what is left of it (xenium
/// bbf968a).
template <class T>
using loser_destroys = detail::list<T, detail::mistake::loser_destroys>;

/// At the end of a block, an empty channel reports a size of 1 (tokio#6602).
template <class T>
class block_edge_empty : public cores::lock_free<T> {
  using base = cores::lock_free<T>;

public:
  status try_recv(std::optional<T>& out) { return counted(base::try_recv(out)); }
  status recv_until(std::optional<T>& out, deadline until) { return counted(base::recv_until(out, until)); }

  std::size_t size() const {
    const std::size_t place = received_.load(std::memory_order::relaxed) % platform::block_slots;
    return base::size() == 0 && place + 1 == platform::block_slots ? 1 : base::size();
  }

private:
  status counted(status got) {
    if (got == status::ok) received_.fetch_add(1, std::memory_order::relaxed);
    return got;
  }

  platform::atomic<std::size_t> received_{0};
};

}  // namespace sluice::faulty
