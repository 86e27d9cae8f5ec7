#pragma once

#include <models/platform.hpp>

#include <utility>

namespace sluice::models {

/// The number of live messages in the running execution.
inline int live_messages = 0;

/// Called, if set, when a message at this address is constructed, moved from or destroyed.
inline void (*when_written)(const void* address, const platform::location& where) = nullptr;

/// The message of models: every move is a read and a write that Relacy checks for races.
class message {
public:
  explicit message(int value, platform::location where = platform::location::current()) : where_(where) {
    ++live_messages;
    written();
    value_(platform::model::at(where)).store(value);
  }
  message(message&& other) noexcept : where_(other.where_), counted_(std::exchange(other.counted_, false)) {
    written();
    other.written();
    value_(platform::model::at(where_)).store(other.value_(platform::model::at(where_)).load());
    other.value_(platform::model::at(where_)).store(moved_from);
  }
  message& operator=(message&& other) = delete;
  ~message() {
    written();
    if (counted_) --live_messages;
  }

  explicit operator int() const { return value_(platform::model::at(where_)).load(); }

private:
  void written() const {
    if (when_written) when_written(this, where_);
  }

  static constexpr int moved_from = -1;
  platform::location where_;
  rl::var<int> value_;
  bool counted_ = true;
};

}  // namespace sluice::models
