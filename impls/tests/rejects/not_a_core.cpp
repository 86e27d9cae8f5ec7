// A registry's TYPE that is no core: the harness says what is missing.
#include <harness/subject.hpp>

template <class T>
struct not_a_core {
  using value_type = T;
  static constexpr sluice::core_traits traits{.unbounded = true};
};

auto made = sluice::harness::subject<int>::of<not_a_core>();
