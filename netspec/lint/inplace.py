"""NS912: an activation in place of a value that something else uses, or that its maker needs for its gradient.

Which layers keep their input or their result for the backward pass is autograd's business; the two tables name those
for which a test shows that a change in place makes `backward` fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Fix
from netspec.expansion.graph import Call, Ref
from netspec.fixes.edits import set_argument
from netspec.layers.table import ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, RESHAPES
from netspec.lint.context import LintContext, finding, kind

VIEWS = RESHAPES | {"permute", "transpose", "chunk", "split"}
KEEPS_RESULT = frozenset({"LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Tanh"})
_POOLS = {f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "LP") for axes in (1, 2, 3)}
_POOLS |= {name for name in ADAPTIVE_POOLS if "Max" in name}
KEEPS_INPUT = (
    CONVOLUTIONS
    | BATCH_NORMS
    | _POOLS
    | frozenset(
        {
            "Linear",
            "Bilinear",
            "LayerNorm",
            "RMSNorm",
            "GroupNorm",
            "InstanceNorm1d",
            "InstanceNorm2d",
            "InstanceNorm3d",
            "LocalResponseNorm",
            "CELU",
            "ELU",
            "GELU",
            "GLU",
            "Hardshrink",
            "Hardsigmoid",
            "Hardswish",
            "Hardtanh",
            "LeakyReLU",
            "LogSigmoid",
            "Mish",
            "PReLU",
            "RReLU",
            "ReLU6",
            "SELU",
            "SiLU",
            "Softplus",
            "Softshrink",
            "Softsign",
            "Threshold",
            "mul",
            "div",
            "matmul",
            "amax",
        }
    )
)
MOST_STEPS = 100


def in_place(context: LintContext) -> Iterator[Diagnostic]:
    """The activations in place that change a value under the hands of others."""
    for call in context.graph.calls:
        if not _changes(context, call):
            continue
        reason = _victim(context, call)
        if reason is None:
            continue
        edit = set_argument(call, "inplace", "false")
        fixes = () if edit is None else (Fix("inplace: false", (edit,)),)
        place = call.places.get("inplace", call.item.at)
        yield finding("NS912", f"{call.record.name} in place: {reason}", place, call, fixes=fixes)


def _changes(context: LintContext, call: Call) -> bool:
    return context.known(call).args.get("inplace") is True and len(call.inputs) == 1


def _victim(context: LintContext, call: Call) -> str | None:
    """What goes wrong: along the names of one tensor, from the call back to where it was made."""
    own, ref = call, call.inputs[0]
    for _ in range(MOST_STEPS):
        for user in _users(context, ref):
            if user is not own and (why := _harm(context, user, call)):
                return why
        if any(result == ref for result in context.graph.outputs.values()):
            return "the value that it changes is an output of the network too"
        if ref.node < 0:
            return None
        maker = context.graph.calls[ref.node]
        if kind(maker) in KEEPS_RESULT:
            return f"{maker.path} ({maker.record.name}) needs its own result for the gradient; torch refuses that"
        if not (kind(maker) in VIEWS or _changes(context, maker)) or len(maker.inputs) != 1:
            return None
        own, ref = maker, maker.inputs[0]
    return None


def _users(context: LintContext, ref: Ref) -> tuple[Call, ...]:
    """Those that take a value; each output of several is a value of its own."""
    users = context.users[ref.node] if ref.node >= 0 else context.entering.get(ref.node, ())
    return tuple(user for user in users if _takes(user, ref))


def _takes(user: Call, ref: Ref) -> bool:
    return any(other.node == ref.node and (other.output or 0) == (ref.output or 0) for other in user.inputs)


def _harm(context: LintContext, user: Call, call: Call) -> str | None:
    """What a change in place by `call` does to another user of the value."""
    name = f"{user.path} ({user.record.name})"
    if user.id > call.id:
        same = kind(user) == kind(call) == "ReLU"
        return None if same else f"{name} takes the same value later and would see it changed"
    return f"{name} needs the same value for its gradient; torch refuses that" if kind(user) in KEEPS_INPUT else None
