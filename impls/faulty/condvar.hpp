#pragma once

#include <sluice/cores/mutex.hpp>

#include <bit>
#include <cstddef>
#include <optional>

/// The textbook channel with one mistake each: what goes wrong with a mutex and condition variables in practice.
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

/// A woken receiver does not look again whether there is a message for it: `if` where `while` is due.
template <class T>
class if_for_while : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status recv_until(std::optional<T>& out, deadline until) {
    if (until != deadline::max()) return cores::mutex<T>::recv_until(out, until);
    platform::unique_lock guard(this->mutex_);
    if (this->queue_.empty() && !this->senders_gone_) this->wait(this->not_empty_, guard, until);
    if (this->pop_if_any(out) != status::ok) return status::disconnected;
    this->tell_one(this->not_full_, this->selecting_senders_);
    return status::ok;
  }
};

/// The last sender's going wakes one receiver where all are due.
template <class T>
class one_for_all : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  void close_senders() {
    platform::unique_lock guard(this->mutex_);
    this->senders_gone_ = true;
    this->not_empty_.notify_one();
    this->selecting_receivers_.end_all(detail::outcome::closed);
  }
};

/// The capacity is rounded up to a power of two and still called exact.
template <class T>
class rounded_capacity : public cores::mutex<T> {
public:
  rounded_capacity() = default;
  explicit rounded_capacity(std::size_t capacity) : cores::mutex<T>(std::bit_ceil(capacity)), asked_(capacity) {}

  std::optional<std::size_t> capacity() const noexcept { return asked_; }

private:
  std::optional<std::size_t> asked_;
};

}  // namespace sluice::faulty
