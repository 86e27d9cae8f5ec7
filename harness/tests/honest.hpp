#pragma once

#include <sluice/cores/mutex.hpp>
#include <sluice/platform.hpp>

#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

/// Channels that promise little, and declare that: no check may fail on them, except on the two that break even that.
namespace sluice::honest {

/// Rounds its capacity up, has no disconnect, and ignores deadlines.
template <class T>
class modest {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true, .exact_capacity = false, .disconnects = false, .timed = false};

  explicit modest(std::size_t capacity) : sound_(std::bit_ceil(capacity)) {}

  status try_send(T& value) { return sound_.try_send(value); }
  status send_until(T& value, deadline) { return sound_.send_until(value, deadline::max()); }
  status try_recv(std::optional<T>& out) { return sound_.try_recv(out); }
  status recv_until(std::optional<T>& out, deadline) { return sound_.recv_until(out, deadline::max()); }
  void close_senders() noexcept {}
  void close_receivers() noexcept {}
  std::size_t size() const { return sound_.size(); }
  std::optional<std::size_t> capacity() const { return sound_.capacity(); }

private:
  cores::mutex<T> sound_;
};

/// For one thread on each side, with room for eight messages.
template <class T>
class narrow : public cores::mutex<T> {
public:
  static constexpr core_traits traits{.producers = cardinality::one,
                                      .consumers = cardinality::one,
                                      .bounded = true,
                                      .least_capacity = 8,
                                      .greatest_capacity = 8};
  using cores::mutex<T>::mutex;
};

/// Has neither operations that do not wait nor deadlines.
template <class T>
class blocking {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .timed = false, .tries = false};

  blocking() = default;
  explicit blocking(std::size_t capacity) : sound_(capacity) {}

  status send_until(T& value, deadline) { return sound_.send_until(value, deadline::max()); }
  status recv_until(std::optional<T>& out, deadline) { return sound_.recv_until(out, deadline::max()); }
  void close_senders() { sound_.close_senders(); }
  void close_receivers() { sound_.close_receivers(); }
  std::size_t size() const { return sound_.size(); }
  std::optional<std::size_t> capacity() const { return sound_.capacity(); }

private:
  cores::mutex<T> sound_;
};

/// Retires an allocation with each message, and frees what is retired in batches.
template <class T, std::size_t Batch>
class retiring : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  static constexpr core_traits traits{
      .unbounded = true, .bounded = true, .strong_guarantee = false, .deferred_reclamation = true};
  using base::base;

  status try_recv(std::optional<T>& out) { return retire(base::try_recv(out)); }
  status recv_until(std::optional<T>& out, deadline until) { return retire(base::recv_until(out, until)); }

private:
  status retire(status now) {
    if (now != status::ok) return now;
    platform::unique_lock guard(this->mutex_);
    retired_.push_back(std::make_unique<int>());
    if (retired_.size() == Batch) retired_.clear();
    return now;
  }

  std::vector<std::unique_ptr<int>> retired_;
};

template <class T>
using in_batches = retiring<T, 50>;

/// Never frees them while the channel lives.
template <class T>
using hoarding = retiring<T, 0>;

/// Keeps an allocation of each channel for ever.
template <class T>
class never_freed : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  never_freed() { keep(); }
  explicit never_freed(std::size_t capacity) : base(capacity) { keep(); }

private:
  static void keep() {
    // Reachable, so that it is no leak at exit.
    static std::mutex mutex;
    static std::vector<std::unique_ptr<int>> kept;
    const std::scoped_lock guard(mutex);
    kept.push_back(std::make_unique<int>());
  }
};

/// Weakly consistent: an attempt beside another one finds nothing, or no room. Select cannot wait on it.
template <class T>
class hesitant : private cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  using typename base::value_type;
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .consistency = consistency::weak};
  using base::base;
  using base::capacity;
  using base::close_receivers;
  using base::close_senders;
  using base::recv_until;
  using base::send_until;
  using base::size;

  status try_send(T& value) {
    const attempt self(trying_);
    if (self.beside_another && hesitates_to_send()) return status::full;
    return base::try_send(value);
  }
  status try_recv(std::optional<T>& out) {
    const attempt self(trying_);
    if (self.beside_another && hesitates_to_receive()) return status::empty;
    return base::try_recv(out);
  }

private:
  struct attempt {
    explicit attempt(platform::atomic<int>& trying)
        : trying_(trying), beside_another(trying.fetch_add(1, std::memory_order::relaxed) != 0) {}
    ~attempt() { trying_.fetch_sub(1, std::memory_order::relaxed); }
    platform::atomic<int>& trying_;
    const bool beside_another;
  };

  bool hesitates_to_send() {
    platform::unique_lock guard(this->mutex_);
    return this->capacity_ && !this->receivers_disconnected_;
  }
  bool hesitates_to_receive() {
    platform::unique_lock guard(this->mutex_);
    return !this->senders_disconnected_;
  }

  platform::atomic<int> trying_{0};
};

/// Declares weak consistency, and loses what it does not find at once when the senders have disconnected.
template <class T>
class forgetful : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .consistency = consistency::weak};
  using base::base;

  status try_recv(std::optional<T>& out) {
    const status now = base::try_recv(out);
    platform::unique_lock guard(this->mutex_);
    // Meanwhile a message may have arrived.
    return now == status::empty && this->senders_disconnected_ ? status::disconnected : now;
  }
};

}  // namespace sluice::honest
