"""The server over the protocol: a process of its own, spoken to over standard input and output."""

from __future__ import annotations

import json
from pathlib import Path

from lsprotocol import types

from tests.cli.commands import process
from tests.lsp.client import Editor, document, edited, place

WRONG = """\
netspec: 1
input: [1, 28, 28]
layers:
  - {name: conv1, Conv2d: {out_channels: 32, kernel_size: 5}}
  - {name: pool, MaxPool2d: 2}
  - Flatten
  - {name: fc1, Linear: {in_features: 32*4, out_features: 10}}
"""
RIGHT = WRONG.replace("32*4", "32*12*12")
URI = "file:///tmp/of-no-file/net.yaml"
WHOLE = types.Range(types.Position(0, 0), types.Position(100, 0))


def test_a_wrong_size_is_told_at_once_and_its_fix_mends_it() -> None:
    async def test(editor: Editor) -> None:
        editor.open(URI, WRONG)
        (first,) = await editor.found(URI)
        assert (first.code, first.severity, first.source) == ("NS401", types.DiagnosticSeverity.Error, "netspec")
        assert first.range == types.Range(place(WRONG, "32*4"), place(WRONG, "32*4", 4))
        (told,) = await editor.found(URI, 1, lambda found: "32*12*12" in found[0].message)
        assert "1×28×28 → conv1 32×24×24 → pool 32×12×12 → Flatten 4608 = 32·12·12" in told.message
        asked = types.CodeActionParams(document(URI), told.range, types.CodeActionContext([told]))
        actions = await editor.text_document_code_action_async(asked)
        fix = next(action for action in actions if action.is_preferred)
        assert fix.title == "in_features: 32*12*12"
        (change,) = fix.edit.changes[URI]
        assert (change.range, change.new_text) == (told.range, "32*12*12")
        version = editor.replace(URI, change.range, change.new_text)
        assert await editor.found(URI, version) == []

    edited(test)


def test_shapes_hover_symbols_completion_and_the_graph() -> None:
    async def test(editor: Editor) -> None:
        editor.open(URI, RIGHT)
        assert await editor.found(URI) == []
        hints = await editor.text_document_inlay_hint_async(types.InlayHintParams(document(URI), WHOLE))
        assert [hint.label for hint in hints] == ["→ 32×24×24 · 832", "→ 32×12×12", "→ 4608", "→ 10 · 46,090"]
        hover = await editor.text_document_hover_async(types.HoverParams(document(URI), place(RIGHT, "Conv2d")))
        assert "**1×28×28 → 32×24×24**" in hover.contents.value
        assert "- 24 = 28 - 5 + 1" in hover.contents.value
        assert "- 832 parameters = weight 32×1×5×5 + bias 32" in hover.contents.value
        symbols = await editor.text_document_document_symbol_async(types.DocumentSymbolParams(document(URI)))
        assert [each.name for each in symbols] == ["netspec", "input", "layers"]
        assert [each.name for each in symbols[2].children] == ["conv1", "pool", "Flatten", "fc1"]
        at = place(RIGHT, "out_channels")
        found = await editor.text_document_completion_async(types.CompletionParams(document(URI), at))
        assert {"out_channels", "kernel_size", "stride", "padding_mode"} >= {"stride"}
        assert "padding_mode" in {item.label for item in found.items}
        drawn = await editor.protocol.send_request_async("netspec/graph", {"textDocument": {"uri": URI}})
        assert (drawn.version, drawn.ok, drawn.sound) == (1, True, True)
        assert [
            node.line for node in drawn.picture.network.nodes if node.kind != "input" and hasattr(node, "line")
        ] == [4, 5, 6, 7]

    edited(test)


def test_a_text_without_a_file_and_other_units_of_positions() -> None:
    uri = "untitled:Untitled-1"
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])

    async def test(editor: Editor) -> None:
        text = "netspec: 1\ninput: [4]\nlayers: [{name: 🧠, Linear: {in_features: 5, out_features: 3}}]\n"
        editor.open(uri, text)
        (found,) = await editor.found(uri)
        assert found.range.start.character == len(text.splitlines()[2].partition("5")[0].encode())
        version = editor.replace(uri, found.range, "4")
        assert await editor.found(uri, version) == []
        version = editor.write(uri, text.replace("input", "include: other.yaml\ninput"))
        assert {each.code for each in await editor.found(uri, version)} >= {"NS212"}  # it has no folder

    edited(test, capabilities=types.ClientCapabilities(general=general))


def test_the_commands_of_the_lenses_write_what_they_show() -> None:
    async def test(editor: Editor) -> None:
        editor.open(URI, RIGHT)
        for command, start in (("netspec.summary", ""), ("netspec.graph", "<!doctype html>")):
            asked = types.ExecuteCommandParams(command, arguments=[URI])
            path = await editor.workspace_execute_command_async(asked)
            assert Path(path).name.startswith("net.")
            assert Path(path).read_text("utf-8").startswith(start)
            assert editor.messages.pop() == f"written to {path}"  # as this editor cannot show files
        unknown = types.ExecuteCommandParams("netspec.graph", arguments=["file:///never/opened.yaml"])
        assert await editor.workspace_execute_command_async(unknown) is None
        folders.append(Path(path).parent)

    folders: list[Path] = []
    edited(test)
    assert not folders[0].exists()


def test_it_ends_with_its_editor_and_prints_nothing_else() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"rootUri":null}}'
    done = process("lsp", stdin=b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert (done.code, done.err) == (0, "")
    head, _, answer = done.out.partition("\r\n\r\n")
    assert int(head.partition("Content-Length: ")[2].split()[0]) == len(answer)
    assert json.loads(answer)["result"]["serverInfo"]["name"] == "netspec"
