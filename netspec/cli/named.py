"""What a user names as a network: a file, a run's folder, or a file of a git revision → its Spec."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from netspec.compiler.plugins.permission import plugin_permission
from netspec.core.dataclass import dataclass
from netspec.core.files import LARGEST_FILE, ReadError, check_text
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.render.runs import read_run_json

_REVISION = re.compile(r"(?P<revision>[^-:\s][^:\s]*):(?P<path>[^:].*)")
SECONDS = 60


@dataclass(frozen=True)
class _Revision(Mapping[str, str]):
    """The texts of a git revision by path, `HEAD:net.yaml`, each read when it is asked for; nothing else is read."""

    revision: str

    def __getitem__(self, path: str) -> str:
        name = path if path.startswith(f"{self.revision}:") else f"{self.revision}:{Path(path).as_posix()}"
        text = _git(name, "-s")
        if int(text or 0) > LARGEST_FILE:
            raise ReadError(f"{name}: larger than {LARGEST_FILE // 1_000_000} MB, which no spec is")
        return _git(name, "blob")

    def __contains__(self, path: object) -> bool:
        return True  # what the revision does not have is an error, and never read from the working tree

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def _git(name: str, what: str) -> str:
    """What `git cat-file` says of a file of a revision."""
    command = ["git", "cat-file", what, name]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS)
    except FileNotFoundError:
        raise ReadError(f"{name}: is read by git, which is not installed") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ReadError(f"{name}: cannot be read by git: {error}") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines() or ["no such file"]
        raise ReadError(f"{name}: git says: {reason[-1].removeprefix('fatal: ')}")
    try:
        return done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(f"{name}: is not UTF-8: byte {error.start}") from None


def read_named(name: str, settings: tuple[str, ...] = (), *, allow_plugins: bool = False) -> Spec:
    """The Spec of a file, of a run's folder, of a file at a git revision, or of standard input (`-`).

    Args:
        name: as typed.
        settings: assignments that are made in it.
        allow_plugins: let the modules run that it names in `plugins`.

    Raises:
        ReadError: it cannot be read.
    """
    plugins = plugin_permission(allow_plugins)
    path = Path(name)
    if path.is_dir():
        info = read_run_json(path)
        given = (*info.get("settings", ()), *settings)
        return load(path / "spec.yaml", given, folder=Path(info["folder"]), plugins=plugins, self_contained=True)
    found = None if name == "-" or path.exists() else _REVISION.fullmatch(name)
    if found is None:
        return load(name, settings, plugins=plugins)
    texts = _Revision(found["revision"])
    check_text(texts[name], name)
    return load(name, settings, overlay=texts, plugins=plugins)
