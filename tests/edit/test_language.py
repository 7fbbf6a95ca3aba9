"""The socket of the language server: what is drawn is what `netspec graph` draws, of the text in the editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from netspec.checker import check
from netspec.edit.files import Folder
from netspec.edit.language import allowed, root_uri
from netspec.language.load import load
from netspec.render.pictures.build import network_tree
from tests.edit.conftest import NET
from tests.edit.requests import Page
from tests.spec_cases import ROOT


class Editor:
    """One text of a page, as its editor tells the server of it."""

    def __init__(self, socket: ClientConnection, page: Page, name: str = "net.yaml") -> None:
        self.socket, self.number, self.version = socket, 0, 0
        self.uri = f"{root_uri(Folder(page.home))}/{name}"
        self.ask("initialize", processId=None, rootUri="file:///etc", capabilities={})
        self.tell("initialized")

    def tell(self, method: str, **params: object) -> None:
        """Send a notification."""
        self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method: str, **params: object) -> Any:
        """The answer to a request."""
        self.number += 1
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}))
        while (found := json.loads(self.socket.recv(30))).get("id") != self.number:
            pass
        return found.get("result", found.get("error"))

    def open(self, text: str) -> None:
        """Open the text."""
        document = {"uri": self.uri, "languageId": "netspec", "version": 0, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)

    def change(self, text: str) -> None:
        """Change it."""
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def draw(self, *settings: str) -> Any:
        """Its picture."""
        return self.ask("netspec/graph", textDocument={"uri": self.uri}, settings=settings)


@contextmanager
def editor(page: Page, text: str = NET) -> Iterator[Editor]:
    """The editor of a page, with a text."""
    address = page.access.address.replace("http", "ws") + "language"
    with connect(address, origin=f"http://{page.host}") as socket:  # type: ignore[arg-type]  # Origin is a str
        found = Editor(socket, page)
        found.open(text)
        yield found


def test_the_picture_is_that_of_netspec_graph(page: Page) -> None:
    text = (ROOT / "specs/resnet18.yaml").read_text()
    with editor(page, text) as found:
        drawn = found.draw()
    (page.home / "net.yaml").write_text(text)
    assert drawn["picture"]["network"] == network_tree(check(load(page.home / "net.yaml"))).json()
    assert drawn["ok"]


def test_errors_stand_on_their_node_and_go(page: Page) -> None:
    with editor(page, NET.replace("Linear: 10", "Linear: {in_features: 63, out_features: 10}")) as found:
        nodes = {node.get("path"): node for node in found.draw()["picture"]["network"]["nodes"]}
        assert [each["code"] for each in nodes["fc"]["problems"]] == ["NS401"]
        found.change(NET)
        assert found.draw()["ok"]


def test_the_page_itself_chooses_the_language_of_findings(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_LANG", "zh")
    message = "Linear expects 63 features, gets 64"
    with editor(page, NET.replace("Linear: 10", "Linear: {in_features: 63, out_features: 10}")) as found:
        assert message in json.dumps(found.draw())
    (chinese,) = page.ask("POST", "/translations", {"texts": [message], "language": "zh"}).json()["texts"]
    assert "63" in chinese
    assert "expects" not in chinese
    assert page.ask("POST", "/translations", {"texts": [message], "language": "xx"}).json()["texts"] == [message]
    assert page.ask("POST", "/translations", {"texts": [1], "language": "zh"}).status == 400


def test_the_file_itself_is_not_read_but_the_text(page: Page) -> None:
    (page.home / "net.yaml").unlink()
    with editor(page) as found:
        assert found.draw()["ok"]


def test_sizes_are_tried_without_changing_the_text(page: Page) -> None:
    with editor(page) as found:
        tried = found.draw("input=[3, 9, 9]")["picture"]["network"]["nodes"][0]["outputs"]
        assert tried == [{"shape": [3, 9, 9], "dtype": "float32"}]
        assert found.draw()["picture"]["network"]["nodes"][0]["outputs"][0]["shape"] == [1, 8, 8]


def test_for_which_sizes_a_text_is_right_is_told(page: Page) -> None:
    text = "netspec: 1\ninput: [3, 8]\nlayers:\n  - Conv1d: {out_channels: 2, kernel_size: 5}\n"
    told = page.ask("POST", "/sizes", {"name": "net.yaml", "text": text}).json()["told"]
    assert "at least 5" in told
    assert "What the spec declares, C = 3, L = 8, is right" in told
    assert "NS1" in page.ask("POST", "/sizes", {"name": "net.yaml", "text": "{"}).json()["told"]
    assert page.ask("POST", "/sizes", {"name": "../net.yaml", "text": NET}).status == 403


def test_broken_texts_are_answered_and_the_next_one_too(page: Page) -> None:
    with editor(page) as found:
        for text in ("", "{", "netspec: 1\n", "\0", "- a\n"):
            found.change(text)
            drawn = found.draw()
            assert drawn is None or drawn["picture"] is None, text
        found.change(NET)
        assert found.draw()["ok"]
        found.socket.send("no JSON")
        found.socket.send("[1]")
        assert found.draw()["ok"]


def test_a_spec_includes_nothing_of_outside(page: Page) -> None:
    with editor(page, f"include: [../outside.yaml]\n{NET}") as found:
        assert not found.draw()["ok"]
        actions = found.ask(
            "textDocument/hover", textDocument={"uri": found.uri}, position={"line": 0, "character": 14}
        )
    assert "Flatten" not in json.dumps(actions)


def test_no_plugin_runs_that_was_not_allowed(page: Page) -> None:
    ran = page.home / "ran"
    (page.home / "own.py").write_text(f"import pathlib\npathlib.Path({str(ran)!r}).write_text('x')\nLAYERS = {{}}\n")
    with editor(page, f"plugins: [own]\n{NET}") as found:
        assert "NS701" in json.dumps(found.draw())
    assert not ran.exists()


@pytest.mark.parametrize(
    "uri", ["file:///etc/net.yaml", "{root}/../net.yaml", "{root}/a/../../net.yaml", "untitled:net.yaml", "{root}", ""]
)
def test_texts_outside_the_folder_are_not_opened(page: Page, uri: str) -> None:
    folder = Folder(page.home)
    named = {"uri": uri.format(root=root_uri(folder))}
    message = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {**named, "text": NET}}}
    assert not allowed(message, folder)
    own = {"uri": f"{root_uri(folder)}/net.yaml"}
    assert allowed({**message, "params": {"textDocument": own}}, folder)


def test_what_the_page_does_not_ask_is_refused(page: Page) -> None:
    with editor(page) as found:
        refused = found.ask("workspace/executeCommand", command="x", arguments=[])
        assert refused["code"] == -32601
        assert found.draw()["ok"]


def test_every_layer_can_be_inserted(page: Page) -> None:
    """Each item of the palette is one that the language knows."""
    layers = page.ask("GET", "/layers").json()
    assert {"Conv2d", "concat"} <= {each["name"] for each in layers}
    items = "\n".join(f"  - {each['text']}" for each in layers)
    report = check(load_text(page, f"netspec: 1\ninput: [4]\nlayers:\n{items}\n"), fixes=False)
    wrong = {each.code for each in report.diagnostics if each.code[:3] in ("NS1", "NS2") and each.severity == "error"}
    assert wrong == set()


def load_text(page: Page, text: str) -> Any:
    """The spec of a text."""
    (page.home / "all.yaml").write_text(text)
    return load(page.home / "all.yaml")
