#pragma once

#include <sluice/cores/mutex.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <utility>

/// cores::mutex on containers with one mistake each.
namespace sluice::faulty {

namespace detail {

/// Raw slots that destroy a message only when it is popped, and that ignore alignment.
template <class T>
class careless_queue {
public:
  void push_back(T&& value) { std::construct_at(place(slots_.emplace_back()), std::move(value)); }
  T& front() noexcept { return *place(slots_.front()); }
  void pop_front() noexcept {
    std::destroy_at(place(slots_.front()));
    slots_.pop_front();
  }
  bool empty() const noexcept { return slots_.empty(); }
  std::size_t size() const noexcept { return slots_.size(); }
  void swap(careless_queue& other) noexcept { slots_.swap(other.slots_); }

private:
  struct slot {
    // As a node's link has: without it, an allocator that aligns more than it must would hide the mistake.
    std::max_align_t before;
    std::byte bytes[sizeof(T)];
  };
  static T* place(slot& s) noexcept { return std::launder(reinterpret_cast<T*>(s.bytes)); }

  std::deque<slot> slots_;
};

/// One queue per sending thread, received from in turn.
template <class T>
class queue_a_thread {
public:
  void push_back(T&& value) {
    static thread_local const char here = 0;
    lines_[&here].push_back(std::move(value));
    ++size_;
  }
  T& front() noexcept { return line().front(); }
  void pop_front() noexcept {
    line().pop_front();
    --size_;
    ++turn_;
  }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  void swap(queue_a_thread& other) noexcept {
    lines_.swap(other.lines_);
    std::swap(size_, other.size_);
  }

private:
  std::deque<T>& line() noexcept {
    for (;; ++turn_) {
      auto& next = std::next(lines_.begin(), static_cast<std::ptrdiff_t>(turn_ % lines_.size()))->second;
      if (!next.empty()) return next;
    }
  }

  std::map<const void*, std::deque<T>> lines_;
  std::size_t size_ = 0;
  std::size_t turn_ = 0;
};

}  // namespace detail

/// Messages that are left in a destroyed channel are not destroyed, and over-aligned messages are not aligned
/// (boost/lockfree#67, moodycamel 3668bd6).
template <class T>
class undestroyed : public cores::mutex<T, detail::careless_queue<T>> {
  using base = cores::mutex<T, detail::careless_queue<T>>;

public:
  using base::base;

  void close_receivers() {
    detail::careless_queue<T> left;
    {
      platform::unique_lock guard(this->mutex_);
      left.swap(this->queue_);
    }
    base::close_receivers();
  }
};

/// Per-producer order, declared as global order.
template <class T>
using subqueues = cores::mutex<T, detail::queue_a_thread<T>>;

}  // namespace sluice::faulty
