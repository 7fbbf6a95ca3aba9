"""One class of generated source: its parts → its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

INDENT = "    "
COMMENT_COLUMN = 60


@dataclass
class ClassText:
    """A class of nn.Module to write; a comment of its forward is None where the uses of the class differ in it."""

    name: str
    doc: str
    init: list[str]
    signature: str
    forward: list[str]
    comments: list[str | None] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The lines of the class."""
        yield from (f"class {self.name}(nn.Module):", f'{INDENT}"""{self.doc}"""', "")
        yield f"{INDENT}def __init__(self) -> None:"
        for line in ("super().__init__()", *self.init):
            yield 2 * INDENT + line
        yield from ("", INDENT + self.signature)
        for line, comment in zip(self.forward, self.comments, strict=True):
            text = 2 * INDENT + line
            yield text if comment is None else f"{text:<{COMMENT_COLUMN}}  # {comment}"
