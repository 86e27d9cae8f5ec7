#pragma once

#include <sluice/cores/mutex.hpp>

#include <optional>

namespace sluice::faulty {

/// Buffered messages live on after the last receiver went, until the channel itself goes (rust-lang/rust#107466,
/// crossbeam#1121).
template <class T>
class kept_buffer {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true};

  status try_send(T& value) {
    {
      platform::unique_lock guard(mutex_);
      if (receivers_gone_) return status::disconnected;
    }
    return sound_.try_send(value);
  }
  status send_until(T& value, deadline) { return try_send(value); }
  status try_recv(std::optional<T>& out) { return sound_.try_recv(out); }
  status recv_until(std::optional<T>& out, deadline until) { return sound_.recv_until(out, until); }
  void close_senders() { sound_.close_senders(); }
  void close_receivers() {
    platform::unique_lock guard(mutex_);
    receivers_gone_ = true;
  }
  std::size_t size() const { return sound_.size(); }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  cores::mutex<T> sound_;
  platform::mutex mutex_;
  bool receivers_gone_ = false;
};

}  // namespace sluice::faulty
