#pragma once

#include <sluice/core.hpp>
#include <sluice/cores/mutex.hpp>

namespace sluice::faulty {

/// Promises that waiting threads are served first, but wakes them to compete with those that come later, as every queue
/// with condition variables does: one may lose each time.
template <class T>
class barging : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;
  static constexpr core_traits traits = [] {
    core_traits promised = cores::mutex<T>::traits;
    promised.bypass = 0;
    return promised;
  }();
};

}  // namespace sluice::faulty
