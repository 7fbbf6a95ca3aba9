"""Sums of products named by letters (torch.einsum): `{einsum: "nqd,nkd->nqk"}`. It makes no submodule.

The first letter of every input, and of the output, is the batch, or all begin with `...`, whose first axis it is then.
`...` stands for the axes that no letter names, aligned at the last one. MACs count the products that are summed, pair
by pair from the left.
"""

from __future__ import annotations

from math import prod

from netspec.core.shapes import ArgumentError, BatchAxisError, MergeError, RankError, Shape, ShapeError, count_axes
from netspec.layers.code import call, literal
from netspec.layers.record import Arg, Args, Layer, case
from netspec.layers.text import Text

ELLIPSIS = "…"
FIRST_SIGN = 0xE000  # private use: no letter of an equation


def _terms(equation: str, inputs: tuple[Shape, ...]) -> tuple[list[str], str]:
    """A sign for each axis of each input and of the output, the batch included.

    An output that is left out has the axes of `...`, then the letters that stand once, sorted. The axes of `...` get
    signs of their own, numbered from the last one.
    """
    left, arrow, output = equation.replace("...", ELLIPSIS).replace(" ", "").partition("->")
    if not arrow:
        letters = left.replace(",", "").replace(ELLIPSIS, "")
        output = ELLIPSIS * (ELLIPSIS in left)
        output += "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    terms = left.split(",")
    if "." in left + output or any(term.count(ELLIPSIS) > 1 for term in (*terms, output)):
        raise ArgumentError("three points stand for the axes without a letter, once in each", argument="equation")
    if len(terms) != len(inputs):
        raise ArgumentError(f"the equation has {len(terms)} inputs, there are {len(inputs)}", argument="equation")
    counts = [max(0, len(x) + 2 - len(term)) for term, x in zip(terms, inputs, strict=True) if ELLIPSIS in term]

    def spread(term: str, count: int) -> str:
        return term.replace(ELLIPSIS, "".join(chr(FIRST_SIGN + axis) for axis in reversed(range(count))))

    spreads = [spread(term, max(0, len(x) + 2 - len(term))) for term, x in zip(terms, inputs, strict=True)]
    return spreads, spread(output, max(counts, default=0))


def _sizes(terms: list[str], inputs: tuple[Shape, ...]) -> dict[str, int]:
    """The size that each letter but the batch's stands for; a size of one fits any other."""
    sizes: dict[str, int] = {}
    for term, x in zip(terms, inputs, strict=True):
        own: dict[str, int] = {}
        for letter, length in zip(term[1:], x, strict=True):
            if own.setdefault(letter, length) != length:
                raise ShapeError(f"{letter} stands for both {own[letter]} and {length} in {term}", argument="equation")
        for letter, length in own.items():
            known = sizes.get(letter, 1)
            if known != length and 1 not in (known, length):
                raise MergeError(f"{letter} stands for {known} in one input and for {length} in another")
            sizes[letter] = length if known == 1 else known
    return sizes


def _shape(a: Args, *inputs: Shape) -> Shape:
    terms, output = _terms(a.equation, inputs)
    for term, x in zip(terms, inputs, strict=True):
        if len(term) != len(x) + 1:
            named = "".join(sign for sign in term if ord(sign) < FIRST_SIGN)
            fact = (
                f"{named or 'nothing'} names {len(named)} axes, with the batch there are {len(x) + 1}: {count_axes(x)}"
            )
            raise RankError(fact, argument="equation")
    batch = terms[0][0]
    if any(term[0] != batch or batch in term[1:] for term in terms) or not output.startswith(batch):
        fact = "the inputs and the output begin with one letter, the batch's, which stands nowhere else"
        raise BatchAxisError(fact, argument="equation")
    sizes = _sizes(terms, inputs)
    for letter in output[1:]:
        if output.count(letter) > 1:
            raise ArgumentError(f"{letter} stands twice in the output {output}", argument="equation")
        if letter not in sizes:
            raise ArgumentError(f"{letter} of the output stands in no input", argument="equation")
    return tuple(sizes[letter] for letter in output[1:])


def _macs(a: Args, result: Shape, *inputs: Shape) -> int:
    terms, output = _terms(a.equation, inputs)
    sizes = {**_sizes(terms, inputs), terms[0][0]: 1}
    done, total = set(terms[0]), 0
    for index, term in enumerate(terms[1:], 2):
        needed = set(output).union(*terms[index:])
        both = done & set(term)
        kept = both | ((done | set(term)) & needed)
        if both - needed:
            total += prod(sizes[letter] for letter in kept)
        done = kept & needed
    return total


LAYERS = (
    Layer(
        name="einsum",
        doc="Products of the inputs, summed over letters that the output leaves out. The first letter is the batch.",
        args=(Arg("equation", Text("an equation such as nij,njk->nik", r"[A-Za-z,. ]+(->[A-Za-z. ]*)?", 100)),),
        shape=_shape,
        macs=_macs,
        inputs=(1, None),
        broadcasts=False,
        code=lambda a, *inputs: call("torch.einsum", literal(a.equation), *inputs),
        right=(
            case((3, 4), (4, 5), equation="nij,njk->nik"),
            case((6, 3, 4), (6, 5, 4), equation="n h q d, n h k d -> n h q k"),
            case((3, 8, 8), (3,), equation="nchw,nc->nhw"),
            case((6, 3, 4), (6, 5, 4), equation="...qd,...kd->...qk"),
            case((6, 3, 4), (4, 5), equation="n...d,nde->n...e"),
            case((6, 3, 4), (6, 3, 4), equation="...i,...i"),
        ),
        wrong=(
            case((3, 4), (5, 6), equation="nij,njk->nik"),
            case((3, 4), equation="nij,njk->nik"),
            case((3, 4), (4, 5), equation="nij,jkn->nik"),
            case((3, 4), (4, 5), equation="nij,njk"),
            case((3, 4), equation="nij->nik"),
            case((3, 4), equation="nijk->nik"),
            case((3, 4), equation="nii->ni"),
            case((3, 4), equation="n..->n"),
            case((3, 4), equation="......->n"),
            case((6, 3, 4), (3, 4), equation="...ij,...jk->...ik"),
            case((3, 4), equation="nijk...->n"),
        ),
    ),
)
