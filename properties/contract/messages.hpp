#pragma once

#include <harness/subject.hpp>
#include <harness/tracked_message.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The messages of the contract. A channel is compiled for these and no others.
namespace sluice::contract {

template <class T>
using sender = harness::erased_sender<T>;
template <class T>
using receiver = harness::erased_receiver<T>;

/// A message whose move stops half way, as if its thread were not running.
struct slow {
  slow(std::atomic<bool>* g, std::atomic<bool>* r) noexcept : gate(g), reached(r) {}
  slow(slow&& other) noexcept : gate(std::exchange(other.gate, nullptr)), reached(other.reached) {
    if (!gate) return;
    *reached = true;
    gate->wait(false);
  }

  std::atomic<bool>* gate;
  std::atomic<bool>* reached;
};

/// Can be moved into place and destroyed, and nothing else.
class bare {
public:
  explicit bare(int v) noexcept : value(std::make_unique<int>(v)) {}
  bare(bare&&) noexcept = default;
  bare& operator=(bare&&) = delete;

  std::unique_ptr<int> value;
};

/// Counts those of its kind that are alive, moved from or not.
class counted {
public:
  explicit counted(std::atomic<int>& alive) noexcept : alive_(&alive) { ++*alive_; }
  counted(counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  ~counted() { --*alive_; }

private:
  std::atomic<int>* alive_;
};

/// Counts its copies.
struct uncopied {
  explicit uncopied(std::atomic<int>& n) noexcept : copies(&n) {}
  uncopied(const uncopied& other) noexcept : copies(other.copies) { ++*copies; }
  uncopied(uncopied&&) noexcept = default;

  std::atomic<int>* copies;
};

struct alignas(1024) aligned {};
struct nothing {};

template <std::size_t Bytes>
struct large {
  std::array<unsigned char, Bytes> bytes;
};

struct stamped {
  std::size_t producer;
  std::size_t sequence;
};

/// A payload of equal bytes, so that a torn one is detected.
template <std::size_t Bytes>
struct uniform {
  std::array<unsigned char, Bytes> bytes;

  explicit uniform(bool ones) noexcept { bytes.fill(ones ? 0xff : 0); }
  bool whole(bool ones) const noexcept { return bytes == uniform(ones).bytes; }
};

struct padded {
  unsigned char first;
  std::uint64_t second;

  explicit padded(bool ones) noexcept : first(ones ? 0xff : 0), second(ones ? ~std::uint64_t{0} : 0) {}
  bool whole(bool ones) const noexcept { return first == padded(ones).first && second == padded(ones).second; }
};

/// Sends another on its channel when it is destroyed.
struct echo {
  sender<echo>* channel;
  std::atomic<int>* refused;

  echo(sender<echo>* c, std::atomic<int>* r) noexcept : channel(c), refused(r) {}
  echo(echo&& other) noexcept : channel(std::exchange(other.channel, nullptr)), refused(other.refused) {}
  ~echo();
};

/// Holds the receiver of the next channel.
struct hop {
  std::unique_ptr<receiver<hop>> next;
};

/// Holds senders of its own channel.
struct linked {
  std::vector<sender<linked>> senders;
};

/// The channel under test.
using subject =
    harness::subject<int, std::size_t, std::string, std::unique_ptr<int>, std::shared_ptr<int>,
                     harness::tracked_message, slow, bare, counted, uncopied, aligned, nothing, large<4096>,
                     large<32768>, stamped, uniform<1>, uniform<7>, uniform<8>, uniform<32>, padded, echo, hop, linked>;

}  // namespace sluice::contract
