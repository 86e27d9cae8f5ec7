#pragma once

#include <sluice/detail/arm.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/detail/waiter.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#if __has_include(<stop_token>)
#include <stop_token>
#endif

/// Ending a wait by a stop token, as an arm of a select.
namespace sluice::inline SLUICE_ABI {

namespace detail {

template <class Token, class Callback>
struct stop_callback_of {
  using type = typename Token::template callback_type<Callback>;
};
#if defined(__cpp_lib_jthread)
template <class Callback>
struct stop_callback_of<std::stop_token, Callback> {
  using type = std::stop_callback<Callback>;
};
#endif

}  // namespace detail

/// A token that tells when a stop is requested: std::stop_token, C++26's std::inplace_stop_token, and others like them
/// (https://wg21.link/exec#stoptoken.concepts).
template <class Token>
concept any_stop_token = std::copy_constructible<Token> && requires(const Token& token) {
  { token.stop_requested() }
  noexcept->std::same_as<bool>;
  typename detail::stop_callback_of<Token, void (*)()>::type;
};

namespace detail {

/// A requested stop, as an operation that a select may wait for.
template <any_stop_token Token>
class stop_arm final : public arm {
public:
  explicit stop_arm(Token token) : token_(std::move(token)) {}
  stop_arm(const stop_arm&) = delete;
  stop_arm& operator=(const stop_arm&) = delete;

  bool attempt() override { return token_.stop_requested(); }

  /// The callback wakes the waiter, at once if the stop was requested before: a recheck would find nothing more.
  bool register_waiter(wait_entry& entry) override {
    if (!callback_) callback_.emplace(token_, wake{&entry});
    return false;
  }

  /// Returns after a callback that runs in another thread: until then it uses the waiter.
  void unregister_waiter(wait_entry&) noexcept override { callback_.reset(); }

  bool worth_spinning() const noexcept override { return false; }
  bool stays_ready() const noexcept override { return true; }

  const Token& token() const noexcept { return token_; }

private:
  struct wake {
    wait_entry* entry;

    void operator()() const noexcept {
      waiter& owner = *entry->owner;
      if (owner.select(outcome::woken, entry->arm) == waiter::selection::asleep) platform::unpark(owner.address());
    }
  };

  Token token_;
  std::optional<typename stop_callback_of<Token, wake>::type> callback_;
};

/// Waits until one operation takes effect, a stop is requested or the deadline passes.
///
/// \returns  `ok` if the operation has taken effect, if only by a disconnect; `stopped`; or `timeout`.
template <class Arm, any_stop_token Token>
[[gnu::noinline]] status wait_stoppably(Arm& operation, const Token& token, deadline until) {
  stop_arm<Token> stop(token);
  std::array<arm*, 2> arms{&operation, &stop};
  std::array<wait_entry, 2> entries{};
  std::array<std::size_t, 2> order{};
  const auto fired = select_one(arms, entries, order, until, preference::in_order);
  if (!fired) return status::timeout;
  return *fired == 0 ? status::ok : status::stopped;
}

/// The same, at once if the operation can take effect; but a stop that was requested before comes first.
template <class Arm, any_stop_token Token>
status perform_stoppably(Arm& operation, const Token& token, deadline until) {
  if (token.stop_requested()) return status::stopped;
  return operation.attempt() ? status::ok : wait_stoppably(operation, token, until);
}

}  // namespace detail
}  // namespace sluice::inline SLUICE_ABI
