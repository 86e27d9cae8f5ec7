#pragma once

#include <sluice/cores/mutex.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

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

/// A ring of slots that doubles when it is full, and whose destructor walks past its last entry.
template <class T>
class overrun_ring {
public:
  ~overrun_ring() {
    for (; !slots_.empty() && first_ <= last_; ++first_) pop(first_);
  }
  void push_back(T&& value) {
    if (size() == slots_.size()) grow();
    std::construct_at(place(last_++), std::move(value));
  }
  T& front() noexcept { return *place(first_); }
  void pop_front() noexcept { pop(first_++); }
  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return last_ - first_; }

private:
  struct slot {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  T* place(std::size_t at) noexcept { return std::launder(reinterpret_cast<T*>(slots_[at % slots_.size()].bytes)); }
  void pop(std::size_t at) noexcept { std::destroy_at(place(at)); }

  void grow() {
    overrun_ring greater;
    greater.slots_.resize(2 * slots_.size() + 1);
    for (; first_ != last_; pop(first_++)) greater.push_back(std::move(front()));
    slots_.swap(greater.slots_);
    first_ = std::exchange(greater.first_, 0);
    last_ = std::exchange(greater.last_, 0);
    greater.slots_.clear();
  }

  std::vector<slot> slots_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
};

/// A list that copies what it can copy.
template <class T>
class copying_list : public std::deque<T> {
public:
  using std::deque<T>::push_back;
  void push_back(T&& value) {
    if constexpr (std::is_copy_constructible_v<T>) {
      std::deque<T>::push_back(std::as_const(value));
    } else {
      std::deque<T>::push_back(std::move(value));
    }
  }
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

/// The destructor of its ring destroys one message too many, which was received long ago.
template <class T>
using destroyed_again = cores::mutex<T, detail::overrun_ring<T>>;

/// A message that can be copied is copied instead of moved; the original stays with the sender.
template <class T>
using copied_if_possible = cores::mutex<T, detail::copying_list<T>>;

}  // namespace sluice::faulty
