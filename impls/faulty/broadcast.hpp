#pragma once

#include <sluice/cores/broadcast.hpp>

#include <cstdint>
#include <optional>

/// Broadcasts with one mistake each.
namespace sluice::faulty {

/// Waits as cores::broadcast does, with the faulty type's try_recv.
template <class Core>
status wait_to_read(Core& core, typename Core::position& next, std::optional<typename Core::value_type>& out,
                    std::uint64_t& missed, deadline until) {
  detail::adaptive_spin spin;
  return detail::wait(
      spin, status::empty, until, [&] { return core.try_recv(next, out, missed); },
      [&](detail::wait_entry& entry) { return core.register_recv_waiter(next, entry); },
      [&](detail::wait_entry& entry) { core.unregister_recv_waiter(entry); });
}

/// Closing writes a marker into the ring, which overwrites a message: a false lag of one (tokio#2425).
template <class T>
class close_takes_slot : public cores::broadcast<T> {
public:
  using base = cores::broadcast<T>;
  using base::base;
  using typename base::position;

  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) {
    {
      platform::unique_lock guard(this->mutex_);
      if (marker_ && next == *marker_) return status::disconnected;
    }
    return base::try_recv(next, out, missed);
  }

  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return wait_to_read(*this, next, out, missed, until);
  }

  void close_senders() noexcept {
    typename base::node* overwritten = nullptr;
    {
      platform::unique_lock guard(this->mutex_);
      marker_ = this->tail_;
      auto& place = this->slot_of(this->tail_++);
      if (place.held) --this->held_;
      overwritten = std::exchange(place.held, nullptr);
      place.unseen = 0;
    }
    base::release(overwritten);
    base::close_senders();
  }

  void unsubscribe(position next) noexcept {
    {
      platform::unique_lock guard(this->mutex_);
      // The marker is no message.
      if (marker_) this->slot_of(*marker_).unseen = this->receivers_ + 1;
    }
    base::unsubscribe(next);
  }

private:
  std::optional<position> marker_;
};

/// The lag is counted under one lock and skipped under another: a receiver that is overtaken in between is told too
/// small a lag.
template <class T>
class lag_of_two_looks : public cores::broadcast<T> {
public:
  using base = cores::broadcast<T>;
  using base::base;
  using typename base::position;

  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) {
    position oldest = 0;
    {
      platform::unique_lock guard(this->mutex_);
      oldest = this->oldest();
    }
    if (next >= oldest) return base::try_recv(next, out, missed);
    missed = oldest - next;
    platform::unique_lock guard(this->mutex_);
    next = this->oldest();
    return status::ok;
  }

  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return wait_to_read(*this, next, out, missed, until);
  }
};

/// Receivers copy a message concurrently (RUSTSEC-2025-0023, of tokio).
template <class T>
class copies_concurrently : public cores::broadcast<T> {
public:
  using base = cores::broadcast<T>;
  using base::base;
  using typename base::position;

  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) {
    const auto read = this->begin_reading(next, missed);
    if (!read.held) return read.result;
    out.emplace(std::as_const(read.held->value));
    this->release(read.held);
    return status::ok;
  }

  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return wait_to_read(*this, next, out, missed, until);
  }
};

}  // namespace sluice::faulty
