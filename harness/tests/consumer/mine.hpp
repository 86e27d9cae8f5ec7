#pragma once

#include <sluice/cores/mutex.hpp>

namespace mine {

/// A user's own channel: bounded only.
template <sluice::message T>
class channel : public sluice::cores::mutex<T> {
public:
  static constexpr sluice::core_traits traits{.bounded = true};
  using sluice::cores::mutex<T>::mutex;
};

}  // namespace mine
