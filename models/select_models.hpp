#pragma once

#include <models/custom_model.hpp>
#include <models/named_scenarios.hpp>
#include <models/suite.hpp>

#include <sluice/select.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What select promises, in every interleaving of two or three threads over two channels.
namespace sluice::models {

/// Two channels of one kind.
struct two_channels {
  using sender = harness::erased_sender<message>;
  using receiver = harness::erased_receiver<message>;

  explicit two_channels(std::optional<std::size_t> capacity)
      : a(tested->make<message>(capacity)), b(tested->make<message>(capacity)) {}

  sender& a_tx() { return a.first; }
  receiver& a_rx() { return a.second; }
  sender& b_tx() { return b.first; }
  receiver& b_rx() { return b.second; }

  std::pair<sender, receiver> a;
  std::pair<sender, receiver> b;
  std::array<int, 3> got{};  ///< by thread: what it received or did
};

namespace detail {

/// What a receive gave, or -1.
template <class Result>
int value_of(const Result& result) {
  return result ? static_cast<int>(*result) : -1;
}

/// A select over the receivers of both channels: 1 or 2 for the channel, and what it gave.
template <class Fixture>
std::pair<int, int> receive_either(Fixture& s) {
  return select(on_recv(s.a_rx(), [](const auto& got) { return std::pair(1, value_of(got)); }),
                on_recv(s.b_rx(), [](const auto& got) { return std::pair(2, value_of(got)); }));
}

/// A select that sends a value to either channel: 1 or 2 for the channel, negative if that has disconnected.
template <class Fixture>
int send_either(Fixture& s, int value) {
  return select(on_send(s.a_tx(), message(value), [](const auto& sent) { return sent ? 1 : -1; }),
                on_send(s.b_tx(), message(value), [](const auto& sent) { return sent ? 2 : -2; }));
}

/// Leaves no room in a channel of capacity 1.
template <class Sender>
void fill(Sender& to) {
  (void)to.try_send(message(9));
}

}  // namespace detail

/// The custom models on channels of this kind.
inline constexpr auto select_models = [] {
  using fixture = two_channels;
  using std::chrono::nanoseconds;
  return std::array{
      custom_model<fixture>{
          "selects_meet", "Do a select that sends and a select that receives meet, whichever comes first?",
          "0 1 unbounded",
          [](fixture& s, unsigned index) {
            if (index == 0) {
              s.got[0] = select(on_recv(s.b_rx(), [](const auto&) { return 1; }),
                                on_send(s.a_tx(), message(7), [](const auto& sent) { return sent ? 2 : 3; }));
            } else if (index == 1) {
              const auto [channel, value] = detail::receive_either(s);
              s.got[1] = channel * 10 + value;
            }
          },
          [](fixture& s) { expect(s.got[0] == 2 && s.got[1] == 17); }},
      custom_model<fixture>{
          "selects_cross", "Of two selects that could meet on either of two channels, do both take the same one?", "0",
          [](fixture& s, unsigned index) {
            if (index > 1) return;
            auto& to = index == 0 ? s.a_tx() : s.b_tx();
            auto& from = index == 0 ? s.b_rx() : s.a_rx();
            s.got[index] = select(on_send(to, message(7), [](const auto& sent) { return sent ? 1 : -1; }),
                                  on_recv(from, [](const auto& got) { return detail::value_of(got) == 7 ? 2 : -1; }));
          },
          [](fixture& s) { expect(s.got[0] + s.got[1] == 3); }},
      custom_model<fixture>{"loser_is_sent_to",
                            "Is a message lost that is sent to the losing arm of a select as the select completes?",
                            "0 1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index == 1) {
                                expect(s.a_tx().send(message(1)).has_value());
                              } else if (index == 2) {
                                expect(s.b_tx().send(message(2)).has_value());
                              } else {
                                const auto [channel, value] = detail::receive_either(s);
                                expect(channel == value);
                                auto& other = channel == 1 ? s.b_rx() : s.a_rx();
                                s.got[0] = value + detail::value_of(other.recv());
                              }
                            },
                            [](fixture& s) { expect(s.got[0] == 3); }},
      custom_model<fixture>{"choice_passes_wake_on",
                            "Does a receiver sleep on if the select that was woken for its message takes another?",
                            "0 1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                // If this takes what the plain receiver waits for, that one gets another.
                                if (detail::receive_either(s).first == 1) {
                                  expect(s.a_tx().send(message(3)).has_value());
                                  expect(s.b_rx().recv().has_value());
                                }
                              } else if (index == 1) {
                                expect(s.a_rx().recv().has_value());
                              } else {
                                expect(s.a_tx().send(message(1)).has_value());
                                expect(s.b_tx().send(message(2)).has_value());
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{"select_expires", "Is a message lost that comes as a select gives up?", "0 1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.got[0] =
                                    select(on_recv(s.a_rx(), [](const auto& got) { return detail::value_of(got); }),
                                           on_recv(s.b_rx(), [](const auto&) { return -2; }),
                                           on_timeout(nanoseconds(1), [] { return 0; }));
                                if (s.got[0] == 0) s.got[0] = detail::value_of(s.a_rx().recv());
                              } else if (index == 1) {
                                expect(s.a_tx().send(message(4)).has_value());
                              }
                            },
                            [](fixture& s) { expect(s.got[0] == 4); }},
      custom_model<fixture>{"select_sees_the_end",
                            "Does a select that waits wake when the last sender of one arm goes?", "0 1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                const auto [channel, value] = detail::receive_either(s);
                                expect(channel == 2 && value == -1);
                              } else if (index == 1) {
                                s.b_tx().reset();
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{
          "one_value_goes", "Of two sends in one select, does exactly one value go, and the other stay?", "0 1",
          [](fixture& s, unsigned index) {
            if (index == 0) {
              message one(1);
              message two(2);
              s.got[0] = select(on_send(s.a_tx(), one, [](const auto& sent) { return sent ? 1 : -1; }),
                                on_send(s.b_tx(), two, [](const auto& sent) { return sent ? 2 : -1; }));
              expect(static_cast<int>(s.got[0] == 1 ? two : one) == (s.got[0] == 1 ? 2 : 1));
              s.a_tx().reset();
              s.b_tx().reset();
            } else {
              s.got[index] = detail::value_of((index == 1 ? s.a_rx() : s.b_rx()).recv());
            }
          },
          [](fixture& s) {
            expect(s.got[0] == 1 ? s.got[1] == 1 && s.got[2] == -1 : s.got[1] == -1 && s.got[2] == 2);
          }},
      custom_model<fixture>{
          "sending_select_sees_the_end",
          "Do a select that waits to send and a plain sender wake when the last receiver of one goes?", "0 1",
          [](fixture& s, unsigned index) {
            if (index == 0) {
              detail::fill(s.a_tx());
              detail::fill(s.b_tx());
              expect(detail::send_either(s, 3) == -1);
            } else if (index == 1) {
              s.a_rx().reset();
            } else {
              (void)s.a_tx().send(message(5));
            }
          },
          [](fixture&) {}},
      custom_model<fixture>{"sending_select_beside_a_sender",
                            "Do a select that sends and a plain sender both get room in the same channel?", "0 1",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                detail::fill(s.b_tx());
                                expect(detail::send_either(s, 3) == 1);
                              } else if (index == 1) {
                                expect(s.a_tx().send(message(5)).has_value());
                              } else {
                                for (int i = 0; i < 2; ++i) s.got[2] += detail::value_of(s.a_rx().recv());
                              }
                            },
                            [](fixture& s) { expect(s.got[2] == 8); }},
      custom_model<fixture>{"two_sending_selects",
                            "Do the values of two selects that send on the same two channels both arrive?",
                            "0 1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index != 2) {
                                expect(detail::send_either(s, static_cast<int>(index) + 1) > 0);
                              } else {
                                for (int i = 0; i < 2; ++i) s.got[2] += detail::receive_either(s).second;
                              }
                            },
                            [](fixture& s) { expect(s.got[2] == 3); }},
      custom_model<fixture>{
          "arm_used_again", "Does an arm of a selector that has taken effect take effect again, and then see the end?",
          "0 1 unbounded",
          [](fixture& s, unsigned index) {
            if (index == 0) {
              selector all;
              const auto add = [&](const auto& got) { s.got[0] += detail::value_of(got); };
              selector::key a = 0;
              a = all.recv(s.a_rx(), [&](const auto& got) { got ? add(got) : void(s.got[1] += all.remove(a)); });
              all.recv(s.b_rx(), add);
              for (int i = 0; i < 4; ++i) (void)all.wait();
            } else if (index == 1) {
              expect(s.a_tx().send(message(1)).has_value());
              expect(s.a_tx().send(message(2)).has_value());
              s.a_tx().reset();
            } else {
              expect(s.b_tx().send(message(4)).has_value());
            }
          },
          [](fixture& s) { expect(s.got[0] == 7 && s.got[1] == 1); }},
      custom_model<fixture>{"size_of_one_instant", "Is size() ever more than the channel held at one time?",
                            "unbounded 1 2 3",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                for (int i = 0; i < 2; ++i) {
                                  (void)s.a_tx().try_send(message(i));
                                  (void)s.a_rx().try_recv();
                                }
                              } else if (index == 1) {
                                expect(s.a_rx().size() <= 1);
                              }
                            },
                            [](fixture&) {}},
  };
}();

/// Two channels that take turns at being ready, once `begun` has a message: one is ready all the time.
struct two_taking_turns : two_channels {
  explicit two_taking_turns(std::optional<std::size_t> capacity)
      : two_channels(capacity), begun(tested->make<message>(capacity)) {}

  /// Lets b be ready and a not, then a and not b, then b again, so that a select which attempts each twice may find
  /// neither.
  template <class Turn>
  void take_turns(Turn turn) {
    expect(begun.first.send(message(0)).has_value());
    turn(b, a);
    turn(a, b);
    turn(b, a);
  }

  std::pair<sender, receiver> begun;
};

inline constexpr auto taking_turns_models = [] {
  using fixture = two_taking_turns;
  return std::array{
      custom_model<fixture>{"default_means_none_could",
                            "Is a default taken although one of two channels was ready all the time?", "1 unbounded",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                expect(s.begun.second.recv().has_value());
                                expect(select(on_recv(s.b_rx(), [](const auto&) { return true; }),
                                              on_recv(s.a_rx(), [](const auto&) { return true; }),
                                              otherwise([] { return false; })));
                              } else if (index == 1) {
                                expect(s.a_tx().send(message(1)).has_value());
                                s.take_turns([](auto& now, auto& before) {
                                  expect(now.first.send(message(2)).has_value());
                                  (void)before.second.try_recv();
                                });
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{"default_means_no_room",
                            "Is a default taken although one of two channels had room all the time?", "1",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                expect(s.begun.second.recv().has_value());
                                expect(select(on_send(s.b_tx(), message(3), [](const auto&) { return true; }),
                                              on_send(s.a_tx(), message(4), [](const auto&) { return true; }),
                                              otherwise([] { return false; })));
                              } else if (index == 1) {
                                detail::fill(s.b_tx());
                                s.take_turns([](auto& now, auto& before) {
                                  (void)now.second.recv();
                                  detail::fill(before.first);
                                });
                              }
                            },
                            [](fixture&) {}},
  };
}();

/// Two channels whose receivers one thread uses, which a select takes into account.
struct two_single_channels {
  static constexpr auto one = cardinality::one;

  explicit two_single_channels(std::optional<std::size_t> capacity)
      : a(tested->make<message, one, one>(capacity)), b(tested->make<message, one, one>(capacity)) {}

  using handles = std::pair<harness::erased_sender<message, one, one>, harness::erased_receiver<message, one>>;
  handles a;
  handles b;
  platform::atomic<bool> a_is_full{false};
};

inline constexpr auto single_select_models = [] {
  using fixture = two_single_channels;
  return std::array{
      custom_model<fixture>{
          "default_of_single_receivers",
          "Is a default taken although one of two channels, which no other thread empties, was ready?", "1 unbounded",
          [](fixture& s, unsigned index) {
            if (index == 0 && s.a_is_full.load(std::memory_order::acquire)) {
              expect(select(on_recv(s.b.second, [](const auto& got) { return got.has_value(); }),
                            on_recv(s.a.second, [](const auto& got) { return got.has_value(); }),
                            otherwise([] { return false; })));
            } else if (index == 1) {
              expect(s.a.first.send(message(1)).has_value());
              s.a_is_full.store(true, std::memory_order::release);
              expect(s.b.first.send(message(2)).has_value());
            }
          },
          [](fixture&) {}},
  };
}();

/// The models that rely on what an attempt or size() tells.
inline constexpr std::array<std::string_view, 4> told_by_attempts{"default_means_none_could", "default_means_no_room",
                                                                  "default_of_single_receivers", "size_of_one_instant"};

/// The custom models as checks of one channel; one that does not apply, for a channel that select cannot wait on.
inline std::vector<model_check> select_checks(const model_subject& channel) {
  if (!channel.selectable()) {
    return {{.name = "select",
             .question = "Does select keep its promises on this channel?",
             .not_applicable = "select cannot wait on it: it has no register_send_waiter() and register_recv_waiter()",
             .capacities = {},
             .explore = {}}};
  }
  auto checks = checks_of(select_models, channel.traits());
  std::ranges::move(checks_of(taking_turns_models, channel.traits()), std::back_inserter(checks));
  if (channel.traits().consumers == cardinality::one) {
    for (model_check& c : checks) c.not_applicable = "it has one consumer";
  }
  std::ranges::move(checks_of(single_select_models, channel.traits()), std::back_inserter(checks));
  if (channel.traits().consistency == consistency::weak) {
    for (model_check& c : checks) {
      if (std::ranges::find(told_by_attempts, c.name) != told_by_attempts.end()) {
        c.not_applicable = "what it tells without waiting is a hint";
      }
    }
  }
  return checks;
}

}  // namespace sluice::models
