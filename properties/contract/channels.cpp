#include <properties/contract/channels.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace sluice::contract {

const std::vector<channel>& every_core() {
  static const std::vector<channel> all = [] {
    std::vector<channel> channels = every_channel();
    std::erase_if(channels, [](const channel& c) { return c.name == "mpmc"; });
    return channels;
  }();
  return all;
}

std::vector<channel> only_channel(std::string_view name) {
  const auto found = std::ranges::find(every_channel(), name, &channel::name);
  if (found == every_channel().end())
    throw std::invalid_argument("no channel `" + std::string(name) + "` is registered");
  return {*found};
}

}  // namespace sluice::contract
