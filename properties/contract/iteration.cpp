#include <properties/contract/contract.hpp>

#include <iterator>
#include <numeric>
#include <ranges>
#include <string>

/// Lines 74 to 80: receivers as ranges.
namespace sluice::contract {

void add_iteration(line_table& contract) {
  contract.line(74, "ends_with_the_channel", "Iteration ends when the channel is drained and disconnected, not before.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  using receiver = receiver<int>;
                  static_assert(std::input_iterator<typename receiver::iterator> && std::ranges::input_range<receiver>);
                  // size() is a hint, so that it must not stand for the length of an iteration.
                  static_assert(!std::ranges::sized_range<receiver>);
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&, tx = std::move(tx)]() mutable {
                      for (int i = 1; i <= 3; ++i) t.expect(tx.send(i).has_value());
                    });
                    int sum = 0;
                    for (const int message : rx) sum += message;
                    t.expect(sum == 6);
                  });
                }));

  contract.line(75, "break_keeps_the_rest", "Leaving a loop early keeps the rest for later.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, {std::nullopt, 0, 4}, [&](auto& tx, auto& rx) {
                    helper_thread sender(t, [&] {
                      for (int i = 1; i <= 4; ++i) t.expect(tx.send(i).has_value());
                    });
                    for (const int message : rx) {
                      if (message == 2) break;
                    }
                    t.expect(rx.recv() == 3 && rx.recv() == 4);
                  });
                }));

  contract.line(76, "try_iter_resumes", "try_iter stops where the channel is empty, and resumes when it is not.",
                on<always>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    const int count = static_cast<int>(t.times(100'000));
                    helper_thread sender(t, [&] {
                      for (int i = 0; i < count; ++i) t.expect(tx.send(i).has_value());
                    });
                    for (int next = 0; next < count;) {
                      for (const int message : rx.try_iter()) t.expect(message == next++);
                      std::this_thread::yield();
                    }
                  });
                }));

  contract.line(77, "an_owned_range", "A range that owns its receiver keeps the channel alive until its end.",
                on<both<needs_disconnect, needs_buffer>>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, {std::nullopt, 2}, [&](auto& tx, auto& rx) {
                    t.expect(tx.send(1).has_value() && tx.send(2).has_value());
                    tx.reset();
                    std::vector<int> got;
                    for (const int message : std::views::all(std::move(rx)) | std::views::take(5))
                      got.push_back(message);
                    t.expect(got == std::vector{1, 2});
                  });
                }));

  contract.line(78, "iteration_is_lazy",
                "begin and ++ take no message; the first * or comparison with the end takes one, and repeats nothing.",
                on<both<needs_disconnect, needs_buffer, needs_exact_size>>(
                    every_channel(), [](test_context& t, const channel& s) {
                      each<int>(s, {std::nullopt, 4}, [&](auto& tx, auto& rx) {
                        const auto refill = [&] {
                          while (rx.try_recv()) {
                          }
                          for (int i = 0; i < 4; ++i) t.expect(tx.send(i).has_value());
                        };
                        refill();
                        auto it = rx.begin();
                        t.expect(rx.size() == 4);
                        for (int i = 0; i < 5; ++i) t.expect(it != rx.end());
                        t.expect(*it == 0 && *it == 0 && rx.size() == 3);
                        ++it;
                        t.expect(rx.size() == 3);
                        ++it;  // neither read nor compared: message 1 is dropped
                        t.expect(rx.size() == 2 && *it == 2);
                        t.expect(rx.recv() == 3);

                        // The channel is live and empty after the third message: taking three must not wait for a
                        // fourth.
                        t.expect(tx.send(1).has_value() && tx.send(2).has_value() && tx.send(3).has_value());
                        int sum = 0;
                        for (const int message : rx | std::views::take(3)) sum += message;
                        t.expect(sum == 6);
                        refill();
                        for (const int message : rx | std::views::take(3)) t.expect(message < 3);
                        t.expect(rx.recv() == 3);
                      });
                      // What takes `*it` by value moves the message out of the iterator.
                      each<std::string>(s, {std::nullopt, 4}, [&](auto& tx, auto& rx) {
                        t.expect(tx.send("a string too long to be stored inside").has_value());
                        t.expect(tx.send("a string too long to be stored inside").has_value());
                        tx.reset();
                        const auto by_value = [](std::string message) { return !message.empty(); };
                        const auto by_reference = [](const auto& message) { return !message.empty(); };
                        for (auto&& message : rx | std::views::take(1) | std::views::filter(by_value)) {
                          t.expect(message.empty());
                        }
                        for (auto&& message : rx | std::views::filter(by_reference)) t.expect(!message.empty());
                      });
                    }));

  contract.line(79, "the_end_is_final", "Once iteration has ended, it stays ended.",
                on<needs_disconnect>(every_channel(), [](test_context& t, const channel& s) {
                  each<int>(s, all, [&](auto& tx, auto& rx) {
                    tx.reset();
                    for (int i = 0; i < 3; ++i) t.expect(rx.begin() == rx.end());
                    auto it = rx.begin();
                    ++it;
                    t.expect(it == rx.end());
                  });
                }));

  contract.line(80, "receivers_partition_the_stream", "23 receivers share 271,828 messages: each goes to one of them.",
                on<needs_consumers>(every_core(), [](test_context& t, const channel& s) {
                  each<std::size_t>(s, {std::nullopt, 0, 64}, [&](auto& tx, auto& rx) {
                    const std::size_t count = t.times(271'828);
                    std::vector<std::atomic<int>> seen(count);
                    t.together(24, [&](std::size_t i) {
                      if (i < 23) {
                        for (const std::size_t message : rx) ++seen[message];
                      } else {
                        for (std::size_t n = 0; n < count; ++n) t.expect(tx.send(n).has_value());
                        tx.reset();
                      }
                    });
                    for (const auto& times : seen) t.expect(times == 1);
                  });
                }));
}

}  // namespace sluice::contract
