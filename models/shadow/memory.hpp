#pragma once

#include <models/platform.hpp>
#include <models/shadow/objects.hpp>

#include <new>

/// Plain memory that messages occupy: no header of a channel says when it is accessed, but messages do.
namespace sluice::models::shadow {

using plain_memory = rl::var<int>;

inline objects<plain_memory> plain;

/// The running thread writes the message at this address: constructs it, moves from it or destroys it.
inline void write_plain(const void* address, const platform::location& where) {
  plain.made_now(address, [](void* at) { return ::new (at) plain_memory; })(platform::model::at(where)).store(0);
}

}  // namespace sluice::models::shadow
