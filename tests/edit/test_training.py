"""Runs started, stopped, resumed, followed and asked from the page; a quick script acts as `netspec train`."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netspec.edit import networks, processes, training
from netspec.edit.files import Folder
from netspec.edit.runs import Runs
from tests.edit.conftest import NET, serving
from tests.edit.requests import Page

HERE = Path(__file__).parent
ACTED = (sys.executable, str(HERE / "fake_netspec.py"))


@pytest.fixture(autouse=True)
def acted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands are acted."""
    monkeypatch.setattr(training, "require_packages", lambda *_: None)
    monkeypatch.setattr(processes, "NETSPEC", ACTED)
    monkeypatch.setattr(networks, "ASKED", (sys.executable, str(HERE / "fake_network.py")))


def events(page: Page, name: str) -> Iterator[dict[str, Any]]:
    """What is told of a run until it is over."""
    connection = http.client.HTTPConnection("127.0.0.1", page.access.port, timeout=30)
    try:
        connection.request("GET", f"/{page.access.token}/runs/{name}/follow", headers={"Host": page.host})
        with connection.getresponse() as lines:
            for line in lines:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))
    finally:
        connection.close()


def start(page: Page, *settings: str, spec: str = "net.yaml") -> str:
    """Start a run; its name."""
    reply = page.ask("POST", "/runs", {"spec": spec, "network": "my net!", "settings": settings})
    assert reply.status == 200, reply.body
    name: str = reply.json()["name"]
    return name


def test_a_run_is_trained_and_followed(page: Page) -> None:
    assert page.ask("GET", "/runs").json() == {"runs": [], "active": []}
    name = start(page)
    told = [*events(page, name)]
    assert name == "my-net-1"
    assert told[-1]["status"] == "finished"
    assert (told[-1]["active"], told[-1]["code"]) == (False, 0)
    assert [row["epoch"] for row in told[-1]["rows"]] == [1, 2, 3]
    assert told[-1]["lines"] == ['arguments ["train", "--out", "runs/my-net-1", "--", "net.yaml"]']
    (listed,) = page.ask("GET", "/runs").json()["runs"]
    assert (listed["name"], listed["status"], listed["resumable"]) == (name, "finished", True)
    assert start(page) == "my-net-2"


def test_a_run_is_stopped_as_by_ctrl_c_and_resumed(page: Page) -> None:
    name = start(page, "train.epochs=1000")
    told = events(page, name)
    assert any(each["rows"] for each in told)
    assert page.ask("POST", f"/runs/{name}/resume", {"settings": []}).status == 422  # it is being trained
    assert page.ask("POST", f"/runs/{name}/stop", {}).status == 200
    last = [*told][-1]
    assert (last["status"], last["code"], last["resumable"]) == ("interrupted", 130, True)
    assert page.ask("POST", f"/runs/{name}/stop", {}).status == 422
    assert page.ask("POST", f"/runs/{name}/resume", {"settings": ["train.epochs=4"]}).status == 200
    told = events(page, name)
    assert any(each["lines"] for each in told)
    page.ask("POST", f"/runs/{name}/stop", {})
    last = [*told][-1]
    assert "--resume" in last["lines"][0]
    assert '"--set", "train.epochs=4"' in last["lines"][0]


def test_a_run_that_fails_says_why(page: Page) -> None:
    (page.home / "fail.yaml").write_text("netspec: 1\n")
    told = [*events(page, start(page, spec="fail.yaml"))][-1]
    assert (told["status"], told["code"]) == ("failed", 1)
    assert "1 error" in told["lines"][-1]
    assert "\x1b" not in told["lines"][-1]


def test_a_run_that_was_cut_off_is_no_running_one(page: Page) -> None:
    folder = page.home / "runs/cut-1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"name": "cut", "status": "running"}))
    (folder / "spec.yaml").write_text("netspec: 1\n")
    (folder.parent / "other").mkdir()
    assert [(each["name"], each["status"]) for each in page.ask("GET", "/runs").json()["runs"]] == [
        ("cut-1", "interrupted")
    ]
    assert [*events(page, "cut-1")][-1]["active"] is False


def test_runs_are_compared_as_the_command_does(page: Page) -> None:
    names = [start(page), start(page)]
    for name in names:
        assert [*events(page, name)]
    found = page.ask("POST", "/compare", {"names": names}).json()
    assert [Path(each["run"]).name for each in found["runs"]] == names
    assert page.ask("POST", "/compare", {"names": ["../x", *names]}).status == 403
    assert page.ask("POST", "/compare", {"names": ["no-such-run"]}).status == 422


def test_a_file_is_predicted_by_one_process_for_all(page: Page) -> None:
    name = start(page)
    assert [*events(page, name)]
    first = page.ask("POST", f"/runs/{name}/predict?file=seven.png", b"seven").json()
    assert (first["said"], first["predictions"][0]["file"]) == ("seven", "seven.png")
    assert page.ask("GET", f"/runs/{name}/scores").json()["said"] == "scores"
    bad = page.ask("POST", f"/runs/{name}/predict?file=bad.png", b"bad")
    assert (bad.status, bad.json()["error"]) == (422, "no picture")
    again = page.ask("POST", f"/runs/{name}/predict?file=x.png", b"x").json()
    assert again["predictions"][0]["values"] == first["predictions"][0]["values"]  # the same process
    assert page.ask("POST", f"/runs/{name}/predict?file=x.png", b"die").status == 422
    assert page.ask("POST", f"/runs/{name}/predict?file=x.png", b"x").status == 200
    os.utime(page.home / "runs", (1, 1))
    (page.home / f"runs/{name}/best.safetensors").write_bytes(b"new")
    later = page.ask("POST", f"/runs/{name}/predict?file=x.png", b"x").json()
    assert later["predictions"][0]["values"] != again["predictions"][0]["values"]  # of the new weights


@pytest.mark.parametrize("name", ["..", "%2e%2e", "a%2fb", "-x%20y", "out", "%00"])
def test_no_name_of_a_run_leads_out_of_the_folder(page: Page, name: str) -> None:
    (page.home / "runs").mkdir()
    (page.home.parent / "secret").mkdir()
    (page.home.parent / "secret/mistakes.png").write_bytes(b"secret")
    (page.home / "runs/out").symlink_to(page.home.parent / "secret")
    assert page.ask("GET", f"/runs/{name}/pictures/mistakes.png").status in (403, 404)
    for what in ("scores", "follow"):
        assert page.ask("GET", f"/runs/{name}/{what}").status in (403, 404)
    assert page.ask("POST", f"/runs/{name}/predict?file=x.png", b"x").status in (403, 404)
    assert page.ask("POST", f"/runs/{name}/resume", {"settings": []}).status in (403, 404)


def test_pictures_of_a_run_alone_are_sent(page: Page) -> None:
    folder = page.home / "runs/a"
    folder.mkdir(parents=True)
    (folder / "mistakes.png").write_bytes(b"picture")
    (folder / "spec.yaml").write_text("secret")
    assert page.ask("GET", "/runs/a/pictures/mistakes.png").body == b"picture"
    for name in ("spec.yaml", "last.ckpt", "..%2fnet.yaml", "curves.png"):
        assert page.ask("GET", f"/runs/a/pictures/{name}").status in (403, 404)
    (folder / "curves.png").symlink_to(page.home.parent / "outside.yaml")
    assert page.ask("GET", "/runs/a/pictures/curves.png").status == 422


@pytest.mark.parametrize("file", ["x.py", "x", "", "x.yaml"])
def test_other_files_are_not_taken(page: Page, file: str) -> None:
    assert page.ask("POST", f"/runs/a/predict?file={file}", b"x").status == 403


@pytest.mark.parametrize("settings", [[1], "x", None, ["a"] * 1000])
def test_settings_are_texts(page: Page, settings: object) -> None:
    asked = {"spec": "net.yaml", "network": "n", "settings": settings}
    assert page.ask("POST", "/runs", asked).status == 400


def test_a_spec_outside_the_folder_is_not_trained(page: Page) -> None:
    for spec in ("../outside.yaml", "--help.yaml/../x.yaml", "/etc/x.yaml"):
        asked = {"spec": spec, "network": "n", "settings": []}
        assert page.ask("POST", "/runs", asked).status == 403


def test_names_of_runs_are_free_and_plain(tmp_path: Path) -> None:
    runs = Runs(Folder(tmp_path))
    assert runs.free_name("../../x y") == "x-y-1"
    assert runs.free_name("") == "run-1"
    (tmp_path / "runs/run-1").mkdir(parents=True)
    assert runs.free_name("") == "run-2"


def test_what_trains_ends_with_the_server(tmp_path: Path) -> None:
    """It is told so as by Ctrl-C, and has kept its run when the server is gone."""
    (tmp_path / "net.yaml").write_text(NET)
    with serving(tmp_path) as page:
        name = start(page, "train.epochs=1000")
        assert next(each["rows"] for each in events(page, name) if each["rows"])
        assert page.ask("GET", "/runs").json()["active"] == [name]
    assert json.loads((tmp_path / f"runs/{name}/run.json").read_text())["status"] == "interrupted"
