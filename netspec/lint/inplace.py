"""NS912: an activation in place changes a value that another layer uses, or that autograd needs for a gradient.

A test shows for each layer of KEEPS_RESULT and KEEPS_INPUT that `backward` fails after a change in place.
"""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic
from netspec.expansion.graph import Call, Ref
from netspec.fixes.edits import optional_fix, set_argument
from netspec.layers.table import ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, RESHAPES
from netspec.lint.context import LintContext, finding, kind

VIEWS = RESHAPES | {"permute", "transpose", "chunk", "split"}
KEEPS_RESULT = frozenset({"LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Tanh"})
_POOLS = {f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "LP") for axes in (1, 2, 3)}
_POOLS |= {name for name in ADAPTIVE_POOLS if "Max" in name}
_OTHERS = frozenset({
    "Linear", "Bilinear", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LocalResponseNorm", "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU6", "SELU", "SiLU", "Softplus", "Softshrink", "Softsign",
    "Threshold", "mul", "div", "matmul", "amax",
})  # fmt: skip
KEEPS_INPUT = CONVOLUTIONS | BATCH_NORMS | _POOLS | _OTHERS
MOST_STEPS = 100


def in_place(context: LintContext) -> Iterator[Diagnostic]:
    """NS912: activations in place that change a value which others need."""
    for call in context.graph.calls:
        reason = _conflict(context, call) if _is_in_place(context, call) else None
        if reason is not None:
            fixes = optional_fix("inplace: false", set_argument(call, "inplace", "false"))
            node = call.arg_nodes.get("inplace", call.item.at)
            yield finding("NS912", f"{call.record.name} in place: {reason}", node, call, fixes=fixes)


def _is_in_place(context: LintContext, call: Call) -> bool:
    return context.known(call).args.get("inplace") is True and len(call.inputs) == 1


def _conflict(context: LintContext, call: Call) -> str | None:
    """What goes wrong, looking back from the call through views to the layer that made the tensor."""
    own, ref = call, call.inputs[0]
    for _ in range(MOST_STEPS):
        for user in _users(context, ref):
            if user is not own and (reason := _conflict_with(user, call)):
                return reason
        if any(result == ref for result in context.graph.outputs.values()):
            return "the value that it changes is an output of the network too"
        if ref.node < 0:
            return None
        producer = context.graph.calls[ref.node]
        if kind(producer) in KEEPS_RESULT:
            return f"{producer.path} ({producer.record.name}) needs its own result for the gradient; torch refuses that"
        if not (kind(producer) in VIEWS or _is_in_place(context, producer)) or len(producer.inputs) != 1:
            return None
        own, ref = producer, producer.inputs[0]
    return None


def _users(context: LintContext, ref: Ref) -> list[Call]:
    """The calls that take a value; each output of several is a value of its own."""
    value = (ref.node, ref.output or 0)
    return [
        user for user in context.users[ref.node] if value in {(other.node, other.output or 0) for other in user.inputs}
    ]


def _conflict_with(user: Call, call: Call) -> str | None:
    """What a change in place by `call` does to another user of the value."""
    name = f"{user.path} ({user.record.name})"
    if user.id > call.id:
        same = kind(user) == kind(call) == "ReLU"
        return None if same else f"{name} takes the same value later and would see it changed"
    return f"{name} needs the same value for its gradient; torch refuses that" if kind(user) in KEEPS_INPUT else None
