#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/adaptive_spin.hpp>
#include <sluice/detail/backoff.hpp>
#include <sluice/detail/expired.hpp>
#include <sluice/detail/wait_list.hpp>
#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <utility>

/// Waiting on several operations until the first of them can take effect.
namespace sluice::inline SLUICE_ABI::detail {

/// One operation that a select may perform.
class arm {
public:
  /// Tries without waiting. \returns  whether this operation has taken effect, if only by a disconnect.
  virtual bool attempt() = 0;

  /// Appends the entry to the queue of waiters for this operation. \returns  whether an attempt may now succeed.
  virtual bool register_waiter(wait_entry& entry) = 0;
  virtual void unregister_waiter(wait_entry& entry) noexcept = 0;

  /// Where a peer of a rendezvous finds or leaves the message. It must not change while a waiter is registered.
  virtual void* packet() noexcept { return nullptr; }

  /// Whether an attempt may succeed before the waiter is registered. Not where two peers must meet: two that only try,
  /// and never register, never meet.
  virtual bool worth_spinning() const noexcept { return true; }

  /// Whether only this arm can end its readiness: no other thread takes what it would find.
  virtual bool stays_ready() const noexcept { return false; }

  /// A peer has performed the operation, through the packet of the entry.
  virtual void handed_over() noexcept {}

  /// When to attempt again even if no thread wakes the waiter.
  virtual deadline due() const noexcept { return no_deadline; }

protected:
  ~arm() = default;
};

enum class preference : std::uint8_t { fair, in_order };

/// Performs exactly one of the arms, waiting until one is ready; they are attempted in `order`, which is shuffled for
/// fairness. Waits once on all of them: one waiter, with an entry in the queue of each channel. An arm that was woken
/// is attempted before any other, so that no wake-up is lost to a select that could proceed through another arm.
/// \param entries, order  room for one element per arm.
/// \returns  the arm that took effect, or nullopt if at one instant, not before `until`, none was ready.
inline std::optional<std::size_t> select_one(std::span<arm* const> arms, std::span<wait_entry> entries,
                                             std::span<std::size_t> order, deadline until, preference pick) {
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Fisher-Yates, one step for each arm that is tried: the first is often ready.
  std::size_t drawn = pick == preference::fair ? 0 : arms.size();
  const auto nth = [&](std::size_t n) {
    if (n == drawn && ++drawn < arms.size()) {
      std::swap(order[n], order[n + platform::random(static_cast<std::uint32_t>(arms.size() - n))]);
    }
    return order[n];
  };
  const auto spins = [arms] { return std::ranges::any_of(arms, [](const arm* a) { return a->worth_spinning(); }); };
  const auto attempt_each = [&]() -> std::optional<std::size_t> {
    for (std::size_t n = 0; n < arms.size(); ++n) {
      if (arms[nth(n)]->attempt()) return order[n];
    }
    return std::nullopt;
  };
  // If each stays ready once it is, those found not ready later were not ready when the first was attempted.
  const auto attempts_suffice = [arms] {
    return arms.size() == 1 || std::ranges::all_of(arms, [](const arm* a) { return a->stays_ready(); });
  };
  thread_local adaptive_spin spin;  // what this thread has learnt in earlier selects
  for (backoff between;;) {
    for (backoff pacing;; pacing.snooze()) {
      if (const auto ready = attempt_each()) return ready;
      if (pacing.spent() || expired(until) || !spins()) break;
    }
    if (expired(until) && attempts_suffice()) return attempt_each();

    waiter self;
    deadline due = no_deadline;
    bool worth_trying = false;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      entries[i] = {.owner = &self, .arm = static_cast<std::uint32_t>(i), .packet = arms[i]->packet()};
      worth_trying |= platform::recheck(arms[i]->register_waiter(entries[i]));
      due = (std::min)(due, arms[i]->due());
    }
    const bool last_look = !worth_trying && expired(until);
    if (last_look) {
      // With every arm registered, check each once more: an instant at which none was ready.
      for (std::size_t i = 0; i < arms.size(); ++i) worth_trying |= arms[i]->register_waiter(entries[i]);
    }
    if (worth_trying || last_look) self.select(outcome::aborted);
    const deadline wake = (std::min)(until, due);
    const waiter::ending end = spins() ? self.wait_until(wake) : self.wait_until(wake, spin);
    for (std::size_t i = 0; i < arms.size(); ++i) arms[i]->unregister_waiter(entries[i]);

    switch (end.how) {
      case outcome::handed_over: arms[end.arm]->handed_over(); return end.arm;
      case outcome::aborted:
        if (last_look && !worth_trying) return std::nullopt;
        // The peer that was found may be a select which gives up for this one.
        between.desynchronize();
        break;
      default:
        if (arms[end.arm]->attempt()) return end.arm;
    }
  }
}

/// Receiving as an arm, from any type that receives as a core does.
template <class Core, cardinality Consumers>
class recv_arm final : public arm {
public:
  using value_type = typename Core::value_type;
  using result_type = std::expected<value_type, recv_error>;
  /// Whether several threads may use this arm, each in its own select.
  static constexpr bool clonable = Consumers == cardinality::many;

  explicit recv_arm(Core& core) noexcept : core_(&core) {}

  /// The same operation, not yet performed.
  recv_arm fresh() const noexcept { return recv_arm(*core_); }

  bool attempt() override {
    const status now = core_->try_recv(message_);
    return now != status::empty;
  }
  bool register_waiter(wait_entry& entry) override { return core_->register_recv_waiter(entry); }
  void unregister_waiter(wait_entry& entry) noexcept override { core_->unregister_recv_waiter(entry); }
  void* packet() noexcept override { return std::addressof(message_); }
  bool worth_spinning() const noexcept override {
    if constexpr (requires { core_->due(); }) {
      return false;
    } else if constexpr (requires { core_->capacity(); }) {
      return core_->capacity() != 0;
    }
    return true;
  }
  bool stays_ready() const noexcept override { return !clonable && worth_spinning(); }
  deadline due() const noexcept override {
    if constexpr (requires { core_->due(); }) return core_->due();
    return no_deadline;
  }

  /// The operation's result. \pre  it has taken effect
  result_type result() {
    if (!message_) return std::unexpected(recv_error::disconnected);
    result_type got(std::move(*message_));
    message_.reset();
    return got;
  }

private:
  Core* core_;
  std::optional<value_type> message_;
};

/// Sending as an arm. The value stays the caller's unless the arm takes effect.
template <class Core>
class send_arm final : public arm {
public:
  using value_type = typename Core::value_type;
  using result_type = std::expected<void, send_error<value_type>>;
  static constexpr bool clonable = false;

  send_arm(Core& core, value_type& value) noexcept : core_(&core), value_(std::addressof(value)) {}

  bool attempt() override {
    now_ = core_->try_send(*value_);
    return now_ != status::full;
  }
  bool register_waiter(wait_entry& entry) override { return core_->register_send_waiter(entry); }
  void unregister_waiter(wait_entry& entry) noexcept override { core_->unregister_send_waiter(entry); }
  void* packet() noexcept override { return value_; }
  bool worth_spinning() const noexcept override { return core_->capacity() != 0; }
  bool stays_ready() const noexcept override {
    return Core::traits.producers == cardinality::one && core_->capacity() != 0;
  }
  void handed_over() noexcept override { now_ = status::ok; }

  /// The operation's result. \pre  it has taken effect
  result_type result() {
    if (now_ == status::ok) return {};
    return std::unexpected(send_error<value_type>{std::move(*value_)});
  }

private:
  Core* core_;
  value_type* value_;
  status now_ = status::full;
};

}  // namespace sluice::inline SLUICE_ABI::detail
