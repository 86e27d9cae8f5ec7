#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

/// Messages of the workloads: a number, alone, padded or boxed.
namespace sluice::bench {

template <std::size_t Bytes>
struct padded {
  std::uint64_t number = 0;
  std::array<std::byte, Bytes - sizeof(std::uint64_t)> rest{};
};

using boxed = std::unique_ptr<std::uint64_t>;

template <class Message>
Message message_of(std::uint64_t number) {
  if constexpr (std::same_as<Message, boxed>) {
    return std::make_unique<std::uint64_t>(number);
  } else {
    return Message{number};
  }
}

inline std::uint64_t number_of(std::uint64_t message) { return message; }
inline std::uint64_t number_of(const boxed& message) { return *message; }
template <std::size_t Bytes>
std::uint64_t number_of(const padded<Bytes>& message) {
  return message.number;
}

}  // namespace sluice::bench
