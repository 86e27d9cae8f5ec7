#pragma once

#include <sluice/cores/mutex.hpp>

#include <deque>
#include <optional>

/// cores::mutex with one mistake each: what goes wrong with a mutex and condition variables in practice.
namespace sluice::faulty {

/// try_send forgets to wake a waiting receiver (rust-lang/rust#15761, Boost.Fiber#114).
template <class T>
class silent_try_send : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status try_send(T& value) {
    platform::unique_lock guard(this->mutex_);
    return this->push_if_room(value);
  }
};

/// A woken receiver does not check again whether there is a message: `if` instead of `while`.
template <class T>
class if_for_while : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status recv_until(std::optional<T>& out, deadline until) {
    if (until != deadline::max()) return cores::mutex<T>::recv_until(out, until);
    platform::unique_lock guard(this->mutex_);
    if (this->queue_.empty() && !this->senders_disconnected_) this->wait(this->not_empty_, guard, until);
    if (this->pop_if_any(out) != status::ok) return status::disconnected;
    this->tell_one(this->not_full_, this->selecting_senders_);
    return status::ok;
  }
};

/// The last sender's disconnect wakes one receiver instead of all: notify_one instead of notify_all.
template <class T>
class one_for_all : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  void close_senders() {
    platform::unique_lock guard(this->mutex_);
    this->senders_disconnected_ = true;
    this->not_empty_.notify_one();
    this->selecting_receivers_.end_all(detail::outcome::closed);
  }
};

/// Each wake-up of a timed receive restarts its timeout, so spurious wake-ups can prolong it without bound.
template <class T>
class rearmed_timeout : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status recv_until(std::optional<T>& out, deadline until) {
    const auto now = platform::now();
    if (until == deadline::max() || until <= now) return cores::mutex<T>::recv_until(out, until);
    platform::unique_lock guard(this->mutex_);
    status got = this->pop_if_any(out);
    while (got == status::empty) {
      const deadline anew = platform::now() + (until - now);
      this->not_empty_.wait_until(guard, anew);
      got = this->pop_if_any(out);
      if (got == status::empty && platform::now() >= anew) return status::timeout;
    }
    if (got == status::ok) this->tell_one(this->not_full_, this->selecting_senders_);
    return got;
  }
};

/// A receiver that is woken looks at the clock before it looks for a message. If it is late, it gives up, and the
/// message that it was woken for waits for the next send to wake another receiver.
template <class T>
class gives_up_late : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(this->mutex_);
    status now = this->pop_if_any(out);
    while (now == status::empty && this->wait(this->not_empty_, guard, until)) {
      if (until != no_deadline && platform::now() >= until) return status::timeout;
      now = this->pop_if_any(out);
    }
    if (now == status::ok) this->tell_one(this->not_full_, this->selecting_senders_);
    return now == status::empty ? status::timeout : now;
  }
};

/// size() forgets the lock.
template <class T>
class unlocked_size : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  std::size_t size() const {
    this->contents_.read();
    return this->queue_.size();
  }
};

/// Unreceived messages are destroyed under the lock, so a message whose destructor uses the channel deadlocks (kanal
/// a3810ba).
template <class T>
class drop_under_lock : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  void close_receivers() {
    platform::unique_lock guard(this->mutex_);
    this->receivers_disconnected_ = true;
    this->queue_.clear();
    this->not_full_.notify_all();
    this->selecting_senders_.end_all(detail::outcome::closed);
  }
};

/// A message sent between the two steps of the last receiver's disconnect is neither received nor destroyed until the
/// senders disconnect as well (futures-rs#909, #1241).
template <class T>
class stranded_send : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  void close_receivers() {
    std::deque<T> unreceived;
    {
      platform::unique_lock guard(this->mutex_);
      unreceived.swap(this->queue_);
    }
    platform::unique_lock guard(this->mutex_);
    this->receivers_disconnected_ = true;
    this->not_full_.notify_all();
    this->selecting_senders_.end_all(detail::outcome::closed);
  }
};

/// try_recv asks once whether the senders have disconnected, before it looks for a message: if they disconnect in
/// between, and another receiver takes the last message, it returns `empty`.
template <class T>
class stale_disconnect : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status try_recv(std::optional<T>& out) {
    const bool disconnected = [&] {
      platform::unique_lock guard(this->mutex_);
      return this->senders_disconnected_;
    }();
    const status now = cores::mutex<T>::try_recv(out);
    return now == status::disconnected && !disconnected ? status::empty : now;
  }
};

}  // namespace sluice::faulty
