#pragma once

#include <sluice/core.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

/// Several messages at once on any core: see batching_core.
namespace sluice::inline SLUICE_ABI::detail {

template <trying_core Core>
std::size_t try_send_many(Core& core, std::span<typename Core::value_type> messages) {
  if constexpr (batching_core<Core>) {
    return core.try_send_many(messages);
  } else {
    const auto unsent = std::ranges::find_if(messages, [&](auto& m) { return core.try_send(m) != status::ok; });
    return static_cast<std::size_t>(unsent - messages.begin());
  }
}

template <trying_core Core, class Out>
std::size_t try_recv_many(Core& core, Out& out, std::size_t most) {
  if constexpr (batching_core<Core>) {
    return core.try_recv_many(out, most);
  } else {
    std::size_t received = 0;
    for (std::optional<typename Core::value_type> message; received < most && core.try_recv(message) == status::ok;
         message.reset(), ++received) {
      out.emplace(std::move(*message));
    }
    return received;
  }
}

}  // namespace sluice::inline SLUICE_ABI::detail
