#pragma once

#include <models/platform.hpp>

#include <harness/raw_allocator.hpp>

#include <algorithm>
#include <utility>

/// std::stop_source and its token under Relacy, where all threads are fibers of one thread: a request races with
/// registering, running and unregistering a callback, as that of the standard library does
/// (https://eel.is/c++draft/thread.stoptoken).
namespace sluice::models {

class stop_state {
public:
  class callback {
  public:
    virtual void run() noexcept = 0;

  protected:
    ~callback() = default;
  };

  bool requested() const { return requested_.load(std::memory_order::acquire); }

  void request() {
    platform::unique_lock guard(mutex_);
    if (requested_.load(std::memory_order::relaxed)) return;
    requested_.store(true, std::memory_order::release);
    while (!waiting_.empty()) {
      running_ = waiting_.front();
      waiting_.erase(waiting_.begin());
      guard.unlock();
      running_->run();
      guard.lock();
      running_ = nullptr;
    }
  }

  void add(callback& called) {
    {
      platform::unique_lock guard(mutex_);
      if (!requested_.load(std::memory_order::relaxed)) {
        waiting_.push_back(&called);
        return;
      }
    }
    called.run();
  }

  /// Returns once the callback does not run. \pre  the callback does not remove itself
  void remove(callback& called) {
    platform::unique_lock guard(mutex_);
    std::erase(waiting_, &called);
    while (running_ == &called) {
      guard.unlock();
      platform::yield();
      guard.lock();
    }
  }

private:
  platform::mutex mutex_;
  platform::atomic<bool> requested_{false};
  harness::raw_vector<callback*> waiting_;
  callback* running_ = nullptr;
};

class stop_token {
public:
  template <class Callback>
  class callback_type final : stop_state::callback {
  public:
    callback_type(stop_token of, Callback called) : state_(*of.state_), called_(std::move(called)) {
      state_.add(*this);
    }
    ~callback_type() { state_.remove(*this); }
    callback_type(const callback_type&) = delete;
    callback_type& operator=(const callback_type&) = delete;

  private:
    void run() noexcept override { called_(); }

    stop_state& state_;
    Callback called_;
  };

  explicit stop_token(stop_state& state) noexcept : state_(&state) {}

  bool stop_requested() const noexcept { return state_->requested(); }
  bool stop_possible() const noexcept { return true; }

private:
  stop_state* state_;
};

class stop_source {
public:
  explicit stop_source(stop_state& state) noexcept : state_(&state) {}

  stop_token get_token() const noexcept { return stop_token(*state_); }
  void request_stop() const { state_->request(); }

private:
  stop_state* state_;
};

}  // namespace sluice::models
