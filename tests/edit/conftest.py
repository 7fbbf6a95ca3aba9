"""A server of the page on a folder of its own, in a thread, and requests to it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="netspec[edit] is not installed")
pytest.importorskip("uvicorn", reason="netspec[edit] is not installed")

from netspec.compiler.plugins.permission import plugin_permission
from netspec.edit.app import Setting
from netspec.edit.files import Folder
from netspec.edit.serve import make_server
from tests.edit.requests import Page

NET = "netspec: 1\ninput: [1, 8, 8]\nlayers:\n  - Flatten\n  - {name: fc, Linear: 10}\n"


@contextmanager
def serving(home: Path) -> Iterator[Page]:
    """A page on a folder."""
    served = make_server(Setting(Folder(home), plugin_permission(False), first="net.yaml"))
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        yield Page(served.access, home)
    finally:
        served.server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page on a folder, for all tests of a file."""
    home = tmp_path_factory.mktemp("server") / "home"
    home.mkdir()
    with serving(home) as page:
        yield page


@pytest.fixture
def page(server: Page) -> Page:
    """A page on a folder with `net.yaml` alone; beside the folder lies `outside.yaml`."""
    for path in (server.home, server.home.parent):
        for each in path.iterdir():
            if each != server.home:
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    (server.home / "net.yaml").write_text(NET)
    (server.home.parent / "outside.yaml").write_text(NET)
    return server
