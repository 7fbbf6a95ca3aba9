"""Files are opened and saved, and no edit of another program is lost."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from netspec.edit.files import Changed, Folder, Refused, version_of
from tests.edit.conftest import NET
from tests.edit.requests import Page


def test_a_file_is_opened_changed_and_saved(page: Page) -> None:
    opened = page.ask("GET", "/files/net.yaml").json()
    assert opened["text"] == NET
    saved = page.ask("PUT", "/files/net.yaml", {"text": NET + "# more\n", "version": opened["version"]})
    assert saved.status == 200
    assert (page.home / "net.yaml").read_text() == NET + "# more\n"
    again = page.ask("PUT", "/files/net.yaml", {"text": NET, "version": saved.json()["version"]})
    assert (again.status, (page.home / "net.yaml").read_text()) == (200, NET)


def test_an_edit_of_another_program_is_not_lost(page: Page) -> None:
    opened = page.ask("GET", "/files/net.yaml").json()
    (page.home / "net.yaml").write_text("netspec: 1 # theirs\n")
    reply = page.ask("PUT", "/files/net.yaml", {"text": "mine", "version": opened["version"]})
    assert reply.status == 409
    now = reply.json()["now"]
    assert now["text"] == "netspec: 1 # theirs\n"
    assert (page.home / "net.yaml").read_text() == "netspec: 1 # theirs\n"
    reply = page.ask("PUT", "/files/net.yaml", {"text": "mine", "version": now["version"]})  # the user has chosen
    assert (reply.status, (page.home / "net.yaml").read_text()) == (200, "mine")


def test_a_new_file_takes_no_ones_place(page: Page) -> None:
    assert page.ask("PUT", "/files/a/b/new.yaml", {"text": "one", "version": None}).status == 200
    reply = page.ask("PUT", "/files/a/b/new.yaml", {"text": "two", "version": None})
    assert (reply.status, reply.json()["now"]["text"]) == (409, "one")
    assert (page.home / "a/b/new.yaml").read_text() == "one"
    assert [path.name for path in (page.home / "a/b").iterdir()] == ["new.yaml"]


def test_a_file_that_is_gone_is_asked_about(page: Page) -> None:
    opened = page.ask("GET", "/files/net.yaml").json()
    (page.home / "net.yaml").unlink()
    reply = page.ask("PUT", "/files/net.yaml", {"text": "mine", "version": opened["version"]})
    assert (reply.status, reply.json()["now"]["version"]) == (409, None)


def test_a_file_that_comes_at_the_last_moment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)

    def link(source: str, target: Path) -> None:
        target.write_text("theirs")
        raise FileExistsError

    monkeypatch.setattr("os.link", link)
    with pytest.raises(Changed) as changed:
        folder.save("new.yaml", "mine", None)
    assert changed.value.now.text == "theirs"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]


def test_bytes_beside_the_text_stay(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes("\ufeffnetspec: 1\r\ninput: [4]\r\n".encode())
    path.chmod(0o640)
    folder = Folder(tmp_path)
    opened = folder.open("net.yaml")
    folder.save("net.yaml", opened.text.replace("4", "5"), opened.version)
    assert path.read_bytes() == "\ufeffnetspec: 1\r\ninput: [5]\r\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_empty_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").touch()
    opened = Folder(tmp_path).open("net.yaml")
    assert (opened.text, opened.version) == ("", version_of(""))
    Folder(tmp_path).save("net.yaml", "netspec: 1\n", opened.version)
    assert (tmp_path / "net.yaml").read_text() == "netspec: 1\n"


@pytest.mark.parametrize(
    "name", ["", "/", ".", "..", "a/../b.yaml", "a\nb.yaml", "x" * 2000 + ".yaml", "a.py", "C:/a.yaml"]
)
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        Folder(tmp_path).place(name)


def test_specs_alone_are_listed(page: Page) -> None:
    (page.home / "other.yaml").write_text("services: {}\n")
    (page.home / "more").mkdir()
    (page.home / "more/part.yml").write_text("netspec: 1\nblocks: {}\n")
    assert page.ask("GET", "/files").json()["names"] == ["net.yaml", "more/part.yml"]


def test_shipped_specs_are_offered(page: Page) -> None:
    names = page.ask("GET", "/shipped").json()
    assert {"digits", "resnet18"} <= {*names}
    begun = page.ask("POST", "/shipped/tabular", {"name": "mine/net.yaml"})
    assert begun.json()["text"] == (page.home / "mine/net.yaml").read_text()
    assert [path.suffix for path in sorted((page.home / "mine").iterdir())] == [".yaml", ".csv"][::-1] or [
        path.name for path in (page.home / "mine").iterdir()
    ]
    assert page.ask("POST", "/shipped/tabular", {"name": "mine/net.yaml"}).status == 409
    assert page.ask("POST", "/shipped/..%2fnetspec", {"name": "x.yaml"}).status in (403, 404)
    assert page.ask("POST", "/shipped/digits", {"name": "../x.yaml"}).status == 403
