// The library's headers where min, max and small are macros, as <windows.h> defines them.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#include <sluice/broadcast.hpp>
#include <sluice/cores/adapted.hpp>
#include <sluice/mpmc.hpp>
#include <sluice/mpsc.hpp>
#include <sluice/oneshot.hpp>
#include <sluice/select.hpp>
#include <sluice/spsc.hpp>
#include <sluice/timer.hpp>
