"""Functions that join tensors along an axis: concat and stack. They make no submodule.

`dim` arguments are torch's: 0 is the batch, 1 the first axis of the sample. torch's own default of 0 would mix the
samples, so it is 1 here.
"""

from __future__ import annotations

from netspec.core.shapes import MergeError, Shape, sample_axis, show
from netspec.layers.arguments import Int
from netspec.layers.record import Arg, Args, Case, Layer, ShapeRule, case


def _differing(inputs: tuple[Shape, ...]) -> str:
    return " and ".join(dict.fromkeys(map(show, inputs)))


def _concat_shape(a: Args, *inputs: Shape) -> Shape:
    first = inputs[0]
    axis = sample_axis(a.dim, len(first))
    total = sum(x[axis] for x in inputs if len(x) == len(first))
    alike = all(len(x) == len(first) for x in inputs)
    guesses = tuple(dict.fromkeys((*x[:axis], total, *x[axis + 1 :]) for x in inputs)) if alike else ()
    for x in inputs[1:]:
        if len(x) != len(first) or any(x[i] != first[i] for i in range(len(x)) if i != axis):
            raise MergeError(f"concat needs equal sizes outside dim {a.dim}: {_differing(inputs)}", guesses=guesses)
    return (*first[:axis], total, *first[axis + 1 :])


def _stack_shape(a: Args, *inputs: Shape) -> Shape:
    axis = sample_axis(a.dim, len(inputs[0]), end=True)
    outputs = tuple(dict.fromkeys((*x[:axis], len(inputs), *x[axis:]) for x in inputs))
    if len(outputs) > 1:
        raise MergeError(f"stack needs equal sizes: {_differing(inputs)}", guesses=outputs)
    return outputs[0]


def _joining(name: str, doc: str, shape: ShapeRule, right: tuple[Case, ...], wrong: tuple[Case, ...]) -> Layer:
    return Layer(
        name=name,
        doc=doc,
        args=(Arg("dim", Int(), 1),),
        shape=shape,
        inputs=(2, None),
        takes="any",
        gives="promoted",
        code=lambda a, *inputs: f"torch.{name}(({', '.join(inputs)}{',' if len(inputs) == 1 else ''}), dim={a.dim})",
        right=right,
        wrong=wrong,
    )


LAYERS = (
    _joining(
        "concat",
        "Joins tensors along an axis.",
        _concat_shape,
        right=(
            case((3, 8, 8), (5, 8, 8)),
            case((3, 8, 8), (3, 8, 2), dim=-1),
            case((3,), (4,), dtype=("int64", "float32")),
        ),
        wrong=(case((3, 8, 8), (5, 7, 8)), case((3, 8), (3, 8, 8))),
    ),
    _joining(
        "stack",
        "Joins tensors along a new axis.",
        _stack_shape,
        right=(case((3, 8), (3, 8), (3, 8)), case((3, 8), (3, 8), dim=-1), case((3,), (3,), dtype=("int32", "uint8"))),
        wrong=(case((3, 8), (3, 7)), case((3, 8), (3, 8), dim=4), case((3, 8), (3, 8), dim=0)),
    ),
)
