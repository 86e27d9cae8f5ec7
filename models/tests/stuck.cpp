// Relacy's header must come after all others.
#include <models/platform.hpp>

#include <sluice/cores/mutex.hpp>

#include <models/run_models.hpp>

namespace {

/// A receiver waits in a loop over an atomic that the checker does not see, so that no sender runs.
template <class T>
class stuck : public sluice::cores::mutex<T> {
public:
  using sluice::cores::mutex<T>::mutex;

  sluice::status recv_until(std::optional<T>& out, sluice::deadline) {
    sluice::status now = this->try_recv(out);
    for (volatile bool waiting = now == sluice::status::empty; waiting;) {
    }
    return now;
  }
};

}  // namespace

int main(int argc, char** argv) {
  return sluice::models::run_models("stuck", sluice::models::model_subject::of<stuck>(), argc, argv);
}
