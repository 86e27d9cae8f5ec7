#pragma once

#include <sluice/core.hpp>
#include <sluice/platform.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

/// Rendezvous channels in which a timeout that races a match prevails.
namespace sluice::faulty {

namespace detail {

enum class mistaken { none, sender, receiver };

/// A thread that waits has a place in a FIFO; a peer moves the message under the lock and marks the place as matched.
/// A thread whose deadline has passed must look for the mark before it gives up; `Mistaken` does not.
template <class T, mistaken Mistaken>
class matching {
public:
  using value_type = T;
  static constexpr core_traits traits{.bounded = true, .least_capacity = 0, .greatest_capacity = 0};

  explicit matching(std::size_t = 0) {}

  status try_send(T& value) {
    platform::unique_lock guard(mutex_);
    return give(value);
  }

  status send_until(T& value, deadline until) {
    platform::unique_lock guard(mutex_);
    const status now = give(value);
    if (now != status::full) return now;
    place self;
    self.message = &value;
    return wait(senders_, self, guard, until, Mistaken == mistaken::sender);
  }

  status try_recv(std::optional<T>& out) {
    platform::unique_lock guard(mutex_);
    return take(out);
  }

  status recv_until(std::optional<T>& out, deadline until) {
    platform::unique_lock guard(mutex_);
    const status now = take(out);
    if (now != status::empty) return now;
    place self;
    self.out = &out;
    const status end = wait(receivers_, self, guard, until, Mistaken == mistaken::receiver);
    guard.unlock();  // the message's destructor may use this channel
    if (end != status::ok) out.reset();
    return end;
  }

  void close_senders() { close(receivers_); }
  void close_receivers() { close(senders_); }
  std::size_t size() const noexcept { return 0; }
  std::optional<std::size_t> capacity() const noexcept { return 0; }

private:
  struct place {
    T* message = nullptr;
    std::optional<T>* out = nullptr;
    bool matched = false;
    platform::condition_variable changed;
  };
  using line = std::deque<place*>;

  status give(T& value) {
    if (closed_) return status::disconnected;
    if (receivers_.empty()) return status::full;
    match(receivers_).out->emplace(std::move(value));
    return status::ok;
  }

  status take(std::optional<T>& out) {
    if (senders_.empty()) return closed_ ? status::disconnected : status::empty;
    out.emplace(std::move(*match(senders_).message));
    return status::ok;
  }

  static place& match(line& waiting) {
    place& first = *waiting.front();
    waiting.pop_front();
    first.matched = true;
    first.changed.notify_one();
    return first;
  }

  status wait(line& waiting, place& self, platform::unique_lock& guard, deadline until, bool overlooks_match) {
    waiting.push_back(&self);
    bool late = false;
    while (!self.matched && !closed_ && !late) {
      if (until == no_deadline) {
        self.changed.wait(guard);
      } else {
        self.changed.wait_until(guard, until);
        late = platform::now() >= until;
      }
    }
    std::erase(waiting, &self);
    if (self.matched && !(late && overlooks_match)) return status::ok;
    return closed_ ? status::disconnected : status::timeout;
  }

  void close(line& waiting) {
    platform::unique_lock guard(mutex_);
    closed_ = true;
    for (place* each : waiting) each->changed.notify_one();
  }

  platform::mutex mutex_;
  line senders_;
  line receivers_;
  bool closed_ = false;
};

}  // namespace detail

/// Without a mistake: shows that the others are caught for theirs.
template <class T>
using sound_matching = detail::matching<T, detail::mistaken::none>;

/// A sender that is late gives up although a receiver has taken its message.
template <class T>
using late_sender_gives_up = detail::matching<T, detail::mistaken::sender>;

/// A receiver that is late gives up although a sender has handed it a message, which is lost.
template <class T>
using late_receiver_gives_up = detail::matching<T, detail::mistaken::receiver>;

}  // namespace sluice::faulty
