"""What checks executed of a project's sources."""

from __future__ import annotations

import pathlib
import unittest

from sluice_cli import coverage, results
from sluice_cli.project import OWN

RING = coverage.Covered(
    "ring.hpp",
    lines={7: 12, 8: 12, 9: 0, 10: 0, 20: 0},
    branches={(8, 0): 12, (8, 1): 0, (9, 0): 0, (9, 1): 0},
)


class Coverage(unittest.TestCase):
    def test_a_source_is_described(self):
        told = RING.described
        self.assertEqual((told["executed"], told["lines"]), (2, 5))
        self.assertEqual((told["taken"], told["branches"]), (1, 4))
        self.assertEqual(told["not_executed"], [9, 10, 20])
        # The branch of a line that was not executed says nothing more.
        self.assertEqual(told["one_outcome"], [8])
        results.validate(results.new_results(OWN, "quick", 1, coverage=[told]), pathlib.Path("results.json"))

    def test_lines_are_told_as_ranges(self):
        self.assertEqual(coverage.ranges([9, 10, 20]), "9–10, 20")
        self.assertEqual(coverage.ranges([]), "")


if __name__ == "__main__":
    unittest.main()
