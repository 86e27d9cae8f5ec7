#pragma once

#include <models/custom_model.hpp>

#include <sluice/broadcast.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

/// Custom models of broadcast.
namespace sluice::models {

/// The message of broadcast models: copies are reads that Relacy checks for races.
class copyable_message {
public:
  explicit copyable_message(int value) { value_(RL_INFO).store(value); }
  copyable_message(copyable_message&& other) noexcept { value_(RL_INFO).store(other.value_(RL_INFO).load()); }
  copyable_message(const copyable_message& other) { value_(RL_INFO).store(other.value_(RL_INFO).load()); }
  copyable_message& operator=(const copyable_message&) = delete;

  explicit operator int() const { return value_(RL_INFO).load(); }

private:
  rl::var<int> value_;
};

/// A broadcast with two receivers.
template <template <class> class Core>
struct one_broadcast {
  using core = Core<copyable_message>;

  explicit one_broadcast(std::optional<std::size_t> capacity) {
    auto [sender, receiver] = broadcast::make_channel<core>(*capacity);
    tx.emplace(std::move(sender));
    rx[0].emplace(std::move(receiver));
    rx[1].emplace(tx->subscribe());
  }

  /// Sends 1, 2, ... \returns  how many receivers the last one reached.
  std::size_t send(int count) {
    std::size_t reached = 0;
    for (int value = 1; value <= count; ++value) reached = tx->send(copyable_message(value)).value_or(0);
    return reached;
  }

  /// Reads until the disconnect; each message must follow those read and missed. \returns  the number of both.
  static int read_to_the_end(broadcast::basic_receiver<core>& receiver) {
    for (int next = 1;;) {
      const auto got = receiver.recv();
      if (got) {
        expect(static_cast<int>(*got) == next++);
      } else if (got.error().lagged()) {
        next += static_cast<int>(got.error().missed);
      } else {
        return next - 1;
      }
    }
  }

  std::optional<broadcast::basic_sender<core>> tx;
  std::array<std::optional<broadcast::basic_receiver<core>>, 2> rx;
  std::array<int, 2> counted{};
};

template <template <class> class Core>
inline constexpr auto broadcast_models = [] {
  using fixture = one_broadcast<Core>;
  return std::array{
      custom_model<fixture>{"overtaken", "Is the lag exact of a receiver that is overtaken while it reads?", "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(3);
                                s.tx->reset();
                              } else {
                                s.counted[index - 1] = s.read_to_the_end(*s.rx[index - 1]);
                              }
                            },
                            [](fixture& s) { expect(s.counted[0] == 3 && s.counted[1] == 3); }},
      custom_model<fixture>{"send_wakes_all", "Does one message wake both receivers?", "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(1);
                              } else {
                                const auto got = s.rx[index - 1]->recv();
                                expect(got.has_value() && static_cast<int>(*got) == 1);
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{"clone_of_a_lagging_receiver",
                            "Does the clone of a receiver that is being overtaken get or miss what that one does?",
                            "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(3);
                                s.tx->reset();
                              } else if (index == 1) {
                                auto twin = s.rx[0]->clone();
                                s.counted[0] = s.read_to_the_end(*s.rx[0]);
                                s.counted[1] = s.read_to_the_end(twin);
                              } else {
                                s.rx[1].reset();
                              }
                            },
                            [](fixture& s) { expect(s.counted[0] == 3 && s.counted[1] == 3); }},
      custom_model<fixture>{"end_after_last", "Does the disconnect overwrite a message, or arrive before it?", "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(1);
                                s.tx->reset();
                              } else {
                                const auto got = s.rx[index - 1]->recv();
                                expect(got.has_value() && static_cast<int>(*got) == 1);
                                const auto end = s.rx[index - 1]->recv();
                                expect(!end && end.error().disconnected());
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{"receiver_leaves_a_reader",
                            "Is a message freed while one receiver copies it and the other disconnects?", "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(2);
                              } else if (index == 1) {
                                (void)s.rx[0]->try_recv();
                                (void)s.rx[0]->try_recv();
                              } else {
                                (void)s.rx[1]->try_recv();
                                s.rx[1].reset();
                              }
                            },
                            [](fixture&) {}},
      custom_model<fixture>{"subscribers_come_and_go",
                            "Does a subscriber see a gap or an old message if it subscribes during sends?", "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(3);
                              } else if (index == 1) {
                                auto late = s.tx->subscribe();
                                int last = 0;
                                for (int i = 0; i < 2; ++i) {
                                  const auto got = late.try_recv();
                                  if (!got) continue;
                                  expect(last == 0 || static_cast<int>(*got) == last + 1);
                                  last = static_cast<int>(*got);
                                }
                              } else {
                                s.rx[0].reset();
                                s.rx[1].reset();
                              }
                            },
                            [](fixture& s) { expect(s.tx->receivers() == 0 && s.tx->empty()); }},
      custom_model<fixture>{"counted_during_sends",
                            "Do the numbers of messages and receivers keep to what can be there while both change?",
                            "1 2",
                            [](fixture& s, unsigned index) {
                              if (index == 0) {
                                s.send(2);
                              } else if (index == 1) {
                                expect(s.tx->size() <= 2);
                                const std::size_t there = s.tx->receivers();
                                expect(there == 1 || there == 2);
                              } else {
                                expect(s.rx[0]->size() <= 2);
                                s.rx[0].reset();
                              }
                            },
                            [](fixture& s) { expect(s.tx->receivers() == 1 && s.rx[1]->size() == 2); }},
      custom_model<fixture>{
          "all_leave",
          "Is the channel freed once, and after the last access, when all handles are dropped at the same time?", "1",
          [](fixture& s, unsigned index) {
            if (index == 0) {
              s.tx.reset();
            } else {
              s.rx[index - 1].reset();
            }
          },
          [](fixture&) {}},
  };
}();

/// A broadcast with two senders, and a variable that each writes before it disconnects.
template <template <class> class Core>
struct two_workers {
  using core = Core<copyable_message>;

  explicit two_workers(std::optional<std::size_t> capacity) {
    auto [sender, receiver] = broadcast::make_channel<core>(*capacity);
    tx[0].emplace(std::move(sender));
    tx[1].emplace(tx[0]->clone());
    rx.emplace(std::move(receiver));
  }

  std::array<std::optional<broadcast::basic_sender<core>>, 2> tx;
  std::optional<broadcast::basic_receiver<core>> rx;
  std::array<rl::var<int>, 2> work;
};

template <template <class> class Core>
inline constexpr std::array worker_models{
    custom_model<two_workers<Core>>{
        "end_after_work",
        "Does a receiver that returns `disconnected` see all that every sender did before it disconnected?", "1",
        [](two_workers<Core>& s, unsigned index) {
          if (index < 2) {
            s.work[index](RL_INFO).store(1);
            s.tx[index].reset();
          } else if (const auto end = s.rx->recv(); !end && end.error().disconnected()) {
            expect(s.work[0](RL_INFO).load() == 1 && s.work[1](RL_INFO).load() == 1);
          }
        },
        [](two_workers<Core>&) {}},
};

/// The custom models as checks of one broadcast.
template <template <class> class Core>
std::vector<model_check> broadcast_checks() {
  auto checks = checks_of(broadcast_models<Core>);
  std::ranges::move(checks_of(worker_models<Core>), std::back_inserter(checks));
  return checks;
}

}  // namespace sluice::models
