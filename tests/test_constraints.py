"""constraints.txt: a version for everything that a developer installs by name, and nothing that leads to an address."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.constraints import held
from tests.spec_cases import ROOT

LINES = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
VERSIONS = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LINES)}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ASKED = [
    Requirement(text)
    for texts in (PROJECT["dependencies"], *(PROJECT["optional-dependencies"][name] for name in ("train", "dev")))
    for text in texts
    if not text.startswith("netspec")
]


def test_they_are_names_and_versions() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
    assert len(VERSIONS) == len(LINES)


def test_what_is_asked_for_is_held_but_for_torch() -> None:
    held_not = {each.name for each in ASKED if canonicalize_name(each.name) not in VERSIONS}
    assert held_not == {"torch", "torchvision"}
    for each in ASKED:
        assert each.name in held_not or each.specifier.contains(VERSIONS[canonicalize_name(each.name)])


def test_what_is_printed_is_what_is_installed() -> None:
    printed = held()
    assert "torch" not in printed
    assert "pytest" in printed
    assert not any(name.startswith("nvidia") for name in printed)
