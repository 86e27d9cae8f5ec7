"""The project's words: none of the listed old ones is left."""

from __future__ import annotations

import pathlib
import re
import subprocess
import unittest

from sluice_cli.common import HOME

LIST = pathlib.Path(__file__).with_name("old_words.txt")
EXCEPT = (
    "CHANGELOG.md",
    "scripts/sluice_cli/old_results.py",
    "scripts/tests/old_words.txt",
    "scripts/tests/test_words.py",
)
ENDINGS = (
    ".hpp",
    ".cpp",
    ".in",
    ".cmake",
    ".txt",
    ".py",
    ".md",
    ".j2",
    ".json",
    ".toml",
    ".rs",
    ".go",
    ".yml",
    ".yaml",
)


def patterns() -> dict[str, re.Pattern]:
    lines = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {line: re.compile(re.split(r"\s{2,}", line)[0]) for line in lines}


def sources() -> list[pathlib.Path]:
    """The tree's text files; outside of a git checkout, those below its top-level folders."""
    listed = subprocess.run(
        ["git", "-C", str(HOME), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
    )
    names = listed.stdout.split("\n") if listed.returncode == 0 else []
    if not names:
        folders = ("impls", "harness", "properties", "models", "scripts")
        names = [str(f.relative_to(HOME)) for folder in folders for f in (HOME / folder).rglob("*")]
    wanted = [name for name in names if name.endswith(ENDINGS) and name not in EXCEPT]
    return [HOME / name for name in wanted if (HOME / name).is_file() and "reference" not in name]


class Words(unittest.TestCase):
    def test_no_old_word_is_left(self):
        files = sources()
        self.assertGreater(len(files), 200)
        found = []
        for file in files:
            # Sentences continue over line breaks and comment marks.
            text = file.read_text()
            flat = re.sub(r"\s*\n\s*(///?<?|#)?\s*", " ", text)
            for line, pattern in patterns().items():
                if hit := pattern.search(flat):
                    around = flat[max(0, hit.start() - 30) : hit.end() + 30]
                    found.append(f"{file.relative_to(HOME)}: `{around}`; say {re.split(r'  +', line)[-1]}")
        self.assertEqual(found, [])

    def test_each_pattern_finds_what_it_bans(self):
        for example in ("choices out of turn", "the crew", "op_kind::rest", "--free ", "nobody waits", "brief_lock"):
            self.assertTrue(any(pattern.search(example) for pattern in patterns().values()), example)


if __name__ == "__main__":
    unittest.main()
