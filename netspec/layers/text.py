"""A kind of argument whose text stands for itself, as an equation of einsum does."""

from __future__ import annotations

import re
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.layers.arguments import Kind


@dataclass(frozen=True)
class Text(Kind):
    """Text that stands for itself, of the characters of `pattern`; `what` names it in messages."""

    what: str
    pattern: str
    longest: int = 200

    @property
    def wants(self) -> str:
        return self.what

    def accept(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > self.longest or not re.fullmatch(self.pattern, value):
            raise ValueError
        return value

    def literal(self, text: str) -> bool:
        return True

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({self.pattern})$", "maxLength": self.longest}
