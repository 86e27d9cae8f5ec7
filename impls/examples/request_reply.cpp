// Request and reply: each request to the image worker carries a oneshot channel for its answer.
//
// Prints:
//   thumbnail of cat.png: 64 x 48
//   thumbnail of dog.png: 64 x 36
//   broken.png: the worker gave no answer
#include <sluice/mpsc.hpp>
#include <sluice/oneshot.hpp>

#include <iostream>
#include <string>
#include <thread>

struct size {
  int width;
  int height;
};

struct request {
  std::string file;
  size original;
  sluice::oneshot::sender<size> answer;
};

int main() {
  auto [requests, inbox] = sluice::mpsc::sync_channel<request>(4);
  std::jthread worker([inbox = std::move(inbox)]() mutable {
    for (request r : inbox) {
      if (r.original.width == 0) continue;  // the answer's sender is dropped, so its receiver returns `disconnected`
      (void)r.answer.send(size{64, 64 * r.original.height / r.original.width});
    }
  });

  const auto ask = [&requests = requests](const std::string& file, size original) {
    auto [answer, reply] = sluice::oneshot::channel<size>();
    if (!requests.send(request{file, original, std::move(answer)})) return;
    if (const auto thumbnail = reply.recv()) {
      std::cout << "thumbnail of " << file << ": " << thumbnail->width << " x " << thumbnail->height << "\n";
    } else {
      std::cout << file << ": the worker gave no answer\n";
    }
  };
  ask("cat.png", {1024, 768});
  ask("dog.png", {1920, 1080});
  ask("broken.png", {0, 0});
  requests.reset();  // or the worker, which is joined here, would wait for more
}
