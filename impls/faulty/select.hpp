#pragma once

#include <sluice/cores/rendezvous.hpp>
#include <sluice/cores/sync.hpp>

/// What goes wrong between a channel and the selects that wait on it.
namespace sluice::faulty {

/// A select that lines up does not look whether a peer waits there already, so two selects on one rendezvous wait for
/// each other for ever (BurntSushi/chan#20).
template <class T>
class select_rendezvous : public cores::rendezvous<T> {
public:
  using cores::rendezvous<T>::rendezvous;

  bool watch_send(detail::wait_entry& entry) { return line_up(this->senders_, entry); }
  bool watch_recv(detail::wait_entry& entry) { return line_up(this->receivers_, entry); }

private:
  bool line_up(detail::wait_list& line, detail::wait_entry& entry) {
    platform::brief_lock guard(this->mutex_);
    line.push(entry);
    return this->closed_;
  }
};

/// A select that has chosen another arm stays in this channel's line, where the next message is told to nobody.
template <class T>
class forgotten_arm : public cores::sync<T> {
public:
  using cores::sync<T>::sync;

  void unwatch_recv(detail::wait_entry&) noexcept {}
};

}  // namespace sluice::faulty
