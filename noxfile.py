"""Other people's environments: `make compat` runs the tests in each, `make compat CELLS=light` in some.

A cell's environment is made anew and removed afterwards, as one with torch takes 5.5 GB. A version of Python that is
not installed here is skipped.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "never"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
TORCHVISION = {"2.6.0": "0.21.0", "2.9.1": "0.24.1"}  # the newest of both go together by themselves
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What needs no torch: all of these but the files and tests that train, compile, or hold something against torch.
LIGHT = (
    *(f"tests/{room}" for room in ("core", "language", "shapes", "fixes", "lint", "check", "render")),
    *("tests/cli", "tests/corpus", "tests/docs", "tests/extending", "tests/test_floors.py"),
)
NEEDS_TORCH = (
    "tests/cli/test_compare_bench.py",
    "tests/cli/test_data.py",
    "tests/cli/test_plugins.py",
    "tests/docs/test_coming_from.py",
    "tests/docs/test_course.py",
    "tests/docs/test_exports.py",
    "tests/docs/test_training_keys.py",
    "tests/extending/test_dataset.py",
    "tests/extending/test_export_target.py",
    "tests/extending/test_function.py",
    "tests/extending/test_layer.py",
    "tests/extending/test_logger.py",
    "tests/extending/test_metric.py",
    "tests/extending/test_tables.py",
    "tests/fixes/test_picture_fixes.py",
    "tests/fixes/test_sequences.py",
    "tests/core/test_names.py",
    "tests/core/test_versions.py",
    "tests/shapes/sizes/test_against_torch.py",
    "tests/shapes/sizes/test_nearby.py",
    "tests/shapes/sizes/test_symbolic.py",
    "tests/lint/test_array_headers.py",
    "tests/lint/test_budgets.py",
    "tests/lint/test_class_axis.py",
    "tests/lint/test_rules.py",
    "tests/lint/test_stored_datasets.py",
    "tests/language/test_plugins.py",
    "tests/lint/test_review.py",
    "tests/shapes/test_versions.py",
    "tests/render/test_python.py",
)
TRAINS = (
    "NS60 or NS930 or NS931 or NS932 or heavy_package or examples_of_the_language or a_string_of_the_code"
    " or refused_after_a_fault or torchrun or (test_interchange and (commands_run or import_says))"
)


def lowest(*extras: str) -> Iterator[str]:
    """`name==version` for every lower bound in pyproject.toml."""
    optional = PROJECT["optional-dependencies"]
    for text in (*PROJECT["dependencies"], *(text for extra in extras for text in optional[extra])):
        requirement = Requirement(text)
        for bound in requirement.specifier:
            assert bound.operator == ">=", f"{text}: nothing shuts out what is newer"
            yield f"{requirement.name}=={bound.version}"


def test(session: nox.Session, install: Iterable[str], *arguments: str) -> None:
    """Install, run pytest, remove the environment."""
    try:
        session.install(*install)
        session.run("pytest", "-n", "auto", "--dist", "worksteal", *arguments, env={"OMP_NUM_THREADS": "1"})
    finally:
        shutil.rmtree(session.virtualenv.location, ignore_errors=True)


def without_torch() -> list[str]:
    """The arguments of pytest for what runs without torch."""
    return [*LIGHT, *(f"--ignore={path}" for path in NEEDS_TORCH), "-k", f"not ({TRAINS})"]


@nox.session(python=PYTHONS)
def light(session: nox.Session) -> None:
    """`pip install netspec`, newest."""
    test(session, ["--editable", ".", "pytest", "pytest-xdist", "hypothesis"], *without_torch())


@nox.session(python=PYTHONS[0])
@nox.parametrize("pyyaml", ["6.0", "6.0.3"])
def light_lowest(session: nox.Session, pyyaml: str) -> None:
    """`pip install netspec` with the lowest versions that it allows."""
    held = [text for text in lowest() if not text.startswith("pyyaml")]
    test(
        session, ["--editable", ".", "pytest", "pytest-xdist", "hypothesis", f"pyyaml=={pyyaml}", *held],
        *without_torch(),
    )  # fmt: skip


def with_torch(session: nox.Session) -> None:
    """The whole suite with a version of torch, everything else newest."""
    wanted = session.name.split("-")[1]
    torch = next((torch for torch in TORCHVISION if torch.startswith(wanted)), None)
    versions = [] if torch is None else [f"torch=={torch}", f"torchvision=={TORCHVISION[torch]}"]
    test(session, ["--editable", ".[dev]", *versions])


for _wanted, _pythons in (("2.6", PYTHONS[:1]), ("2.9", PYTHONS[:1]), ("newest", PYTHONS)):
    nox.session(with_torch, name=f"torch-{_wanted}", python=list(_pythons))


@nox.session(name="lowest", python=PYTHONS[0])
def lowest_of_all(session: nox.Session) -> None:
    """The whole suite with the lowest versions that pyproject.toml allows."""
    test(session, ["--editable", ".[dev]", *lowest("train", "dev")])
