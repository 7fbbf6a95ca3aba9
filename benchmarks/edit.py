"""The page of `netspec edit` in Chromium: its size, the time to its first paint, and from a key to the picture.

    python benchmarks/edit.py --keys 40

Needs `pip install 'netspec[edit]' playwright` and Debian's Chromium. Each key is a digit typed into `out_channels`
of the first layer of ResNet-18, on which all shapes behind it depend; the time ends when the picture is drawn anew.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "netspec/edit/static"
WATCH = """
window.times = []; window.servers = []; let pressed = 0;
addEventListener("keydown", event => { pressed = event.timeStamp; }, true);
new MutationObserver(() => { if (pressed) window.times.push(performance.now() - pressed); pressed = 0; })
  .observe(document.querySelector("#canvas .world"), {childList: true});
"""


def keys(page: Page, count: int) -> list[float]:
    """The milliseconds from each key to the picture."""
    page.evaluate(WATCH)
    page.locator(".cm-line", has_text="out_channels: 64, kernel_size: 7").click()
    page.keyboard.press("Home")
    for _ in range("- {name: conv1, Conv2d: {out_channels: 6".__len__()):
        page.keyboard.press("ArrowRight")
    for number in range(count):
        page.keyboard.press("Backspace" if number % 2 else str(number % 9 + 1))
        page.wait_for_timeout(700)  # the check with fixes and the hints are over
    found: list[float] = page.evaluate("window.times")
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=40, help="how many are pressed")
    count = parser.parse_args().keys
    files = [path for path in STATIC.rglob("*") if path.is_file() and path.suffix != ".txt"]
    print(f"size, gzipped            {sum(len(gzip.compress(path.read_bytes())) for path in files) / 1000:.0f} kB")
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        shutil.copy(ROOT / "specs/resnet18.yaml", home)
        command = [sys.executable, "-m", "netspec", "edit", f"{home}/resnet18.yaml", "--no-open"]
        served = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        assert served.stderr is not None
        address = served.stderr.readline().split()[-1]
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        paints = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.wait_for_selector("#canvas g.node", state="attached")
            drawn = page.evaluate("performance.now()")
            page.wait_for_timeout(300)
            entries = page.evaluate("JSON.stringify(performance.getEntriesByType('paint').map(each => each.startTime))")
            paints.append((min(json.loads(entries)), drawn))
            if len(paints) < 5:
                page.close()
        page.wait_for_timeout(1500)
        times = keys(page, count)
        browser.close()
        served.send_signal(2)
        served.wait()
    print(f"first paint              {statistics.median(first for first, _ in paints):.0f} ms (of 5, the median)")
    print(f"the picture is there     {statistics.median(drawn for _, drawn in paints):.0f} ms")
    best, middle = min(times), statistics.median(times)
    print(f"key to picture, ResNet-18  {middle:.0f} ms (of {len(times)} keys, the median), {best:.0f} ms at best")


if __name__ == "__main__":
    main()
