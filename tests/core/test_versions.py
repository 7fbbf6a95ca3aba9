"""Versions of torch as people and builds write them, and the one that is installed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest
import torch

from netspec.core.installed import NEWEST, OLDEST, installed, release, supported


@pytest.fixture
def _fresh() -> Iterator[None]:
    """The installed version is looked up anew, and forgotten again."""
    installed.cache_clear()
    yield
    installed.cache_clear()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.9", (2, 9)),
        ("2.9.1", (2, 9)),
        ("2.13.0+cpu", (2, 13)),
        ("2.11.0a0+git1a2b3c4", (2, 11)),
        ("2.9.1.post2", (2, 9)),
        ("2.10.0.dev20251101+cu128", (2, 10)),
        ("2.15.0rc1", (2, 15)),
        ("2.6.0a0+ecf3bae40a.nv25.01", (2, 6)),
    ],
)
def test_what_a_version_has_is_told_by_its_first_two_numbers(version: str, expected: tuple[int, int]) -> None:
    assert release(version) == expected


WRONG = (
    "",
    "2",
    "two",
    "2.x",
    "2.9 ",
    "2.9-",
    "v2.9",
    "-2.9",
    "2.9\n",
    "²·9",
    "2.99999",
    "2.009",
    "02.9",
    "2.9.",
    "3.0.foo",
)


@pytest.mark.parametrize("version", WRONG)
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(ValueError, match="is not a version of torch"):
        release(version)


def test_later_ones_are_later() -> None:
    """As text 2.9 would come after 2.12."""
    assert release("2.6") < release("2.9") < release("2.12") < release("3.0")


@pytest.mark.parametrize("version", [OLDEST, NEWEST, "2.16", "3.0"])
def test_supported(version: str) -> None:
    assert supported(version) == version


@pytest.mark.parametrize("version", ["2.5", "2.5.1+cu124", "1.13"])
def test_older_ones_are_not(version: str) -> None:
    with pytest.raises(ValueError, match=r"is older than 2\.6"):
        supported(version)


@pytest.mark.usefixtures("_fresh")
def test_the_installed_one_is_torchs_own() -> None:
    assert installed() == torch.__version__.partition("+")[0]


@pytest.mark.usefixtures("_fresh")
def test_without_torch_the_newest_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert installed() == NEWEST


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize(
    ("said", "meant"), [("2.9.1+cpu", "2.9.1"), ("2.11.0a0+git12", "2.11.0a0"), ("main", NEWEST), (None, NEWEST)]
)
def test_what_builds_call_themselves(said: str | None, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: said)
    assert installed() == meant
