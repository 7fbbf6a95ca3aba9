"""A copy of the package in a folder of its own, to which a test adds what a contributor would add.

Where torch is installed, its processes are forked from one that has torch already (see tests.runner.started): they
forget this package and import the copy. Without torch they are started as from a shell.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.cli.commands import Done
from tests.spec_cases import ROOT

# What a forked process runs: nothing of this package, nor of its tests, is known to it when the copy is imported.
FORKED = """
import runpy, sys
for name in [name for name in sys.modules if name.partition(".")[0] in ("netspec", "tests")]:
    del sys.modules[name]
sys.path.insert(0, {folder!r})
sys.argv = {argv!r}
if {code!r} is None:
    runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
else:
    exec({code!r}, {{"__name__": "__main__"}})
"""


class Copy:
    """The copy: texts put into it, commands run with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "netspec", folder / "netspec")

    def insert(self, path: str, above: str, text: str) -> None:
        """Put text into a file, below the only place that has `above`."""
        whole = (self.folder / path).read_text(encoding="utf-8")
        assert whole.count(above) == 1, f"{above!r} stands {whole.count(above)} times in {path}"
        (self.folder / path).write_text(whole.replace(above, above + text), encoding="utf-8")

    def append(self, path: str, text: str) -> None:
        """Put text at the end of a file, which may be new."""
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(text)

    def changed(self) -> set[str]:
        """The files of the package that are others than they were, or new."""
        files = [path for path in (self.folder / "netspec").rglob("*") if path.is_file() and path.suffix != ".pyc"]
        names = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
        return {
            name for name, text in names.items() if not (ROOT / name).is_file() or (ROOT / name).read_bytes() != text
        }

    def python(self, *arguments: str) -> Done:
        """Run `-m MODULE …` or `-c CODE` in the folder, with this package."""
        if find_spec("torch") is None:
            env = {**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, *arguments]
            done = subprocess.run(command, capture_output=True, check=False, cwd=self.folder, env=env, encoding="utf-8")
            return Done(done.returncode, done.stdout, done.stderr)
        from tests.runner.started import Started

        how, what, *rest = arguments
        code, module = (what, "") if how == "-c" else (None, what)
        text = FORKED.format(folder=str(self.folder), argv=[module, *rest], code=code, module=module)
        return Done(*Started(self.folder, code=text).end())

    def netspec(self, *arguments: str) -> Done:
        """Run a command in the folder."""
        return self.python("-m", "netspec", *arguments)

    def answer(self, code: str) -> Any:
        """What code puts into `answer`, as JSON."""
        done = self.python("-c", f"import json\n{code}\nprint()\nprint(json.dumps(answer))")
        assert done.code == 0, done.err
        return json.loads(done.out.splitlines()[-1])

    def schema(self) -> Any:
        """The JSON Schema of the language."""
        return json.loads(self.netspec("schema").out)

    def page(self, name: str) -> str:
        """A page of the reference."""
        assert self.python("-m", "netspec.render.reference", ".").code == 0
        return (self.folder / name).read_text(encoding="utf-8")

    def passed(self, *arguments: str) -> int:
        """How many tests of a selection pass with this package; all have to."""
        if not (self.folder / "tests").exists():
            shutil.copytree(ROOT / "tests", self.folder / "tests")
            shutil.copy(ROOT / "pyproject.toml", self.folder)
        done = self.python("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "", *arguments)
        assert done.code == 0, done.out + done.err
        summary = re.search(r"(\d+) passed", done.out)
        return int(summary[1]) if summary else 0
