#pragma once

#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/sync.hpp>
#include <sluice/detail/spin_then_lock.hpp>

/// Mistakes in the registration of selects.
namespace sluice::faulty {

/// A select that registers does not check whether a peer waits already, so two selects on one rendezvous wait for each
/// other for ever (BurntSushi/chan#20).
template <class T>
class select_rendezvous : public cores::rendezvous<T> {
public:
  using cores::rendezvous<T>::rendezvous;

  bool register_send_waiter(detail::wait_entry& entry) { return line_up(this->senders_, entry); }
  bool register_recv_waiter(detail::wait_entry& entry) { return line_up(this->receivers_, entry); }

private:
  bool line_up(detail::wait_list& line, detail::wait_entry& entry) {
    detail::spin_then_lock guard(this->mutex_);
    line.push(entry);
    return this->closed_;
  }
};

/// A select that took another arm stays registered here, and the wake-up for the next message is lost on it.
template <class T>
class forgotten_arm : public cores::sync<T> {
public:
  using cores::sync<T>::sync;

  void unregister_recv_waiter(detail::wait_entry&) noexcept {}
};

}  // namespace sluice::faulty
