#pragma once

#include <models/platform.hpp>

#include <utility>

namespace sluice::models {

/// The number of live messages in the running execution.
inline int live_messages = 0;

/// The message of models: every move is a read and a write that Relacy checks for races.
class message {
public:
  explicit message(int value, platform::location where = platform::location::current()) : where_(where) {
    ++live_messages;
    value_(platform::model::at(where)).store(value);
  }
  message(message&& other) noexcept : where_(other.where_), counted_(std::exchange(other.counted_, false)) {
    value_(platform::model::at(where_)).store(other.value_(platform::model::at(where_)).load());
    other.value_(platform::model::at(where_)).store(moved_from);
  }
  message& operator=(message&& other) = delete;
  ~message() {
    if (counted_) --live_messages;
  }

  explicit operator int() const { return value_(platform::model::at(where_)).load(); }

private:
  static constexpr int moved_from = -1;
  platform::location where_;
  rl::var<int> value_;
  bool counted_ = true;
};

}  // namespace sluice::models
