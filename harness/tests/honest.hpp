#pragma once

#include <sluice/cores/mutex.hpp>

#include <bit>
#include <cstddef>
#include <optional>

/// Correct channels that promise little, and declare that: no check may fail on them.
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

}  // namespace sluice::honest
