#include <harness/results.hpp>
#include <properties/contract/trial.hpp>

#include <CLI/CLI.hpp>

#include <exception>
#include <iomanip>
#include <iostream>

namespace sluice::contract {
namespace {

book whole_contract() {
  book contract;
  add_construction(contract);
  add_capacity(contract);
  add_rendezvous(contract);
  add_attempts(contract);
  add_deadlines(contract);
  add_disconnect(contract);
  add_ordering(contract);
  add_ownership(contract);
  add_iteration(contract);
  add_state(contract);
  add_select(contract);
  add_timers(contract);
  add_broadcast(contract);
  add_oneshot(contract);
  add_robustness(contract);
  return contract;
}

/// Runs lines on channels, tells what came of it, and keeps it for the file of verdicts.
class program {
public:
  int main(int argc, char** argv) {
    CLI::App app("The contract of sluice's channels, line by line.");
    std::vector<int> wanted;
    std::vector<std::string> channels;
    std::size_t divisor = 1;
    int patience = 600;
    bool list = false;
    app.add_option("--line", wanted, "only the lines of these numbers");
    app.add_option("--channel", channels, "only on these channels");
    app.add_option("--divide", divisor, "divide the counts of repetitions by this, for a quick look")
        ->envname("SLUICE_CONTRACT_DIVIDE")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--patience", patience, "seconds without progress that count as a hang")->capture_default_str();
    app.add_option("--json", json_, "write verdicts to this file");
    app.add_flag("--list", list, "name the lines and stop");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : 2;
    }
    harness::watchdog dog(std::chrono::seconds(patience), [this](const std::string& account) {
      verdict("failed", account);
      write();
    });
    const book contract = whole_contract();
    bool ran = false;
    for (const line& one : contract.lines()) {
      if (!wanted.empty() && std::ranges::find(wanted, one.number) == wanted.end()) continue;
      if (list) {
        std::cout << std::setw(3) << one.number << " " << one.name << ": " << one.behaviour << "\n";
        continue;
      }
      for (const cell& c : one.cells) {
        if (!channels.empty() && std::ranges::find(channels, c.channel) == channels.end()) continue;
        ran = true;
        run(one, c, dog, divisor, argv[0]);
      }
    }
    if (!list && !ran) {
      std::cerr << "no line of the contract is of that number and channel; --list names the lines\n";
      return 2;
    }
    write();
    return all_hold_ ? 0 : 1;
  }

private:
  void run(const line& one, const cell& c, harness::watchdog& dog, std::size_t divisor, const char* path) {
    now_ = &one;
    channel_ = c.channel;
    reproduce_ = std::string(path) + " --line " + std::to_string(one.number) + " --channel " + c.channel;
    start_ = clock::now();
    if (!c.not_applicable.empty()) return verdict("not_applicable", c.not_applicable);
    trial t(dog, divisor);
    worker self("line " + std::to_string(one.number) + " on " + c.channel);
    dog.watch_over_main(&self);
    try {
      c.test(t);
    } catch (const std::exception& error) {
      t.expect(false);
      std::cout << "unexpected exception: " << error.what() << "\n";
    }
    dog.watch_over_main(nullptr);
    verdict(t.failure().empty() ? "passed" : "failed", t.failure());
  }

  void verdict(const std::string& word, const std::string& detail) {
    const std::chrono::duration<double> took = clock::now() - start_;
    std::cout << std::setw(3) << now_->number << " " << now_->name << " on " << channel_ << ": " << word
              << (detail.empty() ? "" : ", " + detail) << std::fixed << std::setprecision(2) << " (" << took.count()
              << " s)" << std::endl;
    if (word == "failed") {
      all_hold_ = false;
      std::cout << "reproduce: " << reproduce_ << std::endl;
    }
    verdicts_.push_back({{"number", now_->number},
                         {"name", now_->name},
                         {"behaviour", now_->behaviour},
                         {"channel", channel_},
                         {"verdict", word},
                         {"detail", detail},
                         {"seconds", took.count()}});
  }

  void write() const {
    if (json_.empty()) return;
    std::ofstream out(json_);
    out << nlohmann::json(verdicts_).dump(1) << '\n';
    if (!out.flush()) throw std::runtime_error("cannot write " + json_);
  }

  const line* now_ = nullptr;
  std::string channel_;
  std::string reproduce_;
  clock::time_point start_;
  std::string json_;
  std::vector<nlohmann::json> verdicts_;
  bool all_hold_ = true;
};

}  // namespace
}  // namespace sluice::contract

int main(int argc, char** argv) { return sluice::contract::program().main(argc, argv); }
