"""Norms, variances and deviations along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netspec.importer.aligning import numbers
from netspec.importer.binding import bound, short_name
from netspec.importer.failure import NotSayable
from netspec.importer.held import Held
from netspec.importer.traced import TracedCall, values_in

if TYPE_CHECKING:
    from netspec.importer.lowering import Lowering


def _along(lowering: Lowering, given: dict[str, Any]) -> tuple[Held, dict[str, Any]]:
    """The tensor, and the axes along which it is reduced, as a spec writes them.

    Raises:
        NotSayable: all axes are reduced, and so the batch.
    """
    x = lowering.held(given["input"])
    if given.get("dim") is None:
        raise NotSayable("without dim it works along the batch")
    dims = [x.axis(each) for each in numbers((given["dim"],))]
    args: dict[str, Any] = {"dim": dims[0] if len(dims) == 1 else dims}
    return x, {**args, **({"keepdim": True} if given.get("keepdim") else {})}


def norm(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`norm`, torch.linalg.norm and vector_norm: of vectors, or of all numbers of several axes."""
    given = bound(call)
    order = given.get("ord", given.get("p", 2))
    x, args = _along(lowering, given)
    of_matrices = call.function.endswith(("linalg.norm", "linalg_norm"))  # torch.norm takes all numbers of the axes
    if isinstance(args["dim"], list) and order not in (None, "fro") and of_matrices:
        raise NotSayable(f"it is a norm of matrices of the order {order}")
    order = 2 if order in (None, "fro") else order
    if not isinstance(order, int | float):
        raise NotSayable(f"it is a norm of the order {order}")
    args = args if order == 2 else {"ord": float(order), **args}
    return lowering.emit("vector_norm", [x], args, [call.result.shape])


def spread(lowering: Lowering, call: TracedCall) -> list[Held]:
    """`var` and `std`, and with the mean `var_mean` and `std_mean`; `unbiased` is a correction of 1."""
    given = bound(call)
    x, args = _along(lowering, given)
    correction = given.get("correction")
    if correction is None:
        correction = int(given.get("unbiased", True))
    name, _, mean = short_name(call.function).partition("_")
    shapes = [value.shape for value in values_in(call.result)]
    own = {"dim": args["dim"], **({} if correction == 1 else {"correction": correction}), **args}
    found = lowering.emit(name, [x], own, shapes[:1])
    return [*found, *lowering.emit("mean", [x], dict(args), shapes[1:])] if mean else found


HANDLERS: dict[str, Callable[[Lowering, TracedCall], list[Held]]] = {
    **dict.fromkeys(("norm", "vector_norm", "linalg_norm", "linalg_vector_norm"), norm),
    **dict.fromkeys(("var", "std", "var_mean", "std_mean"), spread),
}
