#pragma once

#include <sluice/core.hpp>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

/// Channels that are not written against sluice/platform.hpp.
namespace sluice::foreign {

/// A queue with a lock, for one receiver.
///
/// \tparam Rechecks  whether a woken receiver looks again; one that does not takes a spurious wake-up for a message
template <class T, bool Rechecks>
class locked {
public:
  using value_type = T;
  static constexpr core_traits traits{.consumers = cardinality::one, .unbounded = true};

  status try_send(T& value) { return send_until(value, deadline::max()); }
  status send_until(T& value, deadline) {
    {
      std::lock_guard guard(mutex_);
      if (receivers_disconnected_) return status::disconnected;
      queue_.push_back(std::move(value));
    }
    changed_.notify_one();
    return status::ok;
  }

  status try_recv(std::optional<T>& out) {
    std::lock_guard guard(mutex_);
    return take(out, status::empty);
  }
  status recv_until(std::optional<T>& out, deadline until) {
    std::unique_lock guard(mutex_);
    const auto ready = [this] { return !queue_.empty() || senders_disconnected_; };
    while (!ready()) {
      if (until == deadline::max()) {
        changed_.wait(guard);
      } else if (changed_.wait_until(guard, until) == std::cv_status::timeout) {
        break;
      }
      if constexpr (!Rechecks) break;
    }
    return take(out, status::timeout);
  }

  void close_senders() {
    std::lock_guard guard(mutex_);
    senders_disconnected_ = true;
    changed_.notify_one();
  }
  void close_receivers() {
    std::list<T> dropped;
    std::lock_guard guard(mutex_);
    receivers_disconnected_ = true;
    dropped.swap(queue_);
  }

  std::size_t size() const {
    std::lock_guard guard(mutex_);
    return queue_.size();
  }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  status take(std::optional<T>& out, status otherwise) {
    if (queue_.empty()) return senders_disconnected_ ? status::disconnected : otherwise;
    out.emplace(std::move(queue_.front()));
    queue_.pop_front();
    return status::ok;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<T> queue_;
  bool senders_disconnected_ = false;
  bool receivers_disconnected_ = false;
};

template <class T>
using rechecking = locked<T, true>;
template <class T>
using trusting = locked<T, false>;

/// A receiver looks for a message and only then announces that it waits: a send between the two does not wake it.
template <class T>
class announced_late : private rechecking<T> {
  using base = rechecking<T>;

public:
  using base::capacity;
  using base::close_receivers;
  using base::size;
  using base::traits;
  using base::try_recv;
  using typename base::value_type;

  status try_send(T& value) { return send_until(value, deadline::max()); }
  status send_until(T& value, deadline until) {
    const status now = base::send_until(value, until);
    wake();
    return now;
  }
  status recv_until(std::optional<T>& out, deadline until) {
    for (;;) {
      if (const status now = base::try_recv(out); now != status::empty) return now;
      std::unique_lock guard(wait_mutex_);
      waiting_ = true;
      const auto woken = [this] { return !waiting_; };
      if (until == deadline::max()) {
        wake_.wait(guard, woken);
      } else if (!wake_.wait_until(guard, until, woken)) {
        const status now = base::try_recv(out);
        return now == status::empty ? status::timeout : now;
      }
    }
  }
  void close_senders() {
    base::close_senders();
    wake();
  }

private:
  void wake() {
    std::lock_guard guard(wait_mutex_);
    waiting_ = false;
    wake_.notify_one();
  }

  std::mutex wait_mutex_;
  std::condition_variable wake_;
  bool waiting_ = false;
};

}  // namespace sluice::foreign
