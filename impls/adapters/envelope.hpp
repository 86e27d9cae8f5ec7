#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace sluice::adapters {

/// A message for queues that need default construction and assignment; an empty envelope holds no message.
template <class T>
class envelope {
public:
  envelope() noexcept = default;
  explicit envelope(T&& value) noexcept : value_(std::move(value)) {}
  envelope(envelope&& other) noexcept : value_(std::move(other.value_)) { other.value_.reset(); }
  envelope& operator=(envelope&& other) noexcept {
    value_.reset();
    if (other.value_) value_.emplace(std::move(*other.value_));
    other.value_.reset();
    return *this;
  }

  bool empty() const noexcept { return !value_; }
  /// \pre  not empty
  T& value() noexcept { return *value_; }
  void open(std::optional<T>& out) noexcept {
    out.emplace(std::move(*value_));
    value_.reset();
  }
  /// Takes the message out into where it came from, after it could not be sent.
  void give_back(T& to) noexcept {
    std::destroy_at(&to);
    std::construct_at(&to, std::move(*value_));
    value_.reset();
  }

private:
  std::optional<T> value_;
};

}  // namespace sluice::adapters
