#pragma once

#include <models/address_map.hpp>
#include <models/depth_first.hpp>
#include <models/platform.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::models {

/// Tells executions apart by what happened in them, not by the order in which it was tried: which store each load
/// read, in which order each object was written, and which operations had ended when another began. Two executions with
/// the same fingerprint are one to every scenario (Mazurkiewicz 1977), so a search that met both has tried one too
/// many.
class fingerprint final : public platform::model::step_observer, public state_source {
public:
  fingerprint() { platform::model::observing = this; }
  ~fingerprint() override { platform::model::observing = nullptr; }
  fingerprint(const fingerprint&) = delete;
  fingerprint& operator=(const fingerprint&) = delete;

  void begin() {
    stored_.clear();
    threads_.fill(0);
    ended_ = 0;
  }

  void did(platform::model::access what, const void* object, unsigned older, const platform::location& where) override {
    std::uint64_t& mine = of_this_thread();
    using platform::model::access;
    // Sleeping on an atomic and waking from there are no stores to it.
    const bool of_object = loads(what) || platform::model::stores(what);
    stores& last = stored_[of_object ? object : static_cast<const char*>(object) + 1];
    const std::uint64_t read = last[last.size() - 1 - std::min<std::size_t>(older, last.size() - 1)];
    mine = mixed(mine,
                 mixed(read, ((where.line() * 1024 + where.column()) * 8 + static_cast<unsigned>(what)) * 4 + older));
    if (what == access::read || what == access::woken) return;
    if (what == access::fence) {
      for (std::uint64_t& thread : threads_) thread = mixed(thread, mine);
      return;
    }
    std::move(last.begin() + 1, last.end(), last.begin());
    last.back() = mine;
  }
  void chose(unsigned taken) override {
    std::uint64_t& mine = of_this_thread();
    mine = mixed(mine, taken);
  }
  void began(std::size_t) override {
    std::uint64_t& mine = of_this_thread();
    mine = mixed(mine, ended_);
  }
  // In no order among each other.
  void ended(std::size_t thread) override { ended_ += mixed(of_this_thread(), thread); }

  std::uint64_t value() const override {
    std::uint64_t all = 0;
    for (const std::uint64_t thread : threads_) all = mixed(all, thread);
    return all;
  }

private:
  static constexpr std::size_t remembered = 4;

  static std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t z = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9u;
    return z ^ (z >> 29);
  }

  std::uint64_t& of_this_thread() { return threads_[static_cast<std::size_t>(rl::thread_index())]; }

  /// The last stores to an object, the newest last.
  using stores = std::array<std::uint64_t, remembered>;

  address_map<stores> stored_;
  std::array<std::uint64_t, 16> threads_{};
  std::uint64_t ended_ = 0;
};

}  // namespace sluice::models
