"""The built page in the package: it is that of the sources, small, and loads nothing from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from tests.spec_cases import ROOT

STATIC = ROOT / "netspec/edit/static"
SOURCES = (ROOT / "editors/browser/src", ROOT / "netspec/render/pictures/browser")
LARGEST = 1_000_000  # bytes, gzipped


def recorded() -> dict[str, str]:
    """The sources that the page was built of: the hash of each by its name."""
    lines = (STATIC / "sources.txt").read_text("utf-8").splitlines()
    return {name: found for found, _, name in (line.partition("  ") for line in lines)}


def hash_of(path: Path) -> str:
    """The hash of a source, whatever its lines end with."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def test_the_page_is_that_of_its_sources() -> None:
    there = {name: hash_of(ROOT / name) if (ROOT / name).is_file() else "gone" for name in recorded()}
    assert there == recorded(), "the sources have changed: make page"


def test_every_source_is_recorded() -> None:
    own = {path.relative_to(ROOT).as_posix() for path in SOURCES[0].rglob("*") if path.is_file()}
    pictures = {path.relative_to(ROOT).as_posix() for path in SOURCES[1].glob("*.js") if path.name != "page.js"}
    assert own | pictures <= {*recorded()}, "make page"


def test_it_is_small() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < LARGEST


def test_it_names_no_address_to_load_from() -> None:
    texts = "\n".join(path.read_text("utf-8") for path in STATIC.rglob("*") if path.suffix in (".html", ".css", ".js"))
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", texts)
    assert not re.search(r"@import|url\(\s*[\"']?https?:", texts)
    assert not re.search(r"(fetch|import|WebSocket|Worker|importScripts)\(\s*[\"'`](https?|wss?):", texts)
