"""One completion, before it is put into the protocol's form."""

from __future__ import annotations

from lsprotocol.types import CompletionItemKind

from netspec.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion.

    Args:
        label: what is shown, and what is typed is compared with.
        text: a snippet of what is written.
        kind: of the protocol.
        rank: the smaller, the earlier.
        detail: a few words beside it.
        doc: Markdown.
    """

    label: str
    text: str
    kind: CompletionItemKind
    rank: int = 5
    detail: str | None = None
    doc: str | None = None
