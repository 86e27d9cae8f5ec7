#pragma once

#include <boost/lockfree/spsc_queue.hpp>
#include <sluice/cores/adapted.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::adapters {

/// boost::lockfree::spsc_queue, a ring. It copies what it holds, so it holds pointers to the messages. It cannot sleep,
/// so cores::adapted gives it a way.
template <class T>
class lockfree_ring {
public:
  static constexpr core_traits traits{
      .producers = cardinality::one, .consumers = cardinality::one, .bounded = true, .consistency = consistency::weak};

  explicit lockfree_ring(std::size_t capacity) : ring_(capacity), capacity_(capacity) {}
  ~lockfree_ring() {
    for (std::optional<T> left; try_pop(left); left.reset()) {
    }
  }

  bool try_push(T& value) {
    if (ring_.write_available() == 0) return false;
    (void)ring_.push(new T(std::move(value)));
    return true;
  }
  bool try_pop(std::optional<T>& out) {
    T* message = nullptr;
    if (!ring_.pop(message)) return false;
    const std::unique_ptr<T> taken(message);
    out.emplace(std::move(*taken));
    return true;
  }
  std::size_t size() const { return ring_.read_available(); }
  std::optional<std::size_t> capacity() const { return capacity_; }

private:
  ::boost::lockfree::spsc_queue<T*> ring_;
  std::size_t capacity_;
};

template <class T>
using boost_spsc = cores::adapted<T, lockfree_ring<T>>;

}  // namespace sluice::adapters
