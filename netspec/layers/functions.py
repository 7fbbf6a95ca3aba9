"""Functions of tensors that join several: concat, stack, add and their kin. They make no submodule.

`dim` arguments are torch's: 0 is the batch, 1 the first axis of the sample.
"""

from __future__ import annotations

from netspec.ground.shapes import MergeFact, Shape, sample_axis, show
from netspec.layers.arguments import Arg, Int
from netspec.layers.record import Args, Layer, case


def _concat_shape(a: Args, *inputs: Shape) -> Shape:
    first = inputs[0]
    axis = sample_axis(a.dim, len(first))
    total = sum(x[axis] for x in inputs if len(x) == len(first))
    guesses = tuple(dict.fromkeys((*x[:axis], total, *x[axis + 1 :]) for x in inputs if len(x) == len(first)))
    for x in inputs[1:]:
        if len(x) != len(first) or any(x[i] != first[i] for i in range(len(x)) if i != axis):
            sizes = " and ".join(dict.fromkeys(show(shape) for shape in inputs))
            raise MergeFact(f"concat needs equal sizes outside dim {a.dim}: {sizes}", guesses=guesses)
    return (*first[:axis], total, *first[axis + 1 :])


def _concat_code(a: Args, *inputs: str) -> str:
    return f"torch.concat(({', '.join(inputs)}), dim={a.dim})"


LAYERS = (
    Layer(
        name="concat",
        doc="Joins tensors along an axis.",
        args=(Arg("dim", Int(), 1),),
        shape=_concat_shape,
        inputs=(2, None),
        takes="any",
        code=_concat_code,
        right=(case((3, 8, 8), (5, 8, 8)), case((3, 8, 8), (3, 8, 2), dim=-1)),
        wrong=(case((3, 8, 8), (5, 7, 8)), case((3, 8), (3, 8, 8))),
    ),
)
