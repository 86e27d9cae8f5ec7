#pragma once

#include <sluice/platform.hpp>
#include <sluice/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>

/// The concept of a channel implementation, and the traits that it declares.
///
/// A core is the shared state of one channel. Handles (handles.hpp) are written once over any core and give it cloning,
/// disconnection by reference count, iteration and the error vocabulary.
namespace sluice::inline SLUICE_ABI {

namespace detail {
struct wait_entry;
}

/// A point of steady_clock.
using deadline = platform::time_point;
/// The greatest deadline: it is never reached.
using platform::no_deadline;

/// How many threads may use one side concurrently.
enum class cardinality : std::uint8_t { one, many };

/// The order in which messages are received: `global`, one order consistent with all sends; `per_producer`, each
/// sender's own order only.
enum class ordering : std::uint8_t { global, per_producer };

/// What all threads together see of a channel, from strong to weak.
enum class consistency : std::uint8_t {
  linearizable,  ///< each operation takes effect at one instant between its call and its return
  sequential,    ///< one order explains all results, but not in real time: without other synchronization, a thread may
                 ///< briefly miss its peer's latest operation
  weak,          ///< `empty` and `full` are hints
};

/// The promises of a core. The harness tests what is promised here and reports the rest as not applicable.
struct core_traits {
  cardinality producers = cardinality::many;
  cardinality consumers = cardinality::many;
  bool unbounded = false;          ///< can be made without a capacity
  bool bounded = false;            ///< can be made with a capacity of `least_capacity` or more
  std::size_t least_capacity = 1;  ///< 0: a rendezvous
  std::size_t greatest_capacity = (std::numeric_limits<std::size_t>::max)();
  bool exact_capacity = true;  ///< holds exactly as many messages as asked for, not more
  ordering order = ordering::global;
  bool disconnects = true;  ///< when one side disconnects, the other side's waits end
  bool discards = true;     ///< the last receiver's disconnect destroys what is buffered; false: the last sender's may
  bool sleeps = true;       ///< a blocked operation sleeps in the kernel after a bounded spin
  bool timed = true;        ///< send_until and recv_until return at their deadlines
  bool tries = true;        ///< has try_send and try_recv, which select needs
  sluice::consistency consistency = consistency::linearizable;
  bool exact_size = true;                   ///< size() is exact while no other thread operates
  std::size_t messages_per_allocation = 0;  ///< at least so many, on average; 0: no promise
  bool strong_guarantee = true;             ///< an operation whose allocation fails throws, and changes nothing
  bool selectable = true;                   ///< whether it is a selectable_core; the harness sets it
  bool deferred_reclamation = false;        ///< memory is freed in batches, and what waits for that is bounded
  bool one_message = false;                 ///< a first send is the last: later ones are told `disconnected`
  bool own_threads = false;                 ///< threads of its own, as of a language's runtime, end its waits
  static constexpr std::size_t no_allocation = (std::numeric_limits<std::size_t>::max)();

  /// How many later operations of its side may take effect before one that waits, besides one, or its batch, of each
  /// other thread of either side (bounded bypass). Not before selects, nor operations with a stop token.
  std::size_t bypass = any_number;
  static constexpr std::size_t any_number = (std::numeric_limits<std::size_t>::max)();

  /// Whether a channel of this capacity (nullopt: unbounded) can be made.
  constexpr bool accepts(std::optional<std::size_t> capacity) const noexcept {
    return capacity ? bounded && *capacity >= least_capacity && *capacity <= greatest_capacity : unbounded;
  }
};

/// What a broadcast promises, as its `static constexpr broadcast_traits traits` declares it.
struct broadcast_traits {
  std::size_t greatest_capacity = (std::numeric_limits<std::size_t>::max)();
  bool exact_capacity = true;      ///< keeps exactly as many messages as asked for, not more
  bool discards = true;            ///< a message is destroyed once its last receiver has read it or disconnected
  bool serializes_copies = true;   ///< no two threads copy one message concurrently, unless its type allows that
  bool own_threads = false;        ///< as of core_traits
  bool clonable_receivers = true;  ///< a receiver can be cloned at its position; the harness sets it

  static constexpr cardinality producers = cardinality::many;
  static constexpr cardinality consumers = cardinality::many;

  constexpr bool accepts(std::optional<std::size_t> capacity) const noexcept {
    return capacity && *capacity != 0 && *capacity <= greatest_capacity;
  }
};

/// What every channel can carry. A move or a destructor that throws would leave a slot half constructed.
///
/// Checked where a channel is made, not where its type is named, so that a message may hold handles of its own channel.
template <class T>
concept message = std::is_object_v<T> && std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>;

/// Operations that do not wait.
template <class C>
concept trying_core = requires(C& c, typename C::value_type& value, std::optional<typename C::value_type>& out) {
  { c.try_send(value) } -> std::same_as<status>;
  { c.try_recv(out) } -> std::same_as<status>;
};

namespace detail {

/// For checks of a concept: where a batch of received messages goes.
template <class T>
struct any_sink {
  void emplace(T&& message) noexcept;
};

}  // namespace detail

/// Operations on several messages at once, which do not wait. Where a core lacks them, handles move the messages one by
/// one.
///
/// - `try_send_many(std::span<T> messages)` sends a prefix, in order, and returns its length; it moves from nothing
///   else. 0 says nothing about why: try_send() tells. If an allocation fails it throws; the messages before it stay
///   sent.
/// - `try_recv_many(out, most)` receives up to `most` messages, in order, and returns how many. It calls
///   `out.emplace(T&&)` with each, which does not throw. 0 says nothing about why: try_recv() tells.
/// - Each wakes as many waiters as it made room for, or has messages for.
template <class C>
concept batching_core = trying_core<C> && requires(C& c, std::span<typename C::value_type> messages,
                                                   detail::any_sink<typename C::value_type>& out, std::size_t most) {
  { c.try_send_many(messages) } -> std::same_as<std::size_t>;
  { c.try_recv_many(out, most) } -> std::same_as<std::size_t>;
};

/// Whether messages of a type may change threads: true, unless it is specialised. C++ cannot see that a type is bound
/// to its thread, as Rust's `Send` does; say so for those that are, and a channel of them does not compile:
///
///     template <>
///     inline constexpr bool sluice::enable_send<widget_handle> = false;
///
/// Types that contain such a type are not looked into.
template <class T>
inline constexpr bool enable_send = true;

/// Refuses messages that must not change threads, in a sentence.
template <class T>
constexpr void check_send() {
  static_assert(enable_send<T>,
                "sluice::enable_send says that this type must not change threads: send what it stands for, and keep it "
                "in its thread");
}

/// The operations of a core.
///
/// - `try_send(T& value)` and `send_until(T& value, deadline)` move from `value` only when they return `status::ok`.
/// - `try_recv(std::optional<T>& out)` and `recv_until(std::optional<T>& out, deadline)` fill an empty `out` only on
///   `status::ok`.
/// - A value beats a disconnect, a disconnect beats a timeout, also where the deadline has passed already.
/// - `close_senders()` is called once, when the last sender disconnects: buffered messages stay, waiting receivers
///   wake.
/// - `close_receivers()` is called once, when the last receiver disconnects: buffered messages are destroyed before it
///   returns, with no lock held; waiting senders wake and keep their messages.
/// - `size()` is exact while no other thread operates on the channel.
template <class C>
concept core = requires(C& c, const C& k, typename C::value_type& value, std::optional<typename C::value_type>& out,
                        deadline until) {
  requires message<typename C::value_type>;
  { C::traits } -> std::convertible_to<core_traits>;
  { c.send_until(value, until) } -> std::same_as<status>;
  { c.recv_until(out, until) } -> std::same_as<status>;
  c.close_senders();
  c.close_receivers();
  { k.size() } -> std::same_as<std::size_t>;
  { k.capacity() } -> std::same_as<std::optional<std::size_t>>;
}
&&(trying_core<C> || !C::traits.tries);

/// A core that a select can wait on, together with others.
///
/// - `register_send_waiter(entry)` and `register_recv_waiter(entry)` append a waiter to the queue of those that wait
///   for room or for a message, unless it is queued already, and return whether an attempt may now succeed. From then
///   on, any event that would end the wait of a plain operation ends the wait of `entry.owner`, through `entry.arm`.
/// - `unregister_send_waiter(entry)` and `unregister_recv_waiter(entry)` remove it if it is still queued. Afterwards no
///   thread accesses it.
template <class C>
concept selectable_core = core<C> && trying_core<C> && requires(C& c, detail::wait_entry& entry) {
  { c.register_send_waiter(entry) } -> std::same_as<bool>;
  c.unregister_send_waiter(entry);
  { c.register_recv_waiter(entry) } -> std::same_as<bool>;
  c.unregister_recv_waiter(entry);
};

/// Reports in a sentence what a type lacks to be a core; the harness and the handles apply it to every implementation.
template <class C>
constexpr void check_core() {
  static_assert(
      requires { typename C::value_type; }, "a core needs a member type value_type: its message type");
  static_assert(
      requires { C::traits; }, "a core needs `static constexpr sluice::core_traits traits`: what it promises");
  using T = typename C::value_type;
  static_assert(std::is_object_v<T>,
                "a message is an object: send a pointer or std::reference_wrapper for a reference");
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a message's move must not throw: declare it noexcept, or wrap the message in std::unique_ptr");
  static_assert(std::is_nothrow_destructible_v<T>,
                "a message's destructor must not throw: declare it noexcept, or wrap the message in std::unique_ptr");
  check_send<T>();
  static_assert(
      !C::traits.tries ||
          requires(C & c, T & v) {
            { c.try_send(v) } -> std::same_as<status>;
          },
      "a core needs `sluice::status try_send(T& value)`, or traits with `.tries = false`");
  static_assert(
      requires(C & c, T & v, deadline d) {
        { c.send_until(v, d) } -> std::same_as<status>;
      },
      "a core needs `sluice::status send_until(T& value, sluice::deadline)`");
  static_assert(
      !C::traits.tries ||
          requires(C & c, std::optional<T> & o) {
            { c.try_recv(o) } -> std::same_as<status>;
          },
      "a core needs `sluice::status try_recv(std::optional<T>& out)`, or traits with `.tries = false`");
  static_assert(
      requires(C & c, std::optional<T> & o, deadline d) {
        { c.recv_until(o, d) } -> std::same_as<status>;
      },
      "a core needs `sluice::status recv_until(std::optional<T>& out, sluice::deadline)`");
  static_assert(
      requires(C & c) { c.close_senders(); }, "a core needs `close_senders()`: the last sender has disconnected");
  static_assert(
      requires(C & c) { c.close_receivers(); }, "a core needs `close_receivers()`: the last receiver has disconnected");
  static_assert(
      requires(const C& c) {
        { c.size() } -> std::same_as<std::size_t>;
      },
      "a core needs `std::size_t size() const`");
  static_assert(
      requires(const C& c) {
        { c.capacity() } -> std::same_as<std::optional<std::size_t>>;
      },
      "a core needs `std::optional<std::size_t> capacity() const` (nullopt: unbounded)");
  static_assert(core<C>, "the type is not a sluice core: see the concept sluice::core in <sluice/core.hpp>");
}

}  // namespace sluice::inline SLUICE_ABI
