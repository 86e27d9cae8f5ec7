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

/// Threads that are kept for many short jobs. One that is stuck in its job for ever is left behind and replaced.
class team {
public:
  using job = std::move_only_function<void()>;

  team() = default;
  team(const team&) = delete;
  team& operator=(const team&) = delete;
  ~team() {
    for (auto& m : members_) m->dismiss();
  }

  /// Gives a job to each of as many threads; they begin together, as far as the system lets them.
  ///
  /// \pre  all jobs given before are done, or their threads were replaced.
  void start(std::vector<job> jobs) {
    while (members_.size() < jobs.size()) members_.push_back(std::make_shared<member>());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!members_[i]->started()) member::start(members_[i]);
      members_[i]->give(std::move(jobs[i]));
    }
  }

  bool done(std::size_t thread) const noexcept { return members_[thread]->done(); }
  kernel::thread_id id(std::size_t thread) const noexcept { return members_[thread]->id(); }

  /// Gives up on a thread: it stays in its job until the process ends.
  void leave_behind(std::size_t thread) { members_[thread] = std::make_shared<member>(); }

private:
  class member {
  public:
    bool started() const noexcept { return id_.load(std::memory_order::acquire) != 0; }
    kernel::thread_id id() const noexcept { return id_.load(std::memory_order::acquire); }
    bool done() const noexcept { return turn_.load(std::memory_order::acquire) % 2 == 0; }

    /// The thread shares the member, so that one left behind still has its job to run.
    static void start(const std::shared_ptr<member>& self) {
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
        // What a job holds goes with it, as a thread's own handles do.
        std::exchange(job_, nullptr)();
        turn_.fetch_add(1, std::memory_order::release);
      }
    }

    job job_;
    std::atomic<kernel::thread_id> id_{0};
    std::atomic<unsigned> turn_{0};  ///< odd while there is a job to do
    std::atomic<bool> leaving_{false};
  };

  std::vector<std::shared_ptr<member>> members_;
};

}  // namespace sluice::harness
