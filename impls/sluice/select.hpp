#pragma once

#include <sluice/detail/arm.hpp>
#include <sluice/detail/raise.hpp>
#include <sluice/detail/stop.hpp>
#include <sluice/detail/time.hpp>
#include <sluice/handles.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Waits on several sends and receives, on channels of any kind, until the first of them can take effect.
///
///     sluice::select(sluice::on_recv(jobs, [&](auto job) { ... }),          // std::expected<T, recv_error>
///                    sluice::on_send(results, next, [&](auto sent) { ... }),  // std::expected<void, send_error<T>>
///                    sluice::on_stop(token, [&] { ... }),
///                    sluice::on_timeout(100ms, [&] { ... }));
///
/// Exactly one arm takes effect, and its handler is called. An arm whose channel is disconnected is ready, too: its
/// handler gets the error. The value of a send stays the caller's unless its arm takes effect.
///
/// A temporary receiver or value lives as long as the full expression: do not store arms that refer to one.
///
/// Of several ready arms, each is equally likely; select_in_order() takes the first in the order written.
namespace sluice::inline SLUICE_ABI {

namespace detail {

/// A receive or send with its handler.
template <class Arm, class Handler>
class clause {
public:
  clause(Arm arm, Handler handler) : arm_(std::move(arm)), handler_(std::move(handler)) {
    static_assert(std::invocable<Handler&, typename Arm::result_type>,
                  "a handler takes the operation's result, a std::expected: [](auto result) { ... }");
  }

  detail::arm& operation() noexcept { return arm_; }
  decltype(auto) finish() { return handler_(arm_.result()); }

private:
  Arm arm_;
  Handler handler_;
};

/// A stop with its handler.
template <class Token, class Handler>
class stop_clause {
public:
  stop_clause(Token token, Handler handler) : arm_(std::move(token)), handler_(std::move(handler)) {
    static_assert(std::invocable<Handler&>, "the handler of a stop takes nothing");
  }

  detail::arm& operation() noexcept { return arm_; }
  decltype(auto) finish() { return handler_(); }

private:
  stop_arm<Token> arm_;
  Handler handler_;
};

/// The handler that runs if no arm is ready by a deadline.
template <class Handler>
class expiry {
public:
  expiry(deadline until, Handler handler) : until_(until), handler_(std::move(handler)) {
    static_assert(std::invocable<Handler&>, "the handler of a timeout or default takes nothing");
  }

  deadline until() const noexcept { return until_; }
  decltype(auto) finish() { return handler_(); }

private:
  deadline until_;
  Handler handler_;
};

template <class Clause>
concept operation_clause = requires(Clause& c) {
  c.operation();
};
template <class Clause>
concept expiry_clause = requires(Clause& c) {
  c.until();
};

template <class... Results>
constexpr auto common_result() {
  if constexpr ((std::is_void_v<Results> || ...)) {
    return std::type_identity<void>();
  } else {
    static_assert(
        requires { typename std::common_type_t<Results...>; },
        "the handlers of a select return what has a common type, or one of them returns nothing");
    return std::type_identity<std::common_type_t<Results...>>();
  }
}

template <class... Clauses>
auto select(preference pick, Clauses&... clauses) {
  constexpr std::size_t operations = (std::size_t{operation_clause<Clauses>} + ... + 0);
  constexpr std::size_t expiries = (std::size_t{expiry_clause<Clauses>} + ... + 0);
  static_assert(operations + expiries > 0, "a select with nothing to wait for would wait for ever");
  static_assert(expiries < 2, "a select has one on_timeout() or one otherwise(), not several");

  std::array<arm*, operations> arms{};
  std::array<wait_entry, operations> entries{};
  std::array<std::size_t, operations> order{};
  deadline until = no_deadline;
  std::size_t next = 0;
  const auto place = [&](auto& c) {
    if constexpr (expiry_clause<decltype(c)>) {
      until = c.until();
    } else {
      arms[next++] = &c.operation();
    }
  };
  (place(clauses), ...);
  const std::optional<std::size_t> fired = select_one(arms, entries, order, until, pick);

  // Calls the handler of the clause that fired: the operation of that number, or the expiry if none did.
  using result = typename decltype(common_result<decltype(clauses.finish())...>())::type;
  std::size_t number = 0;
  const auto chosen = [&](auto& c) {
    if constexpr (expiry_clause<decltype(c)>) {
      return !fired;
    } else {
      return fired == number++;
    }
  };
  if constexpr (std::is_void_v<result>) {
    (void)((chosen(clauses) && (static_cast<void>(clauses.finish()), true)) || ...);
  } else {
    std::optional<result> got;
    (void)((chosen(clauses) && (got.emplace(clauses.finish()), true)) || ...);
    return std::move(*got);
  }
}

}  // namespace detail

/// An arm that receives.
///
/// \param from     any receiver of this library: of a channel, a timer, a oneshot, a broadcast.
/// \param handler  called with what recv() of that receiver would return.
template <class Receiver, class Handler>
[[nodiscard("an arm does nothing outside a select")]] auto on_recv(Receiver&& from, Handler handler) {
  return detail::clause(from.arm(), std::move(handler));
}

/// An arm that sends.
///
/// \param to       the sender.
/// \param value    moved from only if this arm takes effect; if its channel is disconnected then, the error holds it.
/// \param handler  called with std::expected<void, send_error<T>>, as send() returns it.
template <class Sender, class Handler>
[[nodiscard("an arm does nothing outside a select")]] auto on_send(const Sender& to, typename Sender::value_type& value,
                                                                   Handler handler) {
  return detail::clause(to.arm(value), std::move(handler));
}
template <class Sender, class Handler>
[[nodiscard("an arm does nothing outside a select")]] auto on_send(const Sender& to,
                                                                   typename Sender::value_type&& value,
                                                                   Handler handler) {
  return detail::clause(to.arm(value), std::move(handler));
}

/// An arm that a requested stop makes ready, for good. Among several ready arms it is as likely as any other: to have a
/// stop come first, write it first in select_in_order().
///
/// \param token    a std::stop_token, or another type that models sluice::any_stop_token.
/// \param handler  called with nothing.
template <any_stop_token Token, class Handler>
[[nodiscard("an arm does nothing outside a select")]] auto on_stop(Token token, Handler handler) {
  return detail::stop_clause<Token, Handler>(std::move(token), std::move(handler));
}

/// The handler to call if no arm was ready for a duration from now. A duration beyond the clock's range means no
/// timeout.
template <class Rep, class Period, class Handler>
[[nodiscard("a timeout does nothing outside a select")]] auto on_timeout(std::chrono::duration<Rep, Period> duration,
                                                                         Handler handler) {
  return detail::expiry(detail::after(duration), std::move(handler));
}

/// The handler to call if no arm was ready until a time point of any clock.
template <class Clock, class Duration, class Handler>
[[nodiscard("a timeout does nothing outside a select")]] auto on_timeout(std::chrono::time_point<Clock, Duration> when,
                                                                         Handler handler) {
  return detail::expiry(detail::at(when), std::move(handler));
}

/// The handler to call if no arm is ready: at one instant, none of them was.
template <class Handler>
[[nodiscard("a default does nothing outside a select")]] auto otherwise(Handler handler) {
  return detail::expiry((deadline::min)(), std::move(handler));
}

/// Performs exactly one of the arms, waiting until one is ready or the timeout passes, and calls its handler.
/// \returns  what the handler returned, converted to the common type of all handlers' results; nothing if one of them
///           returns nothing.
/// \throws   what a handler throws; the arm has then taken effect. std::bad_alloc from a send that needs memory: no arm
///           has taken effect.
/// \par Progress  blocking; sleeps after a bounded spin, whatever the number of arms.
/// \par Ordering  as the operation that takes effect.
template <class... Clauses>
auto select(Clauses&&... clauses) {
  return detail::select(detail::preference::fair, clauses...);
}

/// The same with a preference: of several ready arms, the first in the order written.
template <class... Clauses>
auto select_in_order(Clauses&&... clauses) {
  return detail::select(detail::preference::in_order, clauses...);
}

/// A select over a set of arms that changes while the program runs.
///
/// Each arm has a key. An arm stays in the set after it has taken effect, and an arm whose channel is disconnected is
/// always ready, so remove() it once its handler has seen the disconnect. Arms refer to handles and to the values of
/// sends, which must outlive them; assign a new value after each send, before the next wait.
///
/// Handlers may change the set.
///
/// \par Threads  one at a time.
class selector {
public:
  using key = std::size_t;

  selector() = default;
  selector(selector&&) noexcept = default;
  selector& operator=(selector&&) noexcept = default;
  selector(const selector&) = delete;             // a selector is not copied by accident: call clone()
  selector& operator=(const selector&) = delete;  // a selector is not copied by accident: call clone()

  /// Another selector with the same arms, for another thread. Its handlers are copies.
  ///
  /// \throws  std::logic_error  if an arm is not for several threads: a send, whose value is one caller's, a
  ///                            receiver that one thread at a time may use, or a handler that cannot be copied.
  selector clone() const {
    selector other;
    other.next_key_ = next_key_;
    other.pick_ = pick_;
    for (const entry& e : operations_) other.operations_.push_back({e.name, e.run->clone()});
    return other;
  }

  /// Adds an arm that receives. \returns  its key.
  ///
  /// \param from     any receiver of this library; it must not be moved while the arm is in the set.
  /// \param handler  called with what recv() of that receiver would return.
  template <class Receiver, class Handler>
  key recv(Receiver& from, Handler handler) {
    return add(from.arm(), std::move(handler));
  }

  /// Adds an arm that sends. \returns  its key.
  ///
  /// \param to       the sender.
  /// \param value    moved from each time that the arm takes effect.
  /// \param handler  called with std::expected<void, send_error<T>>.
  template <class Sender, class Handler>
  key send(const Sender& to, typename Sender::value_type& value, Handler handler) {
    return add(to.arm(value), std::move(handler));
  }

  /// Adds an arm that a requested stop makes ready, for good. \returns  its key.
  ///
  /// \param token    a std::stop_token, or another type that models sluice::any_stop_token.
  /// \param handler  called with nothing.
  template <any_stop_token Token, class Handler>
  key stop(Token token, Handler handler) {
    static_assert(std::invocable<Handler&>, "the handler of a stop takes nothing");
    return add(std::make_shared<stop_operation<Token, Handler>>(std::move(token), std::move(handler)));
  }

  /// Removes an arm. \returns  whether it was in the set.
  bool remove(key name) {
    changed_ = true;
    return std::erase_if(operations_, [name](const entry& e) { return e.name == name; }) != 0;
  }

  std::size_t size() const noexcept { return operations_.size(); }

  /// With true, of several ready arms the first added is taken from now on; with false, each is equally likely again.
  void prefer_first(bool yes) noexcept { pick_ = yes ? detail::preference::in_order : detail::preference::fair; }

  /// Performs exactly one arm and calls its handler. \returns  its key.
  /// \throws  std::logic_error  if there is no arm: the wait would never end.
  key wait() {
    if (operations_.empty()) detail::raise<std::logic_error>("sluice: a selector without arms would wait for ever");
    return *wait_by(no_deadline);
  }
  /// The same, or nothing once the time point is reached. Without arms it waits until then.
  template <class Clock, class Duration>
  std::optional<key> wait_until(std::chrono::time_point<Clock, Duration> when) {
    return wait_by(detail::at(when));
  }
  template <class Rep, class Period>
  std::optional<key> wait_for(std::chrono::duration<Rep, Period> duration) {
    return wait_by(detail::after(duration));
  }
  /// The same, or nothing if no arm is ready.
  std::optional<key> try_wait() { return wait_by((deadline::min)()); }

private:
  struct operation {
    virtual ~operation() = default;
    virtual detail::arm& arm() noexcept = 0;
    virtual void finish() = 0;
    virtual std::shared_ptr<operation> clone() const = 0;
  };

  template <class Arm, class Handler>
  struct operation_on final : operation {
    operation_on(Arm a, Handler h) : arm_(std::move(a)), handler_(std::move(h)) {}
    detail::arm& arm() noexcept override { return arm_; }
    void finish() override { handler_(arm_.result()); }
    std::shared_ptr<operation> clone() const override {
      if constexpr (!Arm::clonable) {
        detail::raise<std::logic_error>(
            "sluice: an arm of this selector is for one thread; make the other selector anew");
      } else {
        return cloned<operation_on>(arm_.fresh(), handler_);
      }
    }

    Arm arm_;
    Handler handler_;
  };

  template <class Token, class Handler>
  struct stop_operation final : operation {
    stop_operation(Token token, Handler h) : arm_(std::move(token)), handler_(std::move(h)) {}
    detail::arm& arm() noexcept override { return arm_; }
    void finish() override { handler_(); }
    std::shared_ptr<operation> clone() const override { return cloned<stop_operation>(arm_.token(), handler_); }

    detail::stop_arm<Token> arm_;
    Handler handler_;
  };

  /// \throws std::logic_error  if the handler cannot be copied.
  template <class Operation, class Argument, class Handler>
  static std::shared_ptr<operation> cloned(Argument argument, const Handler& handler) {
    if constexpr (std::copy_constructible<Handler>) {
      return std::make_shared<Operation>(std::move(argument), handler);
    } else {
      detail::raise<std::logic_error>(
          "sluice: a handler of this selector cannot be copied; make the other selector anew");
    }
  }

  struct entry {
    key name;
    std::shared_ptr<operation> run;
  };

  template <class Arm, class Handler>
  key add(Arm arm, Handler handler) {
    static_assert(std::invocable<Handler&, typename Arm::result_type>,
                  "a handler takes the operation's result, a std::expected: [](auto result) { ... }");
    return add(std::make_shared<operation_on<Arm, Handler>>(std::move(arm), std::move(handler)));
  }

  key add(std::shared_ptr<operation> run) {
    changed_ = true;
    operations_.push_back({next_key_, std::move(run)});
    return next_key_++;
  }

  std::optional<key> wait_by(deadline until) {
    if (changed_) {
      arms_.clear();
      for (const entry& e : operations_) arms_.push_back(&e.run->arm());
      entries_.resize(arms_.size());
      order_.resize(arms_.size());
      changed_ = false;
    }
    const auto fired = detail::select_one(arms_, entries_, order_, until, pick_);
    if (!fired) return std::nullopt;
    // Copied, since its handler may remove it.
    const entry chosen = operations_[*fired];
    chosen.run->finish();
    return chosen.name;
  }

  std::vector<entry> operations_;
  key next_key_ = 0;
  detail::preference pick_ = detail::preference::fair;
  bool changed_ = true;  ///< whether operations_ has changed since the last wait
  // Reused, so that a wait allocates nothing.
  std::vector<detail::arm*> arms_;
  std::vector<detail::wait_entry> entries_;
  std::vector<std::size_t> order_;
};

}  // namespace sluice::inline SLUICE_ABI
