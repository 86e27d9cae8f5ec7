#pragma once

#include <thread>

/// What the model checker cannot run: each use ends in a compiler's error that says what to do.
namespace sluice::models::shadow {

template <class...>
inline constexpr bool modelled = false;

/// Its threads are those of the scenario. A class that merely names std::thread::id compiles.
class thread {
public:
  using id = std::thread::id;

  thread() noexcept = default;
  template <class F, class... Arguments>
  explicit thread(F&&, Arguments&&...) {
    static_assert(modelled<F>, "a channel that starts threads of its own cannot be model-checked: MODELS OFF");
  }
  static unsigned hardware_concurrency() noexcept { return 2; }
};

using jthread = thread;

template <class...>
struct needs_threads_of_its_own {
  static_assert(modelled<>,
                "the library waits inside std::future and std::promise, where no model checker sees it: use a "
                "mutex and a condition variable, or MODELS OFF");
};

template <class...>
struct needs_hidden_counters {
  static_assert(modelled<>,
                "the library's std::shared_ptr counts where no model checker sees it: count with std::atomic, or "
                "MODELS OFF");
};

template <class... Arguments>
void modelled_async(Arguments&&...) {
  static_assert(modelled<Arguments...>, "a channel that starts threads of its own cannot be model-checked: MODELS OFF");
}

}  // namespace sluice::models::shadow
