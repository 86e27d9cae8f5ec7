#include <harness/counting_new.hpp>
