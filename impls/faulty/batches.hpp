#pragma once

#include <sluice/cores/mutex.hpp>

#include <cstddef>
#include <span>
#include <utility>

/// cores::mutex with one mistake each in what it does with a batch.
namespace sluice::faulty {

/// A batch wakes one receiver, however many messages it has.
template <class T>
class one_wake_per_batch : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  std::size_t try_send_many(std::span<T> messages) {
    platform::unique_lock guard(this->mutex_);
    std::size_t sent = 0;
    while (sent < messages.size() && this->push_if_room(messages[sent]) == status::ok) ++sent;
    if (sent != 0) this->tell_one(this->not_empty_, this->selecting_receivers_);
    return sent;
  }
};

/// A batch that is received wakes one sender, however much room it makes.
template <class T>
class one_wake_per_room : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  template <class Out>
  std::size_t try_recv_many(Out& out, std::size_t most) {
    platform::unique_lock guard(this->mutex_);
    std::size_t received = 0;
    for (; received < most && !this->queue_.empty(); ++received) this->pop(out);
    if (received != 0) this->tell_one(this->not_full_, this->selecting_senders_);
    return received;
  }
};

/// A message that is taken from the range before there is room for it is lost.
template <class T>
class lost_rest : public cores::mutex<T> {
public:
  using cores::mutex<T>::mutex;

  std::size_t try_send_many(std::span<T> messages) {
    for (std::size_t sent = 0; sent < messages.size(); ++sent) {
      T taken(std::move(messages[sent]));
      if (this->try_send(taken) != status::ok) return sent;
    }
    return messages.size();
  }
};

}  // namespace sluice::faulty
