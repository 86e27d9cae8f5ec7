#pragma once

#include <models/run_models.hpp>
#include <models/suite.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace sluice::models {

/// What custom models of one channel share: its two handles.
struct one_channel {
  explicit one_channel(std::optional<std::size_t> capacity) : one_channel(tested->make<message>(capacity)) {}

  harness::erased_sender<message> tx;
  harness::erased_receiver<message> rx;

private:
  using handles = std::pair<harness::erased_sender<message>, harness::erased_receiver<message>>;
  explicit one_channel(handles made) : tx(std::move(made.first)), rx(std::move(made.second)) {}
};

}  // namespace sluice::models
