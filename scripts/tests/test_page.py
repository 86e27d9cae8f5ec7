"""The report in a browser: nothing overflows, no picture is missing, and nothing is logged to the console."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from sluice_cli import page, results
from sluice_cli.common import REFERENCE

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--hide-scrollbars"),
)
# Reports what the page looks like once it is loaded, with all its details open and closed.
PROBE = """
<script>
addEventListener("load", () => {
  const found = {};
  for (const open of [false, true]) {
    document.querySelectorAll("details").forEach(d => d.open = open);
    const limit = document.documentElement.clientWidth;
    const scrolled = e => e.parentElement && (e.closest(".scroll, pre") !== null);
    found[open ? "open" : "closed"] = {
      page: document.documentElement.scrollWidth - limit,
      wide: [...document.body.querySelectorAll("*")].filter(e => !scrolled(e) && e.getBoundingClientRect().right > limit + 1)
        .map(e => e.tagName + " " + e.textContent.slice(0, 40)),
    };
  }
  found.missing = [...document.images].filter(i => !i.complete || i.naturalWidth === 0).map(i => i.alt);
  found.pictures = document.images.length;
  document.body.setAttribute("data-found", JSON.stringify(found));
});
</script>
"""


class FirstLine(unittest.TestCase):
    def test_a_run_of_outliers_says_so(self):
        data = results.load(REFERENCE)
        samples = data["samples"]
        for number, sample in enumerate(samples):
            sample["outlier"] = number % 3 == 0
        with tempfile.TemporaryDirectory() as folder:
            text = page.write(data, pathlib.Path(folder)).read_text()
        first = text.index('<p class="verdict')
        told = f"{sum(s['outlier'] for s in samples)} of {len(samples)} samples were left out"
        self.assertIn(told, text[first : text.index("</p>", first)])

    def test_a_run_without_contract_and_audit_says_so(self):
        data = results.load(REFERENCE)
        for left_out in ([], ["contract", "audit"]):
            for part in left_out:
                data[part] = []
            with tempfile.TemporaryDirectory() as folder:
                text = page.write(data, pathlib.Path(folder)).read_text()
            for part in ("contract", "audit"):
                self.assertEqual(f"The {part} was not run." in text, part in left_out)


@unittest.skipUnless(BROWSER, "no chromium here: scripts/sluice test installs it")
class InABrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        file = page.write(results.load(REFERENCE), pathlib.Path(cls.folder.name))
        cls.page = file.with_name("probed.html")
        cls.page.write_text(file.read_text().replace("</body>", f"{PROBE}</body>"))

    def loaded(self, width: int) -> tuple[dict, str]:
        """What the probe found at this width, and what the browser logged to the console."""
        with tempfile.TemporaryDirectory() as profile:
            # A window is at least 500 pixels wide, so that a narrow page is shown in a frame.
            frame = pathlib.Path(profile) / "frame.html"
            frame.write_text(
                f'<iframe id="f" src="file://{self.page}" width="{width}" height="900" style="border:0"></iframe>'
                '<script>onload = () => setTimeout(() => document.body.setAttribute("data-found", '
                'document.getElementById("f").contentDocument.body.getAttribute("data-found")), 500);</script>'
            )
            done = subprocess.run(
                [
                    BROWSER,
                    *OPTIONS,
                    "--allow-file-access-from-files",
                    f"--user-data-dir={profile}",
                    f"--window-size={width + 40},1000",
                    "--virtual-time-budget=20000",
                    "--dump-dom",
                    f"file://{frame}",
                ],
                capture_output=True,
                text=True,
                timeout=120,
            )
        found = re.search(r'<body[^>]* data-found="([^"]*)"', done.stdout)
        self.assertIsNotNone(found, done.stdout[-2000:] + done.stderr[-2000:])
        return json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&")), done.stderr

    def test_it_fits_a_desk_and_a_telephone(self):
        for width in (1300, 400):
            found, log = self.loaded(width)
            for state in ("closed", "open"):
                self.assertEqual(found[state]["wide"], [], f"at {width} pixels, details {state}")
                self.assertLessEqual(found[state]["page"], 0, f"at {width} pixels, details {state}")
            self.assertEqual(found["missing"], [])
            self.assertGreaterEqual(found["pictures"], 6)
            self.assertNotIn("CONSOLE", log)


if __name__ == "__main__":
    unittest.main()
