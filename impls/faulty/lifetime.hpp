#pragma once

#include <sluice/cores/mutex.hpp>
#include <sluice/detail/backoff.hpp>

#include <cstddef>
#include <memory>
#include <optional>

/// Channels that free too early, too late or twice: a sound core behind a pointer.
namespace sluice::faulty {

namespace detail {

template <class T>
class behind_pointer {
public:
  using value_type = T;
  static constexpr core_traits traits{.unbounded = true};

  status try_send(T& value) { return sound_->try_send(value); }
  status send_until(T& value, deadline until) { return sound_->send_until(value, until); }
  status try_recv(std::optional<T>& out) { return sound_->try_recv(out); }
  status recv_until(std::optional<T>& out, deadline until) { return sound_->recv_until(out, until); }
  std::size_t size() const { return sound_->size(); }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

protected:
  cores::mutex<T>* sound_ = new cores::mutex<T>();
};

/// Its first send allocates a block; derived classes decide which side frees it.
template <class T>
class first_send_allocates : public behind_pointer<T> {
public:
  ~first_send_allocates() { delete this->sound_; }

  status try_send(T& value) {
    if (!started_.load(std::memory_order::acquire)) {
      auto block = std::make_unique<int>(0);
      if (!started_.exchange(true, std::memory_order::acq_rel)) {
        first_block_.store(block.release(), std::memory_order::release);
      }
    }
    return behind_pointer<T>::try_send(value);
  }
  status send_until(T& value, deadline) { return try_send(value); }
  void close_senders() { this->sound_->close_senders(); }

protected:
  platform::atomic<bool> started_{false};
  platform::atomic<int*> first_block_{nullptr};
};

}  // namespace detail

/// Buffered messages live on after the last receiver has disconnected, until the channel is destroyed
/// (rust-lang/rust#107466, crossbeam#1121).
template <class T>
class kept_buffer : public detail::behind_pointer<T> {
public:
  ~kept_buffer() { delete this->sound_; }

  status try_send(T& value) {
    {
      platform::unique_lock guard(mutex_);
      if (receivers_disconnected_) return status::disconnected;
    }
    return this->sound_->try_send(value);
  }
  status send_until(T& value, deadline) { return try_send(value); }
  void close_senders() { this->sound_->close_senders(); }
  void close_receivers() {
    platform::unique_lock guard(mutex_);
    receivers_disconnected_ = true;
  }

private:
  platform::mutex mutex_;
  bool receivers_disconnected_ = false;
};

/// The side that finds the other side's farewell frees the channel, although the other side may still be closing it
/// (crossbeam#382).
template <class T>
class late_free : public detail::behind_pointer<T> {
public:
  void close_senders() {
    const bool last = one_gone_.exchange(true, std::memory_order::acq_rel);
    this->sound_->close_senders();
    if (last) delete this->sound_;
  }
  void close_receivers() {
    const bool last = one_gone_.exchange(true, std::memory_order::acq_rel);
    this->sound_->close_receivers();
    if (last) delete this->sound_;
  }

private:
  platform::atomic<bool> one_gone_{false};
};

/// The last receiver unlinks the first block and frees it; but if it had to wait for a send that was about to link the
/// block, it frees the block and keeps the pointer, and the destructor frees it again (crossbeam#1187,
/// RUSTSEC-2025-0024, rust-lang/rust#139553).
template <class T>
class double_discard : public detail::first_send_allocates<T> {
public:
  ~double_discard() { delete this->first_block_.load(std::memory_order::acquire); }

  void close_receivers() {
    this->sound_->close_receivers();
    int* block = this->first_block_.exchange(nullptr, std::memory_order::acq_rel);
    if (!block && this->started_.load(std::memory_order::acquire)) {
      for (sluice::detail::backoff pacing; !block; pacing.snooze())
        block = this->first_block_.load(std::memory_order::acquire);
    }
    delete block;
  }
};

/// The last receiver does not wait for a first send that is about to link its block, and that block is never freed
/// (crossbeam#1084, rust-lang/rust#121582).
template <class T>
class leaked_block : public detail::first_send_allocates<T> {
public:
  void close_receivers() {
    this->sound_->close_receivers();
    this->started_.store(true, std::memory_order::release);  // no send allocates from now on
    delete this->first_block_.exchange(nullptr, std::memory_order::acq_rel);
  }
};

}  // namespace sluice::faulty
