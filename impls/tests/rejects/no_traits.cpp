// A core that does not say what it promises.
#include <harness/subject.hpp>

template <class T>
struct no_traits {
  using value_type = T;
};

auto made = sluice::harness::subject<int>::of<no_traits>();
