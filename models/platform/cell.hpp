#pragma once

#include <models/platform/observed_steps.hpp>

namespace sluice::inline SLUICE_ABI::platform {

inline void expects(bool holds, const char* otherwise, location where = location::current()) {
  if (!holds) rl::ctx().fail_test(otherwise, rl::test_result_user_assert_failed, model::at(where));
}

/// Storage for one message, with a flag that Relacy checks: two unordered accesses race on the flag, and a message
/// constructed over another, or taken twice, is reported.
template <class T>
class cell {
public:
  cell() noexcept {}
  ~cell() { live_(RL_INFO).store(0); }
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;

  void construct(T&& value, location where = location::current()) {
    expect(false, "a message is constructed over another", where);
    live_(model::at(where)).store(1);
    std::construct_at(std::addressof(value_), std::move(value));
  }

  template <class Out>
  void take(Out& out, location where = location::current()) {
    expect(true, "a message is taken from an empty cell", where);
    live_(model::at(where)).store(0);
    out.emplace(std::move(value_));
    std::destroy_at(std::addressof(value_));
  }

private:
  void expect(bool live, const char* otherwise, const location& where) {
    expects((live_(model::at(where)).load() != 0) == live, otherwise, where);
  }

  rl::var<int> live_{0};
  union {
    T value_;
  };
};

/// The plain fields of an object: two unordered accesses of which one writes are a data race.
class plain_fields {
public:
  void read(location where = location::current()) const { (void)flag_(model::at(where)).load(); }
  void write(location where = location::current()) { flag_(model::at(where)).store(1); }

private:
  rl::var<int> flag_{0};
};

}  // namespace sluice::inline SLUICE_ABI::platform
