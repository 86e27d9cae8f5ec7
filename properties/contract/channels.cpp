#include <properties/contract/channels.hpp>

#include <algorithm>

namespace sluice::contract {

const std::vector<channel>& every_channel() {
  static const std::vector<channel> all = [] {
    std::vector<channel> channels = registered_channels();
    channel mpsc = *std::ranges::find(channels, "mpmc", &channel::name);
    mpsc.name = "mpsc";
    mpsc.traits.consumers = cardinality::one;
    channels.push_back(mpsc);
    return channels;
  }();
  return all;
}

const std::vector<channel>& every_core() {
  static const std::vector<channel> all = [] {
    std::vector<channel> channels = every_channel();
    std::erase_if(channels, [](const channel& c) { return c.name == "mpmc" || c.name == "mpsc"; });
    return channels;
  }();
  return all;
}

std::vector<channel> only_channel(std::string_view name) {
  return {*std::ranges::find(every_channel(), name, &channel::name)};
}

}  // namespace sluice::contract
