#pragma once

#include <harness/kernel.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::harness {

/// Threads that are reused for many short jobs. One whose job never ends is abandoned and replaced.
class thread_pool {
public:
  using job = std::move_only_function<void()>;

  thread_pool() = default;
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() {
    for (auto& t : threads_) t->dismiss();
  }

  /// Runs each job on its own thread; the jobs start at about the same time.
  ///
  /// \pre  all earlier jobs are done, or their threads were abandoned.
  void start(std::vector<job> jobs) {
    while (threads_.size() < jobs.size()) threads_.push_back(std::make_shared<pooled_thread>());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!threads_[i]->started()) pooled_thread::start(threads_[i]);
      threads_[i]->give(std::move(jobs[i]));
    }
  }

  bool done(std::size_t thread) const noexcept { return threads_[thread]->done(); }
  kernel::thread_id id(std::size_t thread) const noexcept { return threads_[thread]->id(); }

  /// Abandons a thread: it stays in its job until the process ends.
  void abandon(std::size_t thread) { threads_[thread] = std::make_shared<pooled_thread>(); }

private:
  class pooled_thread {
  public:
    bool started() const noexcept { return id_.load(std::memory_order::acquire) != 0; }
    kernel::thread_id id() const noexcept { return id_.load(std::memory_order::acquire); }
    bool done() const noexcept { return turn_.load(std::memory_order::acquire) % 2 == 0; }

    /// The thread shares ownership of the pooled_thread, since an abandoned one still runs its job.
    static void start(const std::shared_ptr<pooled_thread>& self) {
      std::thread([self] {
        self->id_.store(kernel::this_thread() == 0 ? 1 : kernel::this_thread(), std::memory_order::release);
        self->id_.notify_all();
        self->work();
      }).detach();
      self->id_.wait(0);
    }

    void give(job j) {
      job_ = std::move(j);
      turn_.fetch_add(1, std::memory_order::release);
      turn_.notify_one();
    }

    void dismiss() {
      if (!started()) return;
      leaving_.store(true, std::memory_order::relaxed);
      turn_.fetch_add(1, std::memory_order::release);
      turn_.notify_one();
    }

  private:
    void work() {
      for (unsigned before = 0;; before += 2) {
        turn_.wait(before, std::memory_order::acquire);
        if (leaving_.load(std::memory_order::relaxed)) return;
        // What a job captures is destroyed with it, as a thread's own handles are.
        std::exchange(job_, nullptr)();
        turn_.fetch_add(1, std::memory_order::release);
      }
    }

    job job_;
    std::atomic<kernel::thread_id> id_{0};
    std::atomic<unsigned> turn_{0};  ///< odd while there is a job to do
    std::atomic<bool> leaving_{false};
  };

  std::vector<std::shared_ptr<pooled_thread>> threads_;
};

}  // namespace sluice::harness
