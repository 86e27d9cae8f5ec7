#pragma once

#include <sluice/cores/oneshot.hpp>

#include <optional>

/// A oneshot with one mistake.
namespace sluice::faulty {

/// After its message, `empty` and not `disconnected`, until the sender is dropped.
template <class T>
class empty_after_message : public cores::oneshot<T> {
public:
  status try_recv(std::optional<T>& out) noexcept {
    const status now = cores::oneshot<T>::try_recv(out);
    if (now == status::ok) received_ = true;
    return received_ && now == status::disconnected && !sender_disconnected_.load() ? status::empty : now;
  }

  void close_senders() noexcept {
    sender_disconnected_.store(true);
    cores::oneshot<T>::close_senders();
  }

private:
  platform::atomic<bool> sender_disconnected_{false};
  bool received_ = false;  // by the one receiver
};

}  // namespace sluice::faulty
