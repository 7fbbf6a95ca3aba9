"""A spec's text → its canonical form, which says the same to the last comment.

Input: the text of a spec, or of a file of blocks. Output: the same in the one layout that specs have (`layout`).
"""

from __future__ import annotations

from netspec.core.diagnostics import SpecError
from netspec.core.tree import Mapping, Node, Scalar, Sequence, describe
from netspec.language.layout import arrange, layout, role_of
from netspec.language.source import compose
from netspec.language.written import Value, comments_in, read_written

MOST_ROUNDS = 5  # a comment that moves may leave room for a shorter form


class NotFormatted(Exception):
    """A text that cannot be put into its canonical form; the message is one line that says why."""


def format_text(text: str, path: str) -> str:
    """Put a spec into its canonical form: comments, anchors, numbers and quotes stay as they are written.

    Args:
        text: of a spec, or of a file of blocks that specs include.
        path: its file, for messages.

    Returns:
        The canonical text, which is its own canonical form.

    Raises:
        SpecError: it is no YAML, or not of the kind that specs use.
        NotFormatted: the result would not say the same.
    """
    before, found = compose(text, path)
    if found or before is None:
        raise SpecError(found, {path: text})
    if not isinstance(before, Mapping):
        raise NotFormatted(f"a spec is a mapping, not {describe(before)}")
    written = settled(*read_written(text))
    after, found = compose(written, path)
    same = not found and after is not None and _meaning(before) == _meaning(after)
    if not same or sorted(each for _, each in comments_in(text)) != sorted(each for _, each in comments_in(written)):
        raise NotFormatted("its canonical form would not say the same, so it stays as it is; please report the file")
    return written.replace("\n", "\r\n") if "\r\n" in text else written


def settled(head: list[str], root: Value) -> str:
    """The canonical text of values.

    Args:
        head: lines of comments before everything.
        root: the spec; is arranged.
    """
    written = ""
    for _ in range(MOST_ROUNDS):
        arrange(root)
        earlier, written = written, layout(head, root)
        if written == earlier or "#" not in written:
            break
        head, root = read_written(written)
    return written


def _meaning(node: Node, role: str = "spec") -> tuple[object, ...]:
    """What a text says, in a form that can be compared; the order of keys counts where it can mean something."""
    if isinstance(node, Scalar):
        return type(node.value).__name__, repr(node.value), node.text, node.plain and "\n" not in node.text
    if isinstance(node, Sequence):
        return ("list", *(_meaning(item, role_of(role, "")) for item in node.items))
    role = "item" if role == "layers" else role
    entries = [(key.text, _meaning(value, role_of(role, key.text))) for key, value in node]
    return ("mapping", *(sorted(entries) if role in ("spec", "item") else entries))
