#pragma once

#include <sluice/cores/mutex.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice::faulty {

/// A far deadline is turned into milliseconds that overflow, and fires at once (rust-lang/rust#44216, crossbeam#795).
template <class T>
class overflowed_deadline : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  status recv_until(std::optional<T>& out, deadline until) {
    if (until == deadline::max()) return cores::mutex<T>::recv_until(out, until);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - platform::now()).count();
    const auto truncated = std::chrono::milliseconds(static_cast<std::int32_t>(left));
    return cores::mutex<T>::recv_until(out, left < 1000 ? until : platform::now() + truncated);
  }
};

}  // namespace sluice::faulty
