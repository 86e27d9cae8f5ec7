"""Source mutants: what is changed, that each change is the one that is named, and what is made of the verdicts."""

import importlib.util
import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

from sluice_cli import common, mutate
from sluice_cli.common import HOME
from sluice_cli.mutate import SourceMutant
from sluice_cli.project import Project
from sluice_cli.registry import Channel
from sluice_cli.sources import Sources

SOURCE = """#pragma once
#include <mutex>
namespace platform {
inline void expects(bool, const char*) {}
struct plain_fields { void read() {} };
}
struct box {
  static constexpr int doubled = 1 + 1;
  static_assert(doubled == 2);
  int limited(int a, int b) {
    platform::expects(a != 7, "not 7");
    contents.read();
    if (a < b && b != 3) return a + 1;
    return b;
  }
  bool either(int a) const { return !(a > 4) || a == 9; }
  void count() {
    std::unique_lock guard(mutex);
    owned = guard.owns_lock();
    ++calls;
  }
  bool held() {
    std::unique_lock guard(mutex);
    return guard.owns_lock();
  }
  int guarded() {
    const std::lock_guard<std::mutex> guard(mutex);
    return free();
  }
  int scoped() {
    std::scoped_lock guard{mutex};
    return free();
  }
  int free() {
    std::unique_lock<std::mutex> tried(mutex, std::try_to_lock);
    return tried ? 1 : 0;
  }
  template <class T>
  T between(T low, T high) {
    if constexpr (sizeof(T) == 4) {
      T sum = low;
      while (sum + 1 < high) sum += 2;
      return flag ? sum & 7 : sum;
    }
    return low;
  }
  std::mutex mutex;
  platform::plain_fields contents;
  bool owned = false, flag = true;
  int calls = 0;
};
"""
MAIN = """#include "box.hpp"
#include <cstdio>
int main() {
  box b;
  for (int i = 0; i < 5; ++i) std::printf("%d ", b.limited(i, 3) + 10 * b.limited(i, 2));
  for (int i : {3, 4, 5, 9}) std::printf("%d ", b.either(i));
  b.count();
  std::printf("%d %d %d", b.owned, b.calls, b.held());
  std::printf(" %d %d", b.guarded(), b.scoped());
  for (int i : {4, 5, 20}) std::printf(" %d", b.between(0, i));
}
"""
# What a mutant of these is: the change, and the same change made by hand.
CHANGES = (
    ("a < b: <=", "a < b &&", "a <= b &&"),
    ("a < b negated", "a < b &&", "a >= b &&"),
    ("without a < b", "a < b && b != 3", "b != 3"),
    ("without b != 3", "a < b && b != 3", "a < b"),
    ("b != 3 negated", "b != 3", "b == 3"),
    ("3: 3 + 1", "b != 3", "b != 4"),
    ("a + 1: -", "a + 1", "a - 1"),
    ("a > 4: >=", "a > 4", "a >= 4"),
    ("!(a > 4) negated", "!(a > 4)", "(a > 4)"),
    ("without a == 9", " || a == 9", ""),
    ("without ++calls", "++calls;", ""),
    ("without owned = guard.owns_lock()", "owned = guard.owns_lock();", ""),
    ("without sum += 2", "sum += 2;", "return sum;"),
    ("sum + 1 < high: <=", "sum + 1 < high", "sum + 1 <= high"),
    ("flag negated", "flag ?", "!flag ?"),
    ("sum & 7: |", "sum & 7", "sum | 7"),
)


def output_of(folder: pathlib.Path, header: str, **environment: str) -> str:
    """What the program prints; of one that does not end, nothing."""
    (folder / "box.hpp").write_text(header)
    (folder / "main.cpp").write_text(MAIN)
    program = folder / "program"
    if not environment:
        command = ["g++", "-std=c++20", "-O0", "-w", "-I", str(HOME), "-o", str(program), str(folder / "main.cpp")]
        subprocess.run(command, check=True)
    try:
        return subprocess.run([program], env=os.environ | environment, capture_output=True, text=True, timeout=1).stdout
    except subprocess.TimeoutExpired:
        return "endless"


@unittest.skipUnless(importlib.util.find_spec("clang"), "no python3-clang-19 here")
class Rewriting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from sluice_cli.source_mutants import Rewriter

        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.folder = pathlib.Path(place.name)
        (cls.folder / "box.hpp").write_text(SOURCE)
        rewriter = Rewriter(cls.folder, ["box.hpp"], ["-std=c++20"])
        cls.text = rewriter.rewritten["box.hpp"].decode()
        cls.mutants = rewriter.mutants
        work = cls.folder / "mutated"
        work.mkdir()
        cls.plain = output_of(work, cls.text)
        cls.printed = {
            mutant.number: output_of(work, cls.text, SLUICE_SOURCE_MUTANT=str(mutant.number)) for mutant in cls.mutants
        }

    def number_of(self, change: str) -> int:
        [found] = [mutant.number for mutant in self.mutants if mutant.change == change]
        return found

    def test_without_a_mutant_nothing_has_changed(self):
        self.assertEqual(self.plain, output_of(self.folder, SOURCE))

    def test_each_change_is_the_one_that_it_is_called(self):
        for change, code, by_hand in CHANGES:
            with self.subTest(change):
                self.assertEqual(SOURCE.count(code), 1)
                expected = "endless" if "sum += 2" in code else output_of(self.folder, SOURCE.replace(code, by_hand))
                self.assertNotEqual(expected, self.plain)
                self.assertEqual(self.printed[self.number_of(change)], expected)

    def test_a_lock_ends_at_once(self):
        unlocked = [mutant for mutant in self.mutants if mutant.change == "guard unlocked at once"]
        self.assertEqual([mutant.function for mutant in unlocked], ["count", "held", "guarded", "scoped"])
        self.assertIn(" 0 1 1 ", self.printed[unlocked[0].number])
        self.assertIn(" 1 1 0 ", self.printed[unlocked[1].number])
        self.assertIn(" 0 0 ", self.plain)
        self.assertIn(" 1 0 ", self.printed[unlocked[2].number])
        self.assertIn(" 0 1 ", self.printed[unlocked[3].number])

    def test_what_only_tells_or_is_constant_stays(self):
        lines = {mutant.code for mutant in self.mutants}
        for kept in ("expects(a", "contents.read", "static_assert", "doubled = 1", "if constexpr"):
            self.assertFalse([line for line in lines if kept in line], kept)

    def test_a_header_that_is_no_cpp_is_named(self):
        from sluice_cli.source_mutants import Rewriter

        (self.folder / "broken.hpp").write_text("#include <nowhere.hpp>\n")
        with self.assertRaisesRegex(ValueError, "broken.hpp cannot be parsed: .nowhere.hpp. file not found"):
            Rewriter(self.folder, ["broken.hpp"], ["-std=c++20"])


ROW = {
    **{
        "number": 3,
        "file": "mine.hpp",
        "line": 7,
        "function": "send",
        "code": "if (full) wait();",
        "change": "full negated",
    },
    **{"verdict": "survived", "channel": "", "layer": "", "killed_by": "", "how": "", "reason": ""},
}
# A runner that fails with mutant 3, hangs with 4, and has 1 and 3 to 5.
RUNNER = """#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in --json) json=$2;; esac
  shift
done
if [ -n "$SLUICE_SOURCE_MUTANTS_REACHED" ]; then printf '1\\n3\\n4\\n5\\n' > $SLUICE_SOURCE_MUTANTS_REACHED; fi
if [ "$SLUICE_SOURCE_MUTANT" = 3 ]; then
  printf '%s' '[{"check": "order", "verdict": "failed", "detail": "2 before 1\\nin ...", "executions": 9}]' > $json
  exit 1
elif [ "$SLUICE_SOURCE_MUTANT" = 4 ]; then
  sleep 60
elif [ "$SLUICE_SOURCE_MUTANT" = 5 ]; then
  kill -SEGV $$
fi
echo '[{"check": "order", "verdict": "passed", "detail": "", "executions": 50}]' > $json
"""


def named(number: int) -> SourceMutant:
    return SourceMutant(number, "mine.hpp", 7, "send", "if (full) wait();", "full negated")


class Mutating(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        runner = self.folder / "mine_properties"
        runner.write_text(RUNNER)
        runner.chmod(0o755)
        self.channel = Channel("mine", runners={"properties": runner})
        self.project = Project(self.folder, given_binary=self.folder)

    def test_who_kills_what(self):
        mutants = [named(number) for number in range(6)]
        with mock.patch.object(mutate, "LEAST_LIMIT", 0.5), mock.patch.object(mutate, "SLOWER", 0):
            rows = mutate.mutate(self.project, [self.channel], mutants)
        told = {row["number"]: (row["verdict"], row["layer"], row["killed_by"], row["how"]) for row in rows}
        self.assertEqual(told[0], ("unreached", "", "", ""))
        self.assertEqual(told[1], ("survived", "", "", ""))
        self.assertEqual(told[3], ("killed", "property", "order", "2 before 1"))
        self.assertEqual(told[4], ("killed", "property", "the runner", "did not end within 0 s"))
        self.assertEqual(told[5], ("killed", "property", "the runner", "ended by SIGSEGV"))
        self.assertEqual(rows[3]["executions"], 9)

    def test_a_known_violation_kills_nothing(self):
        known = ("property/steady_memory", "model/handoff", "model/exhaustive")
        channel = Channel("mine", known_violations=known, runners={"properties": "p", "models": "m", "contract": "c"})
        told = {
            layer.name: [word for word in mutate.Attempt(channel, layer).command(self.folder) if "--except" in word]
            for layer in mutate.LAYERS
        }
        self.assertEqual(told["property"], ["--except=steady_memory"])
        self.assertEqual(told["model"], ["--except=handoff"])
        self.assertEqual(told["contract"] + told["search"], [])

    def test_what_is_known_is_not_tried_again(self):
        self.assertEqual(mutate.mutate(self.project, [self.channel], [named(3)])[0]["verdict"], "killed")
        with mock.patch.object(mutate, "_try_to_kill", side_effect=AssertionError):
            self.assertEqual(mutate.mutate(self.project, [self.channel], [named(3)])[0]["killed_by"], "order")
        # Another runner may find more, and half of a line tells nothing.
        [file] = self.folder.glob("verdicts-*.jsonl")
        file.write_text(file.read_text()[:40])
        self.assertEqual(mutate.mutate(self.project, [self.channel], [named(3)])[0]["executions"], 9)
        runner = self.channel.runners["properties"]
        runner.write_text(runner.read_text().replace("= 3 ]", "= 2 ]"))
        self.assertEqual(mutate.mutate(self.project, [self.channel], [named(3)])[0]["verdict"], "survived")

    def test_a_pattern_that_names_no_header(self):
        headers = ["cores/a.hpp", "cores/b.hpp", "c.hpp"]
        self.assertEqual(mutate._chosen(headers, ("cores/*.hpp",)), headers[:2])
        self.assertEqual(mutate._chosen(headers, ()), headers)
        with self.assertRaisesRegex(common.Usage, "`d.hpp` is no header to mutate; there are cores/a.hpp"):
            mutate._chosen(headers, ("d.hpp",))

    def test_a_channel_that_fails_without_a_mutant(self):
        self.channel.runners["properties"].write_text("#!/bin/sh\nexit 1\n")
        with self.assertRaisesRegex(common.Unverified, "mine fails without a mutant: property the runner"):
            mutate.mutate(self.project, [self.channel], [named(1)])

    def test_an_accepted_survivor_has_a_reason(self):
        for entry, fits in (
            ({"file": "mine.hpp"}, True),
            ({"file": "mine.hpp", "function": "send", "code": "if (full) wait();", "change": "full negated"}, True),
            ({"file": "mine.hpp", "function": "recv"}, False),
            ({"file": "other.hpp"}, False),
        ):
            rows = [dict(ROW), ROW | {"verdict": "killed"}]
            stale = mutate.explain(rows, [entry | {"reason": "it is only faster"}])
            self.assertEqual(rows[0]["verdict"], "accepted" if fits else "survived")
            self.assertEqual(rows[1]["verdict"], "killed")
            self.assertEqual(len(stale), 0 if fits else 1)

    def test_what_this_tree_accepts_is_there(self):
        of = Project(HOME)
        entries = mutate.accepted(mutate._accepted_file(of))
        self.assertGreater(len(entries), 0)
        for entry in entries:
            text = (Sources.of(of).folder / entry["file"]).read_text()
            lines = [line.strip() for line in text.splitlines()]
            if "code" in entry:
                self.assertIn(entry["code"], lines)
            if "function" in entry:
                self.assertIn(entry["function"].split("<")[0], text)

    def test_an_entry_without_a_reason_is_named(self):
        file = self.folder / "accepted_source_mutants.toml"
        file.write_text('[[accepted]]\nfile = "mine.hpp"\n')
        with self.assertRaisesRegex(common.BadResults, "an entry lacks `reason`"):
            mutate.accepted(file)


if __name__ == "__main__":
    unittest.main()
