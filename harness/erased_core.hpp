#pragma once

#include <sluice/core.hpp>
#include <sluice/detail/batch.hpp>
#include <sluice/handles.hpp>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

/// Channels behind virtual functions, so that the checks are compiled once and not for each channel.
namespace sluice::harness {

/// Called, if set, when a check performs an operation that the channel lacks: one that does not wait, or has a
/// deadline. It does not return.
inline void (*when_not_offered)() = nullptr;

/// Called, if set, with the number of messages that an operation of the calling thread has sent.
inline void (*when_sent)(std::size_t messages) = nullptr;

/// Where a batch of received messages goes, whatever its type.
template <class T>
class message_sink {
public:
  template <class Out>
  explicit message_sink(Out& out) noexcept
      : out_(&out), emplace_([](void* to, T& message) { static_cast<Out*>(to)->emplace(std::move(message)); }) {}
  void emplace(T&& message) noexcept { emplace_(out_, message); }

private:
  void* out_;
  void (*emplace_)(void*, T&);
};

/// A core's operations (see sluice::selectable_core and batching_core), whatever its type.
template <class T>
class core_interface {
public:
  virtual ~core_interface() = default;

  virtual status try_send(T& value) = 0;
  virtual status send_until(T& value, deadline until) = 0;
  virtual status try_recv(std::optional<T>& out) = 0;
  virtual status recv_until(std::optional<T>& out, deadline until) = 0;
  virtual std::size_t try_send_many(std::span<T> messages) = 0;
  virtual std::size_t try_recv_many(message_sink<T>& out, std::size_t most) = 0;
  virtual bool register_send_waiter(sluice::detail::wait_entry& entry) = 0;
  virtual void unregister_send_waiter(sluice::detail::wait_entry& entry) noexcept = 0;
  virtual bool register_recv_waiter(sluice::detail::wait_entry& entry) = 0;
  virtual void unregister_recv_waiter(sluice::detail::wait_entry& entry) noexcept = 0;
  virtual void close_senders() = 0;
  virtual void close_receivers() = 0;
  virtual std::size_t size() const = 0;
  virtual std::optional<std::size_t> capacity() const = 0;
};

/// Makes a channel of one type; nullopt: unbounded.
///
/// \pre  the channel's traits accept the capacity.
template <class T>
using core_maker = std::unique_ptr<core_interface<T>> (*)(std::optional<std::size_t> capacity);

namespace detail {

template <core Core>
class erased final : public core_interface<typename Core::value_type> {
  using T = typename Core::value_type;
  using wait_entry = sluice::detail::wait_entry;

public:
  template <class... Capacity>
  explicit erased(Capacity... capacity) : core_(capacity...) {}

  status try_send([[maybe_unused]] T& value) override {
    if constexpr (trying_core<Core>) return core_.try_send(value);
    refuse();
    std::abort();
  }
  status send_until(T& value, deadline until) override {
    require_timed(until);
    return core_.send_until(value, until);
  }
  status try_recv([[maybe_unused]] std::optional<T>& out) override {
    if constexpr (trying_core<Core>) return core_.try_recv(out);
    refuse();
    std::abort();
  }
  status recv_until(std::optional<T>& out, deadline until) override {
    require_timed(until);
    return core_.recv_until(out, until);
  }
  std::size_t try_send_many([[maybe_unused]] std::span<T> messages) override {
    if constexpr (trying_core<Core>) return sluice::detail::try_send_many(core_, messages);
    refuse();
    std::abort();
  }
  std::size_t try_recv_many([[maybe_unused]] message_sink<T>& out, [[maybe_unused]] std::size_t most) override {
    if constexpr (trying_core<Core>) return sluice::detail::try_recv_many(core_, out, most);
    refuse();
    std::abort();
  }
  bool register_send_waiter(wait_entry& entry) override {
    if constexpr (selectable_core<Core>) return core_.register_send_waiter(entry);
    throw std::logic_error(unselectable);
  }
  void unregister_send_waiter([[maybe_unused]] wait_entry& entry) noexcept override {
    if constexpr (selectable_core<Core>) core_.unregister_send_waiter(entry);
  }
  bool register_recv_waiter(wait_entry& entry) override {
    if constexpr (selectable_core<Core>) return core_.register_recv_waiter(entry);
    throw std::logic_error(unselectable);
  }
  void unregister_recv_waiter([[maybe_unused]] wait_entry& entry) noexcept override {
    if constexpr (selectable_core<Core>) core_.unregister_recv_waiter(entry);
  }
  void close_senders() override { core_.close_senders(); }
  void close_receivers() override { core_.close_receivers(); }
  std::size_t size() const override { return core_.size(); }
  std::optional<std::size_t> capacity() const override { return core_.capacity(); }

private:
  static void refuse() {
    if (when_not_offered) when_not_offered();
  }
  static void require_timed([[maybe_unused]] deadline until) {
    if constexpr (!Core::traits.timed) {
      if (until != deadline::max()) refuse();
    }
  }

  static constexpr const char* unselectable =
      "select cannot wait on this channel: it has no register_send_waiter() and register_recv_waiter()";

  Core core_;
};

template <core Core>
std::unique_ptr<core_interface<typename Core::value_type>> make_erased(std::optional<std::size_t> capacity) {
  if constexpr (Core::traits.bounded) {
    if (capacity) return std::make_unique<erased<Core>>(*capacity);
  }
  if constexpr (Core::traits.unbounded) return std::make_unique<erased<Core>>();
  std::abort();
}

}  // namespace detail

/// Forwards to a core that is chosen at run time. Aligned as most cores are, so that an allocation of one is of the
/// same kind (the model checker tracks others).
template <class T>
class alignas(platform::cache_line) erased_core {
public:
  using value_type = T;
  /// Of no channel in particular: checks ask subject::traits().
  static constexpr core_traits traits{.unbounded = true, .bounded = true, .least_capacity = 0};

  erased_core(core_maker<T> make, std::optional<std::size_t> capacity) : core_(make(capacity)) {}

  status try_send(T& value) { return sent(core_->try_send(value)); }
  status send_until(T& value, deadline until) { return sent(core_->send_until(value, until)); }
  status try_recv(std::optional<T>& out) { return core_->try_recv(out); }
  status recv_until(std::optional<T>& out, deadline until) { return core_->recv_until(out, until); }
  std::size_t try_send_many(std::span<T> messages) {
    const std::size_t count = core_->try_send_many(messages);
    if (when_sent) when_sent(count);
    return count;
  }
  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    message_sink<T> sink(out);
    return core_->try_recv_many(sink, most);
  }
  bool register_send_waiter(sluice::detail::wait_entry& entry) { return core_->register_send_waiter(entry); }
  void unregister_send_waiter(sluice::detail::wait_entry& entry) noexcept { core_->unregister_send_waiter(entry); }
  bool register_recv_waiter(sluice::detail::wait_entry& entry) { return core_->register_recv_waiter(entry); }
  void unregister_recv_waiter(sluice::detail::wait_entry& entry) noexcept { core_->unregister_recv_waiter(entry); }
  void close_senders() { core_->close_senders(); }
  void close_receivers() { core_->close_receivers(); }
  std::size_t size() const { return core_->size(); }
  std::optional<std::size_t> capacity() const { return core_->capacity(); }

private:
  static status sent(status now) {
    if (now == status::ok && when_sent) when_sent(1);
    return now;
  }

  std::unique_ptr<core_interface<T>> core_;
};

/// Handles of one type for all channels. Unless asked for otherwise they can be cloned.
template <class T, cardinality Consumers = cardinality::many, cardinality Producers = cardinality::many>
using erased_sender = basic_sender<erased_core<T>, Consumers, Producers>;
template <class T, cardinality Consumers = cardinality::many>
using erased_receiver = basic_receiver<erased_core<T>, Consumers>;

}  // namespace sluice::harness
