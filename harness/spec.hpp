#pragma once

#include <harness/history.hpp>
#include <harness/raw_allocator.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::harness {

/// The sequential channel: what every checker holds an implementation against.
///
/// A state and two kinds of transition. `step` asks whether a channel in this state could give this operation this
/// result, all at one instant; `hand_over` is the one instant at which a send and a receive of a rendezvous take effect
/// together.
class spec {
public:
  spec(std::optional<std::size_t> capacity, std::size_t senders, std::size_t receivers)
      : capacity_(capacity), senders_(senders), receivers_(receivers) {}

  /// \returns  whether the event is possible here; the state moves on only if it is.
  bool step(const event& e) {
    switch (e.kind) {
      case op_kind::send:
      case op_kind::try_send:
      case op_kind::send_for: return step_send(e);
      case op_kind::recv:
      case op_kind::try_recv:
      case op_kind::recv_for: return step_recv(e);
      case op_kind::clone_sender: ++senders_; return true;
      case op_kind::clone_receiver: ++receivers_; return true;
      case op_kind::drop_sender: --senders_; return true;
      case op_kind::drop_receiver:
        if (--receivers_ == 0) buffer_.clear();
        return true;
      case op_kind::keep: return true;
    }
    return false;
  }

  /// \returns  whether these two could have met here.
  bool hand_over(const event& send, const event& recv) const noexcept {
    return capacity_ == 0 && receivers_ > 0 && senders_ > 0 && sends(send.kind) && receives(recv.kind) &&
           send.result == status::ok && recv.result == status::ok && send.value == recv.value;
  }

  bool rendezvous() const noexcept { return capacity_ == 0; }

  /// Whether a blocking send or receive would return at once.
  bool enabled(op_kind kind) const noexcept {
    return sends(kind) ? receivers_ == 0 || has_room() : !buffer_.empty() || senders_ == 0;
  }

  std::size_t senders() const noexcept { return senders_; }
  std::size_t receivers() const noexcept { return receivers_; }
  std::size_t size() const noexcept { return buffer_.size(); }

  std::size_t hash() const noexcept {
    std::size_t h = senders_ * 31 + receivers_;
    for (int value : buffer_) h = (h ^ static_cast<std::size_t>(value)) * 0x9e3779b97f4a7c15u;
    return h;
  }

  friend bool operator==(const spec&, const spec&) = default;

private:
  bool has_room() const noexcept { return !capacity_ || buffer_.size() < *capacity_; }

  bool step_send(const event& e) {
    if (!e.intact) return false;
    switch (e.result) {
      case status::ok:
        if (receivers_ == 0 || !has_room()) return false;
        buffer_.push_back(e.value);
        return true;
      case status::disconnected: return receivers_ == 0;
      case status::full:
      case status::timeout: return receivers_ > 0 && !has_room();
      default: return false;
    }
  }

  bool step_recv(const event& e) {
    switch (e.result) {
      case status::ok:
        if (buffer_.empty() || buffer_.front() != e.value) return false;
        buffer_.erase(buffer_.begin());
        return true;
      case status::disconnected: return senders_ == 0 && buffer_.empty();
      case status::empty:
      case status::timeout: return senders_ > 0 && buffer_.empty();
      default: return false;
    }
  }

  std::optional<std::size_t> capacity_;
  std::size_t senders_;
  std::size_t receivers_;
  raw_vector<int> buffer_;
};

}  // namespace sluice::harness
