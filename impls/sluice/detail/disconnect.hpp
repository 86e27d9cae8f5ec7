#pragma once

#include <sluice/detail/arm.hpp>
#include <sluice/detail/handle.hpp>
#include <sluice/detail/wait_list.hpp>

/// The disconnect of the last receiver, as an operation that a sender may wait for.
namespace sluice::inline SLUICE_ABI::detail {

template <class Core>
class disconnect_arm final : public arm {
public:
  explicit disconnect_arm(shared_channel<Core>& channel) noexcept : channel_(channel) {}

  bool attempt() override { return channel_.closed_to_senders(); }
  bool register_waiter(wait_entry& entry) override {
    channel_.watchers().register_waiter(entry);
    return channel_.closed_to_senders();
  }
  void unregister_waiter(wait_entry& entry) noexcept override { channel_.watchers().unregister_waiter(entry); }
  bool worth_spinning() const noexcept override { return false; }
  bool stays_ready() const noexcept override { return true; }

private:
  shared_channel<Core>& channel_;
};

}  // namespace sluice::inline SLUICE_ABI::detail
