#pragma once

#include <sluice/broadcast.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

/// Broadcasts behind virtual functions, so that the checks are compiled once and not for each of them.
namespace sluice::harness {

/// A broadcast core's operations (see cores::broadcast), whatever its type.
template <class T>
class broadcast_interface {
public:
  using position = std::uint64_t;

  virtual ~broadcast_interface() = default;

  virtual std::size_t send(T& value, std::optional<T>& refused) = 0;
  virtual status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) = 0;
  virtual status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) = 0;
  virtual position subscribe() = 0;
  virtual void subscribe_at(position next) = 0;
  virtual void unsubscribe(position next) noexcept = 0;
  virtual void close_senders() noexcept = 0;
  virtual std::size_t capacity() const noexcept = 0;
};

/// Makes a broadcast of one type. \throws  what the constructor of its core does.
template <class T>
using broadcast_maker = std::unique_ptr<broadcast_interface<T>> (*)(std::size_t capacity);

/// A broadcast's operations, as of cores::broadcast.
template <class C>
concept broadcast_core = std::constructible_from<C, std::size_t> && std::same_as<typename C::position, std::uint64_t> &&
    requires(C& core, typename C::value_type& value, std::optional<typename C::value_type>& out, std::uint64_t& number,
             deadline until) {
  { core.send(value, out) } -> std::same_as<std::size_t>;
  { core.try_recv(number, out, number) } -> std::same_as<status>;
  { core.recv_until(number, out, number, until) } -> std::same_as<status>;
  { core.subscribe() } -> std::same_as<std::uint64_t>;
  core.unsubscribe(number);
  core.close_senders();
  { core.capacity() } -> std::same_as<std::size_t>;
  { C::traits } -> std::convertible_to<broadcast_traits>;
};

/// Whether receivers can be cloned.
template <class Core>
concept clonable_broadcast = requires(Core& core, typename Core::position next) {
  core.subscribe_at(next);
};

namespace detail {

template <class Core>
class erased_broadcast_core final : public broadcast_interface<typename Core::value_type> {
  using T = typename Core::value_type;

public:
  using position = typename Core::position;

  explicit erased_broadcast_core(std::size_t capacity) : core_(capacity) {}

  std::size_t send(T& value, std::optional<T>& refused) override { return core_.send(value, refused); }
  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) override {
    return core_.try_recv(next, out, missed);
  }
  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) override {
    return core_.recv_until(next, out, missed, until);
  }
  position subscribe() override { return core_.subscribe(); }
  void subscribe_at([[maybe_unused]] position next) override {
    if constexpr (clonable_broadcast<Core>) return core_.subscribe_at(next);
    std::abort();
  }
  void unsubscribe(position next) noexcept override { core_.unsubscribe(next); }
  void close_senders() noexcept override { core_.close_senders(); }
  std::size_t capacity() const noexcept override { return core_.capacity(); }

private:
  Core core_;
};

}  // namespace detail

template <class Core>
std::unique_ptr<broadcast_interface<typename Core::value_type>> make_erased_broadcast(std::size_t capacity) {
  return std::make_unique<detail::erased_broadcast_core<Core>>(capacity);
}

/// Forwards to a broadcast that is chosen at run time.
template <class T>
class erased_broadcast {
public:
  using value_type = T;
  using position = std::uint64_t;

  erased_broadcast(broadcast_maker<T> make, std::size_t capacity) : core_(make(capacity)) {}

  std::size_t send(T& value, std::optional<T>& refused) { return core_->send(value, refused); }
  status try_recv(position& next, std::optional<T>& out, std::uint64_t& missed) {
    return core_->try_recv(next, out, missed);
  }
  status recv_until(position& next, std::optional<T>& out, std::uint64_t& missed, deadline until) {
    return core_->recv_until(next, out, missed, until);
  }
  position subscribe() { return core_->subscribe(); }
  void subscribe_at(position next) { core_->subscribe_at(next); }
  void unsubscribe(position next) noexcept { core_->unsubscribe(next); }
  void close_senders() noexcept { core_->close_senders(); }
  std::size_t capacity() const noexcept { return core_->capacity(); }

private:
  std::unique_ptr<broadcast_interface<T>> core_;
};

}  // namespace sluice::harness
