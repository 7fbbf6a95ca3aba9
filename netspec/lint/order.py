"""What a reviewer remarks on in the order of layers, whatever the sizes: NS905, NS906, NS909, NS911."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.expansion.graph import Call
from netspec.fixes.edits import insert_before, remove_item, set_argument
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS
from netspec.lint.context import LintContext, finding, kind

NEVER_NEGATIVE = frozenset({"ReLU", "ReLU6", "Sigmoid", "Hardsigmoid", "Softplus", "Softmax", "Softmax2d", "Softmin"})
_PASSING = DROPOUTS | {"Identity"}
_KEEPS_SIGN = {f"Dropout{axes}" for axes in ("", "1d", "2d", "3d")} | {"Identity", "Flatten", "flatten"}
_KEEPS_SIGN |= {name for name in POOLS | ADAPTIVE_POOLS if "LP" not in name}


def linear_twice(context: LintContext) -> Iterator[Diagnostic]:
    """NS905: a Linear right after a Linear, dropout aside.

    A narrow one between wide ones is left alone: such a factorisation saves weights. So is one with shared weights or
    with another use of what it gives.
    """
    for second in context.graph.calls:
        first = context.before(second, _PASSING) if second.record.name == "Linear" else None
        if first is None or first.record.name != "Linear" or {first.id, second.id} & context.shared:
            continue
        if not _alone(context, first, second):
            continue
        enters, middle = context.known(first).args["in_features"], context.known(first).args["out_features"]
        leaves = context.known(second).args["out_features"]
        if middle < min(enters, leaves):
            continue
        message = f"two Linear layers with nothing between them: {enters} → {middle} → {leaves} can do no more than "
        message += f"{enters} → {leaves}"
        note = Note("or", "another activation, or one Linear in place of both")
        edit = insert_before(second, "ReLU", context.report.spec.sources)
        yield finding("NS905", message, second.item.at, second, notes=(note,), fixes=_fix("ReLU between them", edit))


def _alone(context: LintContext, first: Call, second: Call) -> bool:
    """Whether what `first` gives only goes to `second`."""
    call = first
    while call is not second:
        if call.id in context.results or len(context.users[call.id]) != 1:
            return False
        call = context.users[call.id][0]
    return True


def bias_before_norm(context: LintContext) -> Iterator[Diagnostic]:
    """NS906: the bias of a convolution, or of a Linear on features, that only a BatchNorm takes."""
    found: list[tuple[Call, Call]] = []
    for call in context.graph.calls:
        per_channel = call.record.name in CONVOLUTIONS or len(context.leaving(call) or ()) == 1
        if call.record.name not in CONVOLUTIONS | {"Linear"} or not per_channel or call.id in context.shared:
            continue
        user = context.only_user(call)
        if context.known(call).args.get("bias") is True and user is not None and user.record.name in BATCH_NORMS:
            found.append((call, user))
    always = _always(context, [call for call, _ in found])
    for call, norm in found:
        edit = set_argument(call, "bias", "false") if id(call.item) in always else None
        message = f"{norm.record.name} takes the bias of this {call.record.name} away again: it subtracts the mean of "
        message += "each channel"
        place = call.places.get("bias", call.item.at)
        yield finding("NS906", message, place, call, fixes=_fix("bias: false", edit))


def _always(context: LintContext, calls: list[Call]) -> set[int]:
    """The items (by id) all of whose calls are among `calls`."""
    among = {call.id for call in calls}
    return {id(call.item) for call in calls} - {id(call.item) for call in context.graph.calls if call.id not in among}


def _fix(title: str, edit: Edit | None) -> tuple[Fix, ...]:
    return () if edit is None else (Fix(title, (edit,)),)


def dropout_before_norm(context: LintContext) -> Iterator[Diagnostic]:
    """NS909: a BatchNorm right after dropout (Li et al. 2018, "Understanding the disharmony")."""
    for norm in context.graph.calls:
        call = context.before(norm) if norm.record.name in BATCH_NORMS else None
        if call is not None and call.record.name in DROPOUTS and context.known(call).args.get("p"):
            message = (
                f"{norm.record.name} right after {call.record.name}: the variance it learns with dropout on is not "
            )
            message += "the one without"
            note = Note("fix", f"put the {call.record.name} after the {norm.record.name} and its activation")
            yield finding("NS909", message, call.item.at, call, notes=(note,))


def activation_twice(context: LintContext) -> Iterator[Diagnostic]:
    """NS911: the same activation again, or a ReLU of what is never negative, pools and dropout in between or not."""
    for second in context.graph.calls:
        if kind(second) not in ACTIVATIONS:
            continue
        first = context.before(second)
        if first is None:
            continue
        source = context.before(second, frozenset(_KEEPS_SIGN)) if kind(second) == "ReLU" else None
        if source is not None and kind(source) in NEVER_NEGATIVE:
            first = source
            message = f"this {second.record.name} changes nothing: what {first.record.name} gives is never negative"
        elif kind(first) == kind(second) and context.known(first).args == context.known(second).args:
            message = f"{second.record.name} twice in a row"
        else:
            continue
        edit = remove_item(second, context.report.spec.sources)
        yield finding("NS911", message, second.item.at, second, fixes=_fix(f"without this {second.record.name}", edit))
