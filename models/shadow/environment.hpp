#pragma once

#include <models/message.hpp>
#include <models/scheduler.hpp>
#include <models/shadow/heap.hpp>
#include <models/shadow/locks.hpp>
#include <models/shadow/memory.hpp>
#include <models/shadow/thread_storage.hpp>
#include <models/shadow/word.hpp>

#include <array>
#include <cstddef>

namespace sluice::models::shadow {

/// The states of a shadowed channel's objects, and its threads' storage.
class shadow_environment final : public environment {
public:
  shadow_environment() { borrow_thread_storage(); }

  void begin() override {
    words.begin();
    wide.begin();
    mutexes.begin();
    sleepers.begin();
    plain.begin();
    begin_heap();
    when_written = write_plain;
    fair.begin();
    looks.fill(0);
    renew_thread_storage();
    fresh_.fill(true);
  }
  void enter(std::size_t thread) override {
    use_thread_storage(thread);
    // A failed execution leaves exceptions in flight behind.
    if (std::exchange(fresh_[thread], false)) thrown::running() = {};
  }
  void enter_none() override { use_thread_storage(no_thread); }
  void end_thread() override { end_thread_storage(); }
  void end() override {
    end_all_thread_storage();
    words.end();
    mutexes.end();
    sleepers.end();
    plain.end();
  }
  void leave() override { use_own_thread_storage(); }

private:
  std::array<bool, 16> fresh_{};
};

}  // namespace sluice::models::shadow
