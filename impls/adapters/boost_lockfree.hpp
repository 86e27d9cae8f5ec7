#pragma once

#include <boost/lockfree/queue.hpp>
#include <sluice/cores/adapted.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace sluice::adapters {

/// boost::lockfree::queue, an unbounded list. It takes types that are copied byte by byte alone, so it holds pointers
/// to the messages. It counts nothing and cannot sleep, so this class counts, and cores::adapted gives it a way to
/// sleep.
template <class T>
class lockfree_list {
public:
  static constexpr core_traits traits{.unbounded = true, .consistency = consistency::sequential};

  lockfree_list() = default;
  ~lockfree_list() {
    for (std::optional<T> left; try_pop(left); left.reset()) {
    }
  }

  bool try_push(T& value) {
    auto message = std::make_unique<T>(std::move(value));
    if (!list_.push(message.get())) {
      std::destroy_at(&value);
      std::construct_at(&value, std::move(*message));
      throw std::bad_alloc();
    }
    (void)message.release();
    size_.fetch_add(1, std::memory_order::release);
    return true;
  }
  bool try_pop(std::optional<T>& out) {
    T* message = nullptr;
    if (!list_.pop(message)) return false;
    size_.fetch_sub(1, std::memory_order::release);
    const std::unique_ptr<T> taken(message);
    out.emplace(std::move(*taken));
    return true;
  }
  std::size_t size() const {
    const auto now = size_.load(std::memory_order::acquire);
    return now > 0 ? static_cast<std::size_t>(now) : 0;
  }
  std::optional<std::size_t> capacity() const { return std::nullopt; }

private:
  ::boost::lockfree::queue<T*> list_{platform::modelled ? 1u : 128u};
  std::atomic<std::ptrdiff_t> size_{0};
};

template <class T>
using boost_lockfree = cores::adapted<T, lockfree_list<T>>;

}  // namespace sluice::adapters
