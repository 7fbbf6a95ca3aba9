"""The socket of the picture: what is drawn is what `netspec graph` draws, of the text in the editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from netspec.checker import check
from netspec.language.load import loads
from netspec.render.pictures.build import network_tree
from tests.edit.conftest import NET
from tests.edit.requests import Page
from tests.spec_cases import ROOT


@contextmanager
def live(page: Page) -> Iterator[ClientConnection]:
    """A socket of the page."""
    address = page.access.address.replace("http", "ws") + "live"
    with connect(address, origin=f"http://{page.host}") as found:  # type: ignore[arg-type]  # Origin is a str
        yield found


def answer(socket: ClientConnection, text: str, *settings: str, number: int = 1) -> Any:
    """What is said of a text."""
    socket.send(json.dumps({"id": number, "name": "net.yaml", "text": text, "settings": settings}))
    found = json.loads(socket.recv(30))
    assert "(netspec/" not in found.get("error", ""), "a fault of netspec"
    return found


def test_the_picture_is_that_of_netspec_graph(page: Page) -> None:
    text = (ROOT / "specs/resnet18.yaml").read_text()
    with live(page) as socket:
        found = answer(socket, text)
    expected = json.dumps(network_tree(check(loads(text))).json())
    assert json.dumps(found["network"]).replace(found["path"], "<text>") == expected
    assert found["inputs"] == {"input": [3, 224, 224]}


def test_errors_stand_on_their_node_and_go(page: Page) -> None:
    wrong = NET.replace("Linear: 10", "Linear: {in_features: 63, out_features: 10}")
    with live(page) as socket:
        found = answer(socket, wrong)
        nodes = {node.get("path"): node for node in found["network"]["nodes"]}
        assert [each["code"] for each in nodes["fc"]["problems"]] == ["NS401"]
        assert [(each["code"], each["line"]) for each in found["findings"]] == [("NS401", 5)]
        again = answer(socket, NET)
    assert (again["ok"], again["findings"]) == (True, [])


def test_the_file_itself_is_not_read_but_the_text(page: Page) -> None:
    (page.home / "net.yaml").unlink()
    with live(page) as socket:
        assert answer(socket, NET)["ok"]


def test_sizes_are_tried_without_changing_the_text(page: Page) -> None:
    with live(page) as socket:
        assert answer(socket, NET, "input=[3, 9, 9]")["inputs"] == {"input": [3, 9, 9]}
        assert "nonsense" in json.dumps(answer(socket, NET, "nonsense=1"))


def test_broken_texts_are_answered_in_words(page: Page) -> None:
    with live(page) as socket:
        for text in ("", "{", "netspec: 1\n", "\0", "- a\n", "netspec: 1\ninput: [\ud800]\n"):
            found = answer(socket, text)
            assert found["error"], text
            assert "network" not in found
        assert answer(socket, NET)["ok"]


def test_of_many_changes_the_last_is_answered(page: Page) -> None:
    with live(page) as socket:
        for number in range(1, 41):
            text = NET.replace("10", str(number))
            socket.send(json.dumps({"id": number, "name": "net.yaml", "text": text, "settings": []}))
        answers = [json.loads(socket.recv(30))]
        while answers[-1]["id"] != 40:
            answers.append(json.loads(socket.recv(30)))
    assert answers[-1]["network"]["nodes"][-1]["outputs"] == [{"shape": [40], "dtype": "float32"}]
    assert len(answers) <= 40
