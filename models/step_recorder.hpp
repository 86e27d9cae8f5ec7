#pragma once

#include <models/platform.hpp>

#include <harness/history.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Drawing a schedule as columns.
namespace sluice::models {

/// Records every step of each thread in one execution.
class step_recorder final : public platform::model::step_observer {
public:
  step_recorder() { platform::model::observing = this; }
  ~step_recorder() override { platform::model::observing = nullptr; }
  step_recorder(const step_recorder&) = delete;
  step_recorder& operator=(const step_recorder&) = delete;

  void did(platform::model::access what, const void* object, unsigned older, const platform::location& where) override {
    using platform::model::access;
    // Construction and destruction of an atomic are no steps of the channel.
    if (what == access::woken || std::string_view(where.file_name()).ends_with("platform/lifetime.hpp")) return;
    add({.what = kind::access, .how = what, .older = older, .object = object, .where = where});
  }
  void chose(unsigned) override {}
  void began(std::size_t) override { add({.what = kind::call}); }
  void ended(std::size_t) override { add({.what = kind::end}); }

  /// Draws one column per thread, time downwards. A row shows what a thread did until another was scheduled: the
  /// operations that it completed, and the line that it reached in one that it did not; loads of stale values have
  /// their own rows. Below the columns, the lines of source that the rows name.
  ///
  /// \param seen  the history of a scenario's operations; empty for custom models.
  std::string draw(const harness::history& seen) const {
    std::vector<std::vector<const harness::event*>> operations(threads());
    for (const harness::event& e : seen) {
      if (e.kind != harness::op_kind::quiescent && e.thread < operations.size()) operations[e.thread].push_back(&e);
    }
    for (auto& list : operations) std::ranges::sort(list, {}, [](const harness::event* e) { return e->called; });

    std::vector<std::size_t> number(threads(), 0);  // of the operation that each thread is in, from 1
    std::string text;
    std::size_t rows = 0;
    std::set<source_line> places;
    const auto row = [&](unsigned thread, const std::string& what) {
      std::string count = std::to_string(++rows);
      count.insert(0, count.size() < 3 ? 3 - count.size() : 0, ' ');
      text += count + "  " + std::string(thread * width, ' ') + what + "\n";
    };
    const auto place = [&](const step& s) {
      places.insert(line_of(s));
      return text_of(line_of(s));
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
            if (s.older != 0) row(thread, place(s) + " reads a stale value");
            last = &s;
        }
      }
      if (last) {
        const auto* e = inside ? named() : nullptr;
        row(thread, (e ? to_string(*e) + ": " : "") +
                        (last->how == platform::model::access::sleep ? "sleeps at " : "up to ") + place(*last));
      }
      from = i;
    }
    return titles(seen) + text + quoted(places);
  }

  /// For a data race: which stores of other threads the last thread has read in its current operation, and where they
  /// are in the source. One of these pairs could have ordered the two accesses. Empty if there is none.
  std::string draw_reads() const {
    if (steps_.empty()) return {};
    const unsigned self = steps_.back().thread;
    const auto begun = std::ranges::find_if(steps_.rbegin(), steps_.rend(),
                                            [self](const step& s) { return s.thread == self && s.what == kind::call; });
    const auto since = steps_.rend() - begun;
    std::map<const void*, std::vector<const step*>> stores;
    std::vector<std::pair<source_line, source_line>> pairs;
    std::set<source_line> places;
    for (std::ptrdiff_t i = 0; i < std::ssize(steps_); ++i) {
      const step& s = steps_[static_cast<std::size_t>(i)];
      // The clock publishes nothing.
      if (s.what != kind::access || s.object == &platform::model::time) continue;
      auto& before = stores[s.object];
      if (i >= since && s.thread == self && loads(s.how) && before.size() > s.older) {
        const step& store = *before[before.size() - 1 - s.older];
        const std::pair pair(line_of(s), line_of(store));
        if (store.thread != self && std::ranges::find(pairs, pair) == pairs.end()) {
          pairs.push_back(pair);
          places.insert({pair.first, pair.second});
        }
      }
      if (platform::model::stores(s.how)) before.push_back(&s);
    }
    std::string text;
    for (const auto& [read, written] : pairs)
      text += "  " + text_of(read) + " read what " + text_of(written) + " wrote\n";
    return pairs.empty() ? text : "these pairs could have ordered the two accesses:\n" + text + quoted(places);
  }

  /// For a livelock: the lines that each thread executed over and over at the end. Empty if nothing was executed.
  std::string draw_loop() const {
    constexpr std::size_t window = 1'000;  // steps: several rounds of common loops
    std::string text;
    std::set<source_line> places;
    for (unsigned thread = 0; thread < threads(); ++thread) {
      std::map<source_line, unsigned> times;
      std::string lines;
      for (std::size_t i = steps_.size() - std::min(window, steps_.size()); i < steps_.size(); ++i) {
        const step& s = steps_[i];
        if (s.thread != thread || s.what != kind::access || ++times[line_of(s)] != 2) continue;
        lines += (lines.empty() ? "" : ", ") + text_of(line_of(s));
        places.insert(line_of(s));
      }
      if (!lines.empty()) text += "  thread " + std::to_string(thread) + ": " + lines + "\n";
    }
    return text.empty() ? text : "over and over at the end:\n" + text + quoted(places);
  }

  std::size_t threads() const noexcept {
    unsigned most = 0;
    for (const step& s : steps_) most = std::max(most, s.thread + 1);
    return most;
  }

private:
  enum class kind : std::uint8_t { call, end, access };
  struct step {
    unsigned thread = 0;
    kind what{};
    platform::model::access how{};
    unsigned older = 0;
    const void* object = nullptr;
    platform::location where{};
  };

  /// A line of source: file and number.
  using source_line = std::pair<std::string, unsigned>;
  static source_line line_of(const step& s) { return {s.where.file_name(), s.where.line()}; }
  static std::string text_of(const source_line& l) {
    return std::filesystem::path(l.first).filename().string() + ":" + std::to_string(l.second);
  }
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
    const auto found = std::ranges::find(seen, harness::op_kind::quiescent, &harness::event::kind);
    std::string line = "     ";
    for (std::size_t t = 0; t < threads(); ++t) {
      std::string title = found != seen.end() && found->thread == t ? "closer" : "thread " + std::to_string(t);
      title.resize(width, ' ');
      line += title;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  /// The text of these lines, as far as their files can be read.
  static std::string quoted(const std::set<source_line>& places) {
    std::string text;
    for (const source_line& wanted : places) {
      std::ifstream in(wanted.first);
      std::string found;
      for (unsigned n = 0; n < wanted.second && std::getline(in, found); ++n) continue;
      found.erase(0, found.find_first_not_of(' '));
      if (in) text += "  " + text_of(wanted) + "  " + found + "\n";
    }
    return text;
  }

  harness::raw_vector<step> steps_;
};

}  // namespace sluice::models
