#pragma once

#include <sluice/cores/mutex.hpp>

#include <deque>
#include <memory>
#include <optional>

/// Receivers that are woken one by one, and what they leave behind.
namespace sluice::faulty {

/// A receiver whose deadline passed stays in line, and the next message is told to nobody.
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
      // The mistake: this way out leaves it in line.
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

/// A receiver whose deadline passed leaves its wake token behind. The next message goes to the token, and a later
/// receive that finds the token used and no message takes that for the senders' going (rust-lang/rust#39364, #94518).
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
    // A token of somebody who waits no more is used up all the same.
    if (sent == status::ok && waiting_ > 0 && this->queue_.size() > 0) used_ = true;
    return sent;
  }

  int waiting_ = 0;
  bool used_ = false;
};

}  // namespace sluice::faulty
