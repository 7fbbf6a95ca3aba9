"""The page in a real Chromium: what it draws does not overlap, folds, is found and chosen, and nothing is requested."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from netspec.render.pictures.page import draw
from netspec.render.pictures.view import view_of
from tests.render.pictures.trees import tree, tree_of
from tests.spec_cases import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


def chromium(*options: str) -> str:
    """Run Chromium without a window; returns what it prints."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def probed(page: str, folder: Path) -> dict[str, Any]:
    """What a page is and does in Chromium."""
    probe = f'<pre id="probe"></pre><script>{{{PROBE}}}</script></body>'
    (folder / "page.html").write_text(page.replace("</body>", probe), encoding="utf-8")
    shown = chromium(
        "--window-size=1200,900", f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"file://{folder}/page.html"
    )
    (text,) = re.findall(r'<pre id="probe">(.*?)</pre>', shown, re.DOTALL)
    assert text, "the page's scripts failed"
    told: dict[str, Any] = json.loads(unescape(text))
    return told


@pytest.mark.parametrize("spec", ["googlenet", "unet"])
def test_the_page_works(spec: str, tmp_path: Path) -> None:
    root = tree_of(ROOT / f"specs/{spec}.yaml")
    told = probed(draw(root), tmp_path)
    assert told["first"] == [view.node.id for view in view_of(root).walk()][1:]
    assert told["unfolded"] == [view.node.id for view in view_of(root, 99).walk()][1:]
    assert told["copies"] == [node.id for node in root.walk()][1:]
    assert told["folded"] == [view.node.id for view in view_of(root, 1).walk()][1:]
    assert {key: value for key, value in told.items() if "faults" in key and value} == {}
    assert len(told["clicked"]) > len(told["folded"])
    assert told["chosen"] == str(told["clicked"][0])
    linear = [node for node in root.walk() if node.type == "Linear"]
    assert told["hits"] == ([f"{node.path}  Linear" for node in linear] or ["nothing found"])
    if linear:
        assert linear[0].path in told["details"]
        assert f"{linear[0].params:,}" in told["details"]
    assert told["zoomed"]
    assert told["theme"] == "dark"
    assert (told["problem"], told["requests"], told["refused"]) == ("", [], [])


def test_errors_are_shown(tmp_path: Path) -> None:
    root = tree("  - {name: a, layers: [{name: <b>, Linear: {in_features: 7, out_features: 4}}]}\n  - Linear: 3\n")
    told = probed(draw(root, 1), tmp_path)
    assert "NS401" in told["problem"] or "NS207" in told["problem"]
    assert told["faults"] == []


def test_the_page_is_drawn(tmp_path: Path) -> None:
    """Its picture is not of one colour."""
    image = pytest.importorskip("PIL.Image")
    page, shot = tmp_path / "net.html", tmp_path / "net.png"
    page.write_text(draw(tree_of(ROOT / "specs/inception_mnist.yaml")), encoding="utf-8")
    chromium("--window-size=900,700", f"--screenshot={shot}", f"--user-data-dir={tmp_path / 'profile'}", page.as_uri())
    with image.open(shot) as picture:
        assert picture.width == 900
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 50
