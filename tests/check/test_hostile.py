"""Texts and files that are made to hurt: each gets a diagnostic, within seconds and in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.core.diagnostics import Diagnostic
from tests.check.hostile import LONG, TEXTS, chosen
from tests.rounds import left_out
from tests.spec_cases import ROOT

SECONDS = 10.0  # on an idle machine none takes three


@pytest.mark.parametrize("kind", ["short", left_out("long")])
def test_every_text_gets_a_diagnostic_in_time(kind: str) -> None:
    """All of them in one process of 1 GB."""
    texts = chosen(kind == "long")
    command = [sys.executable, "-c", "from tests.check.hostile import main; main()", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    verdicts: dict[str, Any] = json.loads(done.stdout)
    assert verdicts.keys() == texts.keys()
    wrong = {name: verdict for name, verdict in verdicts.items() if not as_meant(verdict, texts[name][1])}
    assert wrong == {}


def as_meant(verdict: Any, code: str) -> bool:
    """Whether a text got its code, quickly and in few words; an exception's name is no verdict."""
    if not isinstance(verdict, dict) or verdict["seconds"] >= SECONDS or verdict["length"] >= 500_000:
        return False
    return code in verdict["codes"] if code else not verdict["codes"]


def test_the_long_texts_are_some_of_them() -> None:
    assert TEXTS.keys() > LONG


@pytest.mark.parametrize(
    "verdict",
    [
        "MemoryError",
        {"codes": ["NS100"], "seconds": 0.1, "length": 10},
        {"codes": [], "seconds": 0.1, "length": 10},
        {"codes": ["NS103"], "seconds": SECONDS, "length": 10},
        {"codes": ["NS103"], "seconds": 0.1, "length": 10**6},
    ],
)
def test_what_is_not_as_meant_would_show(verdict: object) -> None:
    assert as_meant({"codes": ["NS103"], "seconds": 0.1, "length": 10}, "NS103")
    assert not as_meant(verdict, "NS103")


def test_a_text_that_takes_the_memory_would_show() -> None:
    code = (
        "from tests.check import hostile\n"
        "hostile.verdict = lambda text: bytearray(10**9)\n"
        "assert hostile.verdicts({'bomb': ('', '')}) == {'bomb': 'MemoryError'}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def checked(path: Path) -> tuple[Diagnostic, ...]:
    return netspec.check(netspec.load(path)).diagnostics


Layout = Callable[[Path], str]


def loop(folder: Path) -> str:
    (folder / "a.yaml").write_text("netspec: 1\ninclude: b.yaml\nblocks: {A: [ReLU]}\n")
    (folder / "b.yaml").write_text("netspec: 1\ninclude: [net.yaml, a.yaml, b.yaml]\nblocks: {B: [ReLU]}\n")
    return "include: a.yaml"


def diamonds(folder: Path) -> str:
    """Files of which each includes the next twice: 2^50 readings, unless each is read once."""
    for index in range(50):
        following = f"include: [n{index + 1}.yaml, ./n{index + 1}.yaml]\n" if index < 49 else ""
        (folder / f"n{index}.yaml").write_text(f"netspec: 1\n{following}blocks: {{B{index}: [ReLU]}}\n")
    return "include: n0.yaml"


def many(folder: Path) -> str:
    for index in range(150):
        (folder / f"n{index}.yaml").write_text(f"netspec: 1\nblocks: {{B{index}: [ReLU]}}\n")
    return f"include: [{', '.join(f'n{index}.yaml' for index in range(150))}]"


def repeated(folder: Path) -> str:
    (folder / "one.yaml").write_text("netspec: 1\nblocks: {B: [ReLU]}\n")
    return f"include: [{', '.join(['one.yaml'] * 2_000)}]"


def parent(folder: Path) -> str:
    (folder.parent / "secret.yaml").write_text("netspec: 1\nblocks: {S: [ReLU]}\n")
    return "include: ../secret.yaml"


def absolute(folder: Path) -> str:
    (folder.parent / "secret.yaml").write_text("netspec: 1\nblocks: {S: [ReLU]}\n")
    return f"include: {folder.parent / 'secret.yaml'}"


def symlink(folder: Path) -> str:
    (folder.parent / "secret.yaml").write_text("netspec: 1\nblocks: {S: [ReLU]}\n")
    (folder / "link.yaml").symlink_to(folder.parent / "secret.yaml")
    return "include: link.yaml"


def linked_folder(folder: Path) -> str:
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere/secret.yaml").write_text("netspec: 1\nblocks: {S: [ReLU]}\n")
    (folder / "down").symlink_to(folder.parent / "elsewhere")
    return "include: down/secret.yaml"


def symlink_loop(folder: Path) -> str:
    (folder / "one.yaml").symlink_to(folder / "two.yaml")
    (folder / "two.yaml").symlink_to(folder / "one.yaml")
    return "include: one.yaml"


def named_null(folder: Path) -> str:
    return 'include: "a\\0b.yaml"'


def a_folder(folder: Path) -> str:
    return "include: ."


def binary(folder: Path) -> str:
    (folder / "binary.yaml").write_bytes(b"\x00\x01\x02")
    return "include: binary.yaml"


def very_long(folder: Path) -> str:
    return f"include: {'a/' * 5000}b.yaml"


FILES: dict[str, tuple[Layout, set[str]]] = {
    "loop": (loop, {"NS213"}),
    "diamonds": (diamonds, {"NS902"}),
    "many": (many, {"NS212"}),
    "one file often": (repeated, set()),
    "parent": (parent, {"NS212"}),
    "absolute": (absolute, {"NS212"}),
    "symlink": (symlink, {"NS212"}),
    "linked folder": (linked_folder, {"NS212"}),
    "symlink loop": (symlink_loop, {"NS212"}),
    "null character": (named_null, {"NS212"}),
    "folder": (a_folder, {"NS212"}),
    "binary": (binary, {"NS212"}),
    "very long": (very_long, {"NS212"}),
}


@pytest.mark.parametrize(("layout", "expected"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("key", ["include", "model"])
def test_files_that_are_made_to_hurt(key: str, layout: Layout, expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()
    include = layout(tmp_path / "spec")
    network = "input: [8]\nlayers: [ReLU]\n"
    path = tmp_path / "spec/net.yaml"
    path.write_text(f"netspec: 1\n{include}\n{network}")
    if key == "model":
        if "[" in include:
            pytest.skip("a model is one file")
        path.write_text(f"netspec: 1\n{include.replace('include', 'model')}\n")
    start = time.process_time()
    found = {item.code for item in checked(path)}
    assert time.process_time() - start < SECONDS
    if key == "include":
        assert found == expected - {"NS902"}
    else:
        assert found & {"NS203", "NS212", "NS213"}
