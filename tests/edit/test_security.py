"""Who is answered: this page alone. Each wall is tried from outside, on a server that listens."""

from __future__ import annotations

import json
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from netspec.edit.security import Access
from tests.edit.requests import Page


def test_the_page_is_answered(page: Page) -> None:
    reply = page.ask("GET", "/", Origin=None)  # as a browser opens an address
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.ask("GET", "/files").json()["names"] == ["net.yaml"]


@pytest.mark.parametrize("path", ["/", "/files", "/wrong-token/", "/wrong-token/files", "", "/theme.css"])
def test_without_the_token_nothing_is_answered(page: Page, path: str) -> None:
    reply = page.raw("GET", path or "/")
    assert reply.status == 404
    assert page.access.token.encode() not in reply.body


def test_a_part_of_the_token_is_not_the_token(page: Page) -> None:
    for token in (page.access.token[:-1], page.access.token + "x", page.access.token.swapcase()):
        assert page.raw("GET", f"/{token}/files").status == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}", None]
)
def test_another_name_of_the_host_is_refused(page: Page, host: str | None) -> None:
    """As a name has that someone else lets lead to 127.0.0.1."""
    named = None if host is None else host.format(port=page.access.port)
    assert page.ask("GET", "/files", Host=named).status in (400, 421)


def test_both_names_of_the_loopback_address_pass(page: Page) -> None:
    for host in page.access.hosts:
        assert page.ask("GET", "/files", Host=host, Origin=f"http://{host}").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1", ""])
def test_another_page_is_refused(page: Page, origin: str) -> None:
    sent = origin.format(port=page.access.port)
    assert page.ask("GET", "/files", Origin=sent).status == 403
    save = {"text": "netspec: 1\n", "version": None}
    assert page.ask("PUT", "/files/new.yaml", save, Origin=sent).status == 403
    assert not (page.home / "new.yaml").exists()


def test_what_changes_something_needs_an_origin(page: Page) -> None:
    save = {"text": "netspec: 1\n", "version": None}
    assert page.ask("PUT", "/files/new.yaml", save, Origin=None).status == 403
    assert page.ask("PUT", "/files/new.yaml", save).status == 200


@pytest.mark.parametrize(
    ("token", "origin", "host"),
    [("wrong", None, None), (None, "http://evil.example", None), (None, "", None), (None, None, "evil.example")],
)
def test_a_socket_is_refused_for_the_same(page: Page, token: str | None, origin: str | None, host: str | None) -> None:
    address = f"ws://127.0.0.1:{page.access.port}/{token or page.access.token}/language"
    sent = f"http://{page.host}" if origin is None else origin or None
    with socket.create_connection(("127.0.0.1", page.access.port)) as plain:
        lines = [
            f"GET {address.partition(str(page.access.port))[2]} HTTP/1.1",
            f"Host: {host or page.host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *([f"Origin: {sent}"] if sent else []),
        ]
        plain.sendall("\r\n".join([*lines, "", ""]).encode())
        assert plain.recv(100).split()[1] == b"403"


def test_a_socket_of_the_page_is_answered(page: Page) -> None:
    address = page.access.address.replace("http", "ws") + "language"
    with connect(address, origin=f"http://{page.host}") as found:  # type: ignore[arg-type]  # Origin is a str
        found.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}))
        assert json.loads(found.recv(20))["id"] == 1
    with pytest.raises(InvalidStatus):
        connect(address + "r", origin=f"http://{page.host}").close()  # type: ignore[arg-type]


def test_only_the_loopback_address_listens(page: Page) -> None:
    others = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for other in [each for each in others if not str(each).startswith("127.")]:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((str(other), page.access.port), timeout=5)


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.yaml", "%2e%2e/outside.yaml", "..%2foutside.yaml", "a/../../outside.yaml", "%2fetc%2fpasswd"),
        *("link.yaml", "linked/outside.yaml", "..%5coutside.yaml", ".hidden.yaml", "net.yaml%00.yaml", "net.txt"),
    ],
)
def test_no_path_leads_out_of_the_folder(page: Page, name: str) -> None:
    beside = page.home.parent
    (page.home / "link.yaml").symlink_to(beside / "outside.yaml")
    (page.home / "linked").symlink_to(beside)
    (page.home / ".hidden.yaml").write_text("netspec: 1\n")
    before = (beside / "outside.yaml").read_text()
    assert page.ask("GET", f"/files/{name}").status in (403, 404)
    for version in (None, "x"):
        assert page.ask("PUT", f"/files/{name}", {"text": "netspec: 1 # mine\n", "version": version}).status in (
            403,
            404,
        )
    assert (beside / "outside.yaml").read_text() == before
    assert sorted(path.name for path in beside.iterdir()) == ["home", "outside.yaml"]


@pytest.mark.parametrize("name", ["../app.py", "..%2f..%2fapp.py", "nothing.js"])
def test_of_the_package_only_the_page_is_sent(page: Page, name: str) -> None:
    assert page.ask("GET", f"/assets/{name}").status in (403, 404)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": 1, "version": null}', b'{"text": "a"' + b"[" * 50_000])
def test_what_no_page_sends_is_refused_in_words(page: Page, body: bytes) -> None:
    reply = page.ask("PUT", "/files/new.yaml", body)
    assert (reply.status, list(reply.json())) == (400, ["error"])
    assert not (page.home / "new.yaml").exists()


def test_a_wall_that_is_gone_would_show() -> None:
    """The refusals come from `Access`: each of its parts is needed for one of them."""
    access = Access("t", 1)
    good = [(b"host", b"localhost:1"), (b"origin", b"http://localhost:1")]
    assert access.refusal("http", "PUT", "/t/files", good) == (0, "")
    assert access.refusal("http", "PUT", "/u/files", good)[0] == 404
    assert access.refusal("http", "PUT", "/t/files", good[1:])[0] == 421
    assert access.refusal("http", "PUT", "/t/files", [*good, good[0]])[0] == 421
    assert access.refusal("http", "PUT", "/t/files", [*good, (b"origin", b"http://evil")])[0] == 403
