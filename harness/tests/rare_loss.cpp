#include <sluice/cores/lock_free.hpp>

#include <properties/property_runner.hpp>

#include <atomic>
#include <cstdint>

namespace {

constexpr std::uint64_t one_in = 100'000'000;

/// Loses one message in a hundred million.
template <class T>
class rare_loss : public sluice::cores::lock_free<T> {
public:
  sluice::status try_send(T& value) {
    return lost() ? sluice::status::ok : sluice::cores::lock_free<T>::try_send(value);
  }
  sluice::status send_until(T& value, sluice::deadline) { return try_send(value); }

private:
  static bool lost() {
    static std::atomic<std::uint64_t> sent{0};
    return sent.fetch_add(1, std::memory_order_relaxed) % one_in == one_in - 1;
  }
};

}  // namespace

int main(int argc, char** argv) {
  return sluice::properties::run_properties("rare_loss", sluice::properties::subject::of<rare_loss>(), argc, argv);
}
