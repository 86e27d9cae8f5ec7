#pragma once

#include <sluice/cores/mutex.hpp>

#include <deque>
#include <memory>
#include <optional>

/// Receivers in a FIFO that is not maintained correctly.
namespace sluice::faulty {

/// A receiver that has timed out stays in the FIFO, and the wake-up for the next message is lost on it.
template <class T>
class ghost_receiver : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  using base::base;

  status try_send(T& value) { return told(base::try_send(value)); }
  status send_until(T& value, deadline until) { return told(base::send_until(value, until)); }

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(this->mutex_);
    status now = this->pop_if_any(out);
    while (now == status::empty) {
      const auto self = std::make_shared<platform::condition_variable>();
      line_.push_back(self);
      // The mistake: this return leaves it in the FIFO.
      if (!this->wait(*self, guard, until)) return status::timeout;
      std::erase(line_, self);
      now = this->pop_if_any(out);
    }
    if (now == status::ok) this->tell_one(this->not_full_, this->selecting_senders_);
    return now;
  }

  void close_senders() {
    base::close_senders();
    platform::unique_lock guard(this->mutex_);
    for (const auto& waiting : line_) waiting->notify_one();
  }

private:
  status told(status sent) {
    if (sent != status::ok) return sent;
    platform::unique_lock guard(this->mutex_);
    if (line_.empty()) return sent;
    line_.front()->notify_one();
    line_.pop_front();
    return sent;
  }

  std::deque<std::shared_ptr<platform::condition_variable>> line_;
};

/// A receiver that has timed out leaves its wake token behind. The next message goes to the token, and a later receive
/// that finds the token used and no message concludes that the senders have disconnected (rust-lang/rust#39364,
/// #94518).
template <class T>
class stale_wake_token : public cores::mutex<T> {
  using base = cores::mutex<T>;

public:
  using base::base;

  status try_send(T& value) { return told(base::try_send(value)); }
  status send_until(T& value, deadline until) { return told(base::send_until(value, until)); }

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
  status told(status sent) {
    platform::unique_lock guard(this->mutex_);
    // A token of a thread that no longer waits is used up all the same.
    if (sent == status::ok && waiting_ > 0 && this->queue_.size() > 0) used_ = true;
    return sent;
  }

  int waiting_ = 0;
  bool used_ = false;
};

}  // namespace sluice::faulty
