"""Products of matrices and vectors: matmul where the axes of one sample are enough for it, else einsum by letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

from netspec.importer.aligning import reshaped, together
from netspec.importer.binding import bound
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held, batch_axis
from netspec.importer.traced import TracedCall

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering


_BEFORE = "nabcdefgh"  # the axes before a matrix, of which the batch is the first


def matmul(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`matmul`, `@`, `bmm`, `mm` and `mv` of two tensors, of which one may be a matrix or vector of the module."""
    operands = [*call.args, *call.kwargs.values()]
    if call.function.endswith("__rmatmul__"):
        operands.reverse()
    first, second = (lowering.held(each) for each in operands[:2])
    return [product(lowering, first, second, call.result.shape)]


def product(lowering: Lowering, first: Held, second: Held, shape: tuple[int, ...]) -> Held:
    """The product of two tensors as torch.matmul defines it: of one axis a vector, else of the last two.

    Raises:
        NotSayable: it runs along the batch.
    """
    batch_axis(shape)  # for its reason
    if min(first.rank, second.rank) >= 2 and all(x.at is None or x.at < x.rank - 2 for x in (first, second)):
        pair = together(lowering, [first, second], shape)
        if all(x.at is None or x.at < x.rank - 2 for x in pair):
            return lowering.emit("matmul", pair, {}, [shape])[0]
    return by_letters(lowering, [first, second], *_letters(first.rank, second.rank), shape)


def _letters(first: int, second: int) -> tuple[list[str], str]:
    """The equation of torch.matmul for two tensors of so many axes: rows `i`, columns `k`, summed over `j`."""
    before = _BEFORE[: max(first, second, 2) - 2]
    one = before[len(before) - max(0, first - 2) :] + ("ij" if first > 1 else "j")
    other = before[len(before) - max(0, second - 2) :] + ("jk" if second > 1 else "j")
    return [one, other], before + "i" * (first > 1) + "k" * (second > 1)


def by_letters(
    lowering: Lowering, inputs: Sequence[Held], terms: Sequence[str], output: str, shape: tuple[int, ...]
) -> Held:
    """A sum of products; a tensor without the batch gets the batch's letter, for which it has one number.

    In the spec the batch comes first, and a factor that is folded into its axis has a letter of its own there.

    Raises:
        NotSayable: the sum runs over the batch, or one tensor's batch meets another axis.
    """
    real = [(x, term) for x, term in zip(inputs, terms, strict=True) if x.at is not None and x.shape[x.at] != 1]
    letters = {term[x.at or 0] for x, term in real}
    if len(letters) > 1 or not {*output} >= letters:
        raise NotSayable("the product runs along the batch")
    if len({(x.fold, x.outer, x.shape[x.at or 0]) for x, _ in real}) > 1:
        raise NotSayable("the batch of one tensor meets another axis of the other")
    free = iter(each for each in f"n{ascii_lowercase}{ascii_uppercase}" if each not in "".join((*terms, output)))
    letter = next(iter(letters)) if letters else next(free)
    factor = next(free) if any(x.fold for x, _ in real) else ""
    given: list[Held] = []
    named: list[str] = []
    for x, term in zip(inputs, terms, strict=True):
        if x.at is not None and term[x.at] != letter:  # an axis of size 1 that is not the batch's here
            x = reshaped(lowering, x, x.shape, x.shape, at=None)
        if x.at is None and letter in term:
            raise NotSayable("a constant has numbers of its own for each sample")
        given.append(x)
        named.append(letter + (term if x.at is None else term.replace(letter, factor if x.fold else "", 1)))
    equation = f"{','.join(named)}->{letter}{output.replace(letter, factor, 1)}"
    (out,) = lowering.emit("einsum", given, {"equation": equation}, [shape])
    if not letters:
        return Held(out.ref, shape, None)
    return Held(out.ref, shape, output.index(letter), bool(factor), any(x.outer for x, _ in real))


def einsum(lowering: Lowering, call: TracedCall) -> list[Held]:
    """Sums of products by letters."""
    equation, *operands = call.args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = [*operands[0]]
    inputs = [lowering.held(each) for each in operands]
    if all(x.usual for x in inputs):
        return lowering.emit("einsum", inputs, {"equation": equation}, [call.result.shape])
    terms, output = _without_dots(equation.replace(" ", ""), [x.rank for x in inputs])
    return [by_letters(lowering, inputs, terms, output, call.result.shape)]


def _without_dots(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The terms of an equation and its output, with letters for the axes of `...`, which are aligned at the last one.

    Raises:
        NotSayable: it has no output.
    """
    left, arrow, output = equation.partition("->")
    if not arrow:
        raise NotSayable("the batch does not come first in all inputs")
    free = [letter for letter in ascii_uppercase if letter not in equation]
    terms = left.split(",")
    counts = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    most = max((count for term, count in zip(terms, counts, strict=True) if "..." in term), default=0)
    spread = [
        term.replace("...", "".join(free[most - count : most])) for term, count in zip(terms, counts, strict=True)
    ]
    return spread, output.replace("...", "".join(free[:most]))


def addmm(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`addmm` and `baddbmm`: a product, and what is added to it."""
    given = bound(call)
    if (given.get("beta", 1), given.get("alpha", 1)) != (1, 1):
        raise NotSayable(f"it is called with beta={given.get('beta', 1)}, alpha={given.get('alpha', 1)}")
    added, *factors = (value for name, value in given.items() if name not in ("alpha", "beta", "out"))
    first, second = (lowering.held(each) for each in factors)
    shape = call.result.shape
    out = product(lowering, first, second, shape)
    pair = together(lowering, [lowering.held(added), out], shape)
    return lowering.emit("add", pair, {}, [shape])


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    **dict.fromkeys(("matmul", "rmatmul", "mm", "mv"), matmul),
    **dict.fromkeys(("addmm", "baddbmm"), addmm),
    "einsum": einsum,
}
