"""An environment with netspec's wheel and what a light install brings, copied from what is installed here.

The wheel is built from the checkout, and what it asks for is read from its own metadata, so that what it lacks shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from shutil import copyfile

from packaging.requirements import Requirement

from tests.cli.commands import Done
from tests.spec_cases import ROOT


@dataclass(frozen=True)
class Light:
    """A virtual environment with a light install, and the folder that commands run in."""

    python: Path
    packages: Path
    folder: Path

    def run(self, *arguments: str) -> Done:
        """Run Python there."""
        done = subprocess.run(
            [self.python, *arguments], capture_output=True, check=False, cwd=self.folder, env=self.environment,
            text=True, encoding="utf-8", timeout=120,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process there: nothing leads back to this environment."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def needed(wheel: Distribution) -> Iterator[Distribution]:
    """The packages that a package asks for without extras, and those that they ask for."""
    found: set[str] = set()
    waiting = [wheel]
    while waiting:
        for text in waiting.pop().requires or ():
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            each = distribution(requirement.name)
            assert requirement.specifier.contains(each.version, prereleases=True), (text, each.version)
            if each.name not in found:
                found.add(each.name)
                waiting.append(each)
                yield each


def make_light(folder: Path) -> Light:
    """Build the wheel and the environment in an empty folder."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, capture_output=True, check=False, cwd=ROOT, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("netspec-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    (packages,) = folder.glob("env/**/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (metadata,) = packages.glob("netspec-*.dist-info")
    for each in needed(Distribution.at(metadata)):
        for file in each.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                copyfile(str(file.locate()), packages / file)
    place = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    (folder / "work").mkdir()
    return Light(folder / "env" / place, packages, folder / "work")
