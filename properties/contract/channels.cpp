#include <properties/contract/channels.hpp>

#include <string_view>
#include <vector>

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
  std::vector<channel> found = every_channel();
  std::erase_if(found, [name](const channel& c) { return c.name != name; });
  return found;
}

}  // namespace sluice::contract
