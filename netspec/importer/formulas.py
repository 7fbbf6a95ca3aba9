"""A fixed tensor → the `value` of a buffer: a number, a word, a formula over its indices, or the list of its numbers.

A formula is found where the tensor is a sum of one function for each axis, each of which is linear in the digits of its
index (tables of relative positions) or rises in a few steps (labels of regions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch

SHORT_LIST, LONGEST_LIST = 16, 4096
MOST_STEPS = 4
MOST_LETTERS = 150
MOST_STRIDE = 4


@dataclass(frozen=True)
class Formula:
    """A formula of a buffer: its words, and its numbers at the odd places."""

    parts: tuple[Any, ...]

    @classmethod
    def of(cls, text: str) -> Formula:
        """The formula of a text; the digits of `i0` are no number."""
        parts = re.split(r"(?<![\w.])(\d+)(?![\w.])", text)
        return cls(tuple(int(part) if place % 2 else part for place, part in enumerate(parts)))

    def __str__(self) -> str:
        said = (part if place % 2 == 0 else _operand(part) for place, part in enumerate(self.parts))
        return "".join(said)


def _operand(part: object) -> str:
    """A number, a parameter, or an expression in brackets."""
    text = str(part)
    return text if text.isidentifier() or text.isdecimal() else f"({text})"


def value_of(tensor: torch.Tensor) -> Any:
    """What a buffer's `value` may say for a tensor of any shape; None where it has no short form."""
    if tensor.is_meta or tensor.is_complex():
        return None
    if tensor.numel() == 0:
        return 0
    first = tensor.flatten()[0].item()
    if bool((tensor == first).all()) and tensor.dtype != torch.bool:
        return number(first)
    if tensor.dim() == 1 and torch.equal(tensor, torch.arange(len(tensor)).to(tensor.dtype)):
        return "arange"
    if tensor.dim() == 2 and tensor.dtype != torch.bool:
        for word, made in (("eye", torch.eye(*tensor.shape)), ("tril", torch.ones(tensor.shape).tril())):
            if torch.equal(tensor, made.to(tensor.dtype)):
                return word
    if tensor.numel() <= SHORT_LIST:
        return numbers(tensor)
    if tensor.dtype == torch.bool:
        return _triangle(tensor)
    return _sum_of_axes(tensor) or _distances(tensor)


def long_value(tensor: torch.Tensor) -> Any:
    """The list of a tensor's numbers, where that is not too long."""
    return numbers(tensor) if not tensor.is_meta and tensor.numel() <= LONGEST_LIST else None


def numbers(tensor: torch.Tensor) -> Any:
    """The numbers of a tensor in lists, each as short as it can be read back."""
    if tensor.dim() == 0:
        return number(tensor.item())
    return [numbers(each) for each in tensor]


def number(value: Any) -> Any:
    """A number of float32 as the shortest text that stands for it."""
    if not isinstance(value, float):
        return value
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if torch.tensor(short, dtype=torch.float32).item() == torch.tensor(value, dtype=torch.float32).item():
            return short
    return value


def _triangle(tensor: torch.Tensor) -> str | None:
    """`i0 >= i1`, for a mask of two axes; others before them have the size 1."""
    first, second = tensor.dim() - 2, tensor.dim() - 1
    if first < 0 or tensor.numel() != tensor.shape[first] * tensor.shape[second]:
        return None
    rows, columns = torch.meshgrid(*(torch.arange(size) for size in tensor.shape[-2:]), indexing="ij")
    signs = {">=": rows >= columns, ">": rows > columns, "<=": rows <= columns, "<": rows < columns}
    found = (f"i{first} {sign} i{second}" for sign, made in signs.items() if torch.equal(tensor.view_as(made), made))
    return next(found, None)


def _distances(tensor: torch.Tensor) -> str | None:
    """The formula of a table of whole numbers that are distances in a grid: `14*abs(i0//14 - i1//14) + abs(…)`.

    Its rows and its columns are the places of two grids; one of them may be coarser, as that of strided queries.
    """
    if tensor.dim() != 2 or tensor.is_floating_point() or tensor.is_complex() or min(tensor.shape) < 4:
        return None
    rows, columns = (torch.arange(size) for size in tensor.shape)
    for width in (size for size in range(2, len(columns)) if len(columns) % size == 0):
        for stride in (size for size in range(1, MOST_STRIDE + 1) if width % size == 0):
            narrow = width // stride
            if len(rows) % narrow:
                continue
            down = (stride * (rows // narrow)[:, None] - columns // width).abs()
            right = (stride * (rows % narrow)[:, None] - columns % width).abs()
            if torch.equal(int(tensor[0, width]) * down + int(tensor[0, 1]) * right, tensor.to(torch.int64)):
                step = f"{stride}*" if stride > 1 else ""
                apart = f"abs({step}(i0//{narrow}) - i1//{width})", f"abs({step}(i0%{narrow}) - i1%{width})"
                return _joined([(int(tensor[0, width]), apart[0]), (int(tensor[0, 1]), apart[1])], 0)
    return None


def _sum_of_axes(tensor: torch.Tensor) -> str | None:
    """The formula of a tensor of whole numbers that is a sum of functions of one index each."""
    whole = tensor.to(torch.int64)
    if not torch.equal(whole.to(tensor.dtype), tensor):
        return None
    start = int(whole.flatten()[0])
    total = torch.full_like(whole, start)
    terms: list[tuple[int, str]] = []
    for axis, size in enumerate(whole.shape):
        line = whole[tuple(slice(None) if each == axis else 0 for each in range(whole.dim()))] - start
        found = _digits(line.tolist(), f"i{axis}") or _steps(line.tolist(), f"i{axis}")
        if found is None:
            return None
        terms += found
        total = total + line.reshape([size if each == axis else 1 for each in range(whole.dim())])
    if not torch.equal(total, whole):
        return None
    text = _joined(terms, start)
    return text if len(text) <= MOST_LETTERS else None


def _digits(line: list[int], index: str) -> list[tuple[int, str]] | None:
    """A function of an index that starts with 0 as a sum over the index's digits: `13*(i0//7) - i0%7`."""
    terms: list[tuple[int, str]] = []
    divisor, whole = 1, line
    while len(whole) > 1:
        step = whole[1]
        run = next((at for at in range(len(whole)) if whole[at] != step * at), len(whole))
        if len(whole) % run or any(whole[at] != whole[at - at % run] + step * (at % run) for at in range(len(whole))):
            return None
        digit = index if divisor == 1 else f"{index}//{divisor}"
        if run < len(whole):
            digit = f"{digit}%{run}"
        if step:
            terms.append((step, digit))
        divisor, whole = divisor * run, whole[::run]
    return terms


def _steps(line: list[int], index: str) -> list[tuple[int, str]] | None:
    """A function that changes at a few indices: `sign(i0//49)` is 1 from 49 on."""
    changes = [at for at in range(1, len(line)) if line[at] != line[at - 1]]
    if len(changes) > MOST_STEPS:
        return None
    return [(line[at] - line[at - 1], f"sign({index}//{at})") for at in changes]


def _joined(terms: list[tuple[int, str]], start: int) -> str:
    text = ""
    for factor, term in sorted(terms, key=lambda pair: (pair[0] < 0, -abs(pair[0]))):
        size = abs(factor)
        loose = ("/" in term or "%" in term) and not term.endswith(")")
        shown = term if size == 1 else f"{size}*({term})" if loose else f"{size}*{term}"
        text += (" - " if factor < 0 else " + ") + shown
    text += f" {'-' if start < 0 else '+'} {abs(start)}" if start else ""
    return f"-{text[3:]}" if text.startswith(" - ") else text.removeprefix(" + ")
