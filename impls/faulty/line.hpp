#pragma once

#include <sluice/cores/mutex.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>

/// Threads that wait in a FIFO which is not maintained correctly.
namespace sluice::faulty {

namespace detail {

/// cores::mutex with a FIFO for the threads of one side, each with a condition variable of its own.
template <class T>
class with_line : public cores::mutex<T> {
public:
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .strong_guarantee = false};

  // Without these, handles move a batch message by message, and each wakes the first in line.
  std::size_t try_send_many(std::span<T>) = delete;
  template <class Out>
  std::size_t try_recv_many(Out&, std::size_t) = delete;

protected:
  using cores::mutex<T>::mutex;
  using entry = std::shared_ptr<platform::condition_variable>;

  const entry& join() { return line_.emplace_back(std::make_shared<platform::condition_variable>()); }

  /// Sleeps in the FIFO until an attempt succeeds. The mistake of both ghosts: a thread that has timed out stays in it.
  template <class Attempt>
  status attempt_and_stay(platform::unique_lock& guard, deadline until, status pending, Attempt attempt) {
    status now = attempt();
    while (now == pending) {
      const auto self = join();
      if (!this->wait(*self, guard, until)) return status::timeout;
      std::erase(line_, self);
      now = attempt();
    }
    return now;
  }

  /// Wakes the first after an operation that it may have waited for.
  status wake_first_if_ok(status now) {
    if (now != status::ok) return now;
    platform::unique_lock guard(this->mutex_);
    if (line_.empty()) return now;
    line_.front()->notify_one();
    line_.pop_front();
    return now;
  }

  void tell_all() {
    platform::unique_lock guard(this->mutex_);
    for (const auto& waiting : line_) waiting->notify_one();
  }

  std::deque<entry> line_;
};

template <class T>
class receivers_in_line : public with_line<T> {
  using base = cores::mutex<T>;

public:
  using with_line<T>::with_line;

  status try_send(T& value) { return this->wake_first_if_ok(base::try_send(value)); }
  status send_until(T& value, deadline until) { return this->wake_first_if_ok(base::send_until(value, until)); }

  void close_senders() {
    base::close_senders();
    this->tell_all();
  }
};

template <class T>
class senders_in_line : public with_line<T> {
  using base = cores::mutex<T>;

public:
  using with_line<T>::with_line;

  status try_recv(std::optional<T>& out) { return this->wake_first_if_ok(base::try_recv(out)); }
  status recv_until(std::optional<T>& out, deadline until) {
    return this->wake_first_if_ok(base::recv_until(out, until));
  }

  void close_receivers() {
    base::close_receivers();
    this->tell_all();
  }
};

}  // namespace detail

/// A receiver that has timed out stays in the FIFO, and the wake-up for the next message is lost on it.
template <class T>
class ghost_receiver : public detail::receivers_in_line<T> {
public:
  using detail::receivers_in_line<T>::receivers_in_line;

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(this->mutex_);
    const status now = this->attempt_and_stay(guard, until, status::empty, [&] { return this->pop_if_any(out); });
    if (now == status::ok) this->tell_one(this->not_full_, this->selecting_senders_);
    return now;
  }
};

/// A receiver that has timed out leaves its wake token behind. The next message goes to the token, and a later receive
/// that finds the token used and no message concludes that the senders have disconnected (rust-lang/rust#39364,
/// #94518).
template <class T>
class stale_wake_token : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  using base::base;

  status try_send(T& value) { return use_token_if_ok(base::try_send(value)); }
  status send_until(T& value, deadline until) { return use_token_if_ok(base::send_until(value, until)); }

  status recv_until(std::optional<T>& out, deadline until) {
    {
      platform::unique_lock guard(this->mutex_);
      if (used_ && this->queue_.empty()) return status::disconnected;
      ++waiting_;
    }
    const status now = base::recv_until(out, until);
    platform::unique_lock guard(this->mutex_);
    if (now == status::timeout) return now;
    --waiting_;
    used_ = false;
    return now;
  }

private:
  status use_token_if_ok(status sent) {
    platform::unique_lock guard(this->mutex_);
    // A token of a thread that no longer waits is used up all the same.
    if (sent == status::ok && waiting_ > 0 && this->queue_.size() > 0) used_ = true;
    return sent;
  }

  int waiting_ = 0;
  bool used_ = false;
};

/// A sender that has timed out stays in the FIFO, and the room that the next receive makes is lost on it, as on a
/// removed segment in Kotlin/kotlinx.coroutines#3730.
template <class T>
class ghost_sender : public detail::senders_in_line<T> {
public:
  using detail::senders_in_line<T>::senders_in_line;

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(this->mutex_);
    const status now = this->attempt_and_stay(guard, until, status::full, [&] { return this->push_if_room(value); });
    if (now == status::ok) this->tell_one(this->not_empty_, this->selecting_receivers_);
    return now;
  }
};

/// A sender that is woken for room, but after its deadline, leaves the room to others and wakes none of them. (In
/// tokio#8075 and #8260, a permit that is given back wakes no receiver.)
template <class T>
class room_given_back : public detail::senders_in_line<T> {
public:
  using detail::senders_in_line<T>::senders_in_line;

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(this->mutex_);
    status now = this->push_if_room(value);
    while (now == status::full) {
      const auto self = this->join();
      this->wait(*self, guard, until);
      std::erase(this->line_, self);
      // The mistake: it does not look for room once more.
      if (until != no_deadline && platform::now() >= until) return status::timeout;
      now = this->push_if_room(value);
    }
    if (now == status::ok) this->tell_one(this->not_empty_, this->selecting_receivers_);
    return now;
  }
};

/// The last sender's disconnect erases each receiver that it wakes from the FIFO over which it walks, and so skips
/// every second one.
template <class T>
class erased_while_walking : public detail::receivers_in_line<T> {
public:
  using detail::receivers_in_line<T>::receivers_in_line;

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(this->mutex_);
    status now = this->pop_if_any(out);
    while (now == status::empty) {
      const auto self = this->join();
      const bool in_time = this->wait(*self, guard, until);
      std::erase(this->line_, self);
      now = this->pop_if_any(out);
      if (now == status::empty && !in_time) return status::timeout;
    }
    if (now == status::ok) this->tell_one(this->not_full_, this->selecting_senders_);
    return now;
  }

  void close_senders() {
    cores::mutex<T>::close_senders();
    platform::unique_lock guard(this->mutex_);
    for (std::size_t n = 0; n < this->line_.size(); ++n) {
      this->line_[n]->notify_one();
      this->line_.erase(this->line_.begin() + static_cast<std::ptrdiff_t>(n));
    }
  }
};

}  // namespace sluice::faulty
