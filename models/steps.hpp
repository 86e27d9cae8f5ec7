#pragma once

#include <models/platform.hpp>

#include <harness/history.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A schedule as a person would draw it.
namespace sluice::models {

/// Writes down what each thread does in one execution, from its making to its end.
class step_recorder final : public platform::model::watcher {
public:
  step_recorder() { platform::model::watching = this; }
  ~step_recorder() override { platform::model::watching = nullptr; }
  step_recorder(const step_recorder&) = delete;
  step_recorder& operator=(const step_recorder&) = delete;

  void did(platform::model::access what, const void*, unsigned older, const platform::location& where) override {
    using platform::model::access;
    // The making and the end of an atomic are no lines of the channel.
    if (what != access::woken && !std::string_view(where.file_name()).ends_with("models/platform.hpp"))
      add({.what = what == access::sleep ? kind::sleep : kind::access, .older = older, .where = where});
  }
  void chose(unsigned) override {}
  void began(std::size_t) override { add({.what = kind::call}); }
  void ended(std::size_t) override { add({.what = kind::end}); }

  /// One column a thread, time downwards. A row holds what a thread did until another had its turn: the operations that
  /// it ended, and the place up to which it came in one that it did not; loads of older values have rows of their own.
  /// Below it, the lines of source that the places name.
  ///
  /// \param seen  the history that the operations stand in; empty if they are none of a program.
  std::string draw(const harness::history& seen) const {
    std::vector<std::vector<const harness::event*>> operations(threads());
    for (const harness::event& e : seen) {
      if (e.kind != harness::op_kind::rest && e.thread < operations.size()) operations[e.thread].push_back(&e);
    }
    for (auto& list : operations) std::ranges::sort(list, {}, [](const harness::event* e) { return e->called; });

    std::vector<std::size_t> number(threads(), 0);  // of the operation that each thread is in, from 1
    std::string text;
    std::size_t rows = 0;
    std::set<std::pair<std::string, unsigned>> places;
    const auto row = [&](unsigned thread, const std::string& what) {
      std::string count = std::to_string(++rows);
      count.insert(0, count.size() < 3 ? 3 - count.size() : 0, ' ');
      text += count + "  " + std::string(thread * width, ' ') + what + "\n";
    };
    const auto place = [&](const step& s) {
      places.emplace(s.where.file_name(), s.where.line());
      return std::filesystem::path(s.where.file_name()).filename().string() + ":" + std::to_string(s.where.line());
    };
    for (std::size_t from = 0; from < steps_.size();) {
      const unsigned thread = steps_[from].thread;
      const auto named = [&] {
        const std::size_t n = number[thread];
        return n != 0 && n <= operations[thread].size() ? operations[thread][n - 1] : nullptr;
      };
      const step* last = nullptr;
      bool inside = number[thread] != 0 && !ended_before(thread, from);
      std::size_t i = from;
      for (; i < steps_.size() && steps_[i].thread == thread; ++i) {
        const step& s = steps_[i];
        switch (s.what) {
          case kind::call:
            ++number[thread];
            inside = true;
            last = nullptr;
            break;
          case kind::end:
            if (const auto* e = named()) row(thread, to_string(*e) + " -> " + result_of(*e));
            inside = false;
            last = nullptr;
            break;
          default:
            if (s.older != 0) row(thread, place(s) + " reads an older value");
            last = &s;
        }
      }
      if (last) {
        const auto* e = inside ? named() : nullptr;
        row(thread,
            (e ? to_string(*e) + ": " : "") + (last->what == kind::sleep ? "sleeps at " : "up to ") + place(*last));
      }
      from = i;
    }
    return titles(seen) + text + quoted(places);
  }

  std::size_t threads() const noexcept {
    unsigned most = 0;
    for (const step& s : steps_) most = std::max(most, s.thread + 1);
    return most;
  }

private:
  enum class kind : std::uint8_t { call, end, access, sleep };
  struct step {
    unsigned thread = 0;
    kind what{};
    unsigned older = 0;
    platform::location where{};
  };
  static constexpr std::size_t width = 34;

  void add(step s) {
    s.thread = static_cast<unsigned>(rl::thread_index());
    steps_.push_back(s);
  }

  /// Whether the thread was between two operations before this step.
  bool ended_before(unsigned thread, std::size_t position) const {
    while (position-- > 0) {
      if (steps_[position].thread != thread) continue;
      if (steps_[position].what == kind::end) return true;
      if (steps_[position].what == kind::call) return false;
    }
    return true;
  }

  std::string titles(const harness::history& seen) const {
    const auto at_rest = std::ranges::find(seen, harness::op_kind::rest, &harness::event::kind);
    std::string line = "     ";
    for (std::size_t t = 0; t < threads(); ++t) {
      std::string title = at_rest != seen.end() && at_rest->thread == t ? "closer" : "thread " + std::to_string(t);
      title.resize(width, ' ');
      line += title;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  /// The lines of source at these places, as far as their files can be read.
  static std::string quoted(const std::set<std::pair<std::string, unsigned>>& places) {
    std::string text;
    for (const auto& [file, wanted] : places) {
      std::ifstream in(file);
      std::string line;
      for (unsigned n = 0; n < wanted && std::getline(in, line); ++n) continue;
      line.erase(0, line.find_first_not_of(' '));
      if (in)
        text +=
            "  " + std::filesystem::path(file).filename().string() + ":" + std::to_string(wanted) + "  " + line + "\n";
    }
    return text;
  }

  harness::raw_vector<step> steps_;
};

}  // namespace sluice::models
