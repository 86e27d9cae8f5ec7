#include <properties/contract/contract.hpp>
#include <sluice/bounded_queue.hpp>

#include <array>
#include <memory>
#include <string>

/// Lines 158 to 162: the queue that is proposed for C++29.
namespace sluice::contract {

void add_bounded_queues(line_table& contract) {
  contract.line(158, "pushed_in_order", "bounded_queue: messages are popped in the order of their pushes.",
                only("bounded_queue", [](test_context& t) {
                  bounded_queue<std::string> queue(3);
                  const std::string third = "third";
                  t.expect(queue.push("first") && queue.emplace(std::size_t{6}, 'x') && queue.push(third) && third == "third");
                  t.expect(queue.pop() == "first" && queue.pop() == "xxxxxx" && queue.pop() == "third");
                }));

  contract.line(159, "tried_at_the_edges",
                "bounded_queue: attempts return `full` and `empty` exactly at its capacity, and leave the message.",
                only("bounded_queue", [](test_context& t) {
                  for (const std::size_t capacity : std::array<std::size_t, 4>{1, 2, 3, 8}) {
                    bounded_queue<std::unique_ptr<int>> queue(capacity);
                    for (std::size_t lap = 0; lap < 3; ++lap) {
                      t.expect(queue.try_pop().error() == conqueue_status::empty);
                      for (std::size_t n = 0; n < capacity; ++n) {
                        t.expect(queue.try_emplace(new int(static_cast<int>(n))) == conqueue_status::success);
                      }
                      auto message = std::make_unique<int>(7);
                      t.expect(queue.try_push(std::move(message)) == conqueue_status::full && message && *message == 7);
                      for (std::size_t n = 0; n < capacity; ++n) t.expect(**queue.try_pop() == static_cast<int>(n));
                    }
                  }
                }));

  contract.line(
      160, "closed_for_pushes",
      "bounded_queue: after close(), pushes fail, and pops succeed until it is empty; more calls change nothing.",
      only("bounded_queue", [](test_context& t) {
        bounded_queue<std::unique_ptr<int>> queue(2);
        t.expect(!queue.is_closed() && queue.push(std::make_unique<int>(1)));
        queue.close();
        queue.close();
        auto message = std::make_unique<int>(2);
        t.expect(queue.is_closed() && !queue.push(std::move(message)) && message);
        t.expect(queue.try_push(std::move(message)) == conqueue_status::closed && message);
        t.expect(**queue.pop() == 1 && !queue.pop());
        t.expect(queue.try_pop().error() == conqueue_status::closed);
      }));

  contract.line(161, "close_wakes_all", "bounded_queue: close() wakes every thread that waits in push() or pop().",
                only("bounded_queue", [](test_context& t) {
                  for (std::size_t round = 0; round < t.times(500); ++round) {
                    bounded_queue<int> full(1);
                    bounded_queue<int> empty(1);
                    t.expect(full.push(0));
                    std::atomic<int> pushed{0};
                    helper_thread first(t, [&] { pushed += full.push(1); });
                    helper_thread second(t, [&] { pushed += full.push(2); });
                    helper_thread third(t, [&] { t.expect(!empty.pop()); });
                    helper_thread fourth(t, [&] { t.expect(!empty.pop()); });
                    if (round % 2 == 0) second.asleep();
                    if (round % 3 == 0) fourth.asleep();
                    full.close();
                    empty.close();
                    for (helper_thread* one : {&first, &second, &third, &fourth}) one->join();
                    t.expect(pushed == 0 && full.pop() == 0 && !full.pop());
                  }
                }));

  contract.line(162, "a_close_loses_nothing",
                "bounded_queue: each message whose push succeeded is popped once, whenever another thread closes it.",
                only("bounded_queue", [](test_context& t) {
                  const std::size_t before = allocations::live();
                  for (std::size_t round = 0; round < t.times(5'000); ++round) {
                    bounded_queue<std::unique_ptr<int>> queue(1 + round % 3);
                    std::atomic<int> pushed{0};
                    std::atomic<int> popped{0};
                    t.together(5, [&](std::size_t i) {
                      if (i < 2) {
                        for (int n = 0; n < 4; ++n) pushed += queue.push(std::make_unique<int>(n));
                      } else if (i < 4) {
                        while (queue.pop()) ++popped;
                      } else {
                        for (std::size_t turn = round % 8; turn > 0; --turn) std::this_thread::yield();
                        queue.close();
                      }
                    });
                    t.expect(pushed == popped && !queue.pop());
                  }
                  t.expect(allocations::live() == before);
                }));
}

}  // namespace sluice::contract
