"""The order of layers: two Linear in a row (NS905), a bias before a norm (NS906), dropout before a norm (NS909), an
activation twice (NS911), a Linear on a picture (NS913).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from netspec.core.diagnostics import Diagnostic, Note
from netspec.core.shapes import show
from netspec.expansion.graph import Call
from netspec.fixes.edits import insert_before, optional_fix, remove_item, set_argument
from netspec.layers.table import ACTIVATIONS, ADAPTIVE_POOLS, BATCH_NORMS, CONVOLUTIONS, DROPOUTS, POOLS
from netspec.lint.context import LintContext, finding, kind

NEVER_NEGATIVE = frozenset({"ReLU", "ReLU6", "Sigmoid", "Hardsigmoid", "Softplus", "Softmax", "Softmax2d", "Softmin"})
_SKIPPED = DROPOUTS | {"Identity"}
_KEEPS_SIGN = {f"Dropout{axes}" for axes in ("", "1d", "2d", "3d")} | {"Identity", "Flatten", "flatten"}
_KEEPS_SIGN |= {name for name in POOLS | ADAPTIVE_POOLS if "LP" not in name}


def linear_twice(context: LintContext) -> Iterator[Diagnostic]:
    """NS905: a Linear right after a Linear, dropout aside.

    Allowed are a low-rank factorization (narrow in the middle), shared weights, and a first Linear with other users.
    """
    for second in context.graph.calls:
        first = context.before(second, _SKIPPED) if second.record.name == "Linear" else None
        if first is None or first.record.name != "Linear" or {first.id, second.id} & context.shared:
            continue
        if not _only_goes_to(context, first, second):
            continue
        enters, middle = context.known(first).args["in_features"], context.known(first).args["out_features"]
        leaves = context.known(second).args["out_features"]
        if middle < min(enters, leaves):
            continue
        message = (
            f"two Linear layers with nothing between them: {enters} → {middle} → {leaves} can do no more than "
            f"{enters} → {leaves}"
        )
        note = Note("or", "another activation, or one Linear in place of both")
        edit = insert_before(second, "ReLU", context.spec.sources)
        yield finding(
            "NS905", message, second.item.at, second, notes=(note,), fixes=optional_fix("ReLU between them", edit)
        )


def _only_goes_to(context: LintContext, first: Call, second: Call) -> bool:
    """Whether the output of `first` only goes to `second`."""
    call = first
    while call is not second:
        if call.id in context.results or len(context.users[call.id]) != 1:
            return False
        call = context.users[call.id][0]
    return True


def bias_before_norm(context: LintContext) -> Iterator[Diagnostic]:
    """NS906: the bias of a convolution, or of a Linear on features, right before a BatchNorm."""
    found: list[tuple[Call, Call]] = []
    for call in context.graph.calls:
        per_channel = call.record.name in CONVOLUTIONS or len(context.leaving(call) or ()) == 1
        if call.record.name not in CONVOLUTIONS | {"Linear"} or not per_channel or call.id in context.shared:
            continue
        user = context.only_user(call)
        if context.known(call).args.get("bias") is True and user is not None and user.record.name in BATCH_NORMS:
            found.append((call, user))
    ids = {call.id for call, _ in found}
    others = {id(call.item) for call in context.graph.calls if call.id not in ids}
    for call, norm in found:
        edit = set_argument(call, "bias", "false") if id(call.item) not in others else None
        message = (
            f"{norm.record.name} takes the bias of this {call.record.name} away again: it subtracts the mean of "
            "each channel"
        )
        fixes = optional_fix("bias: false", edit)
        yield finding("NS906", message, call.arg_nodes.get("bias", call.item.at), call, fixes=fixes)


def dropout_before_norm(context: LintContext) -> Iterator[Diagnostic]:
    """NS909: a BatchNorm right after dropout (Li et al. 2018, "Understanding the disharmony between dropout and
    batch normalization by variance shift")."""
    for norm in context.graph.calls:
        call = context.before(norm) if norm.record.name in BATCH_NORMS else None
        if call is not None and call.record.name in DROPOUTS and context.known(call).args.get("p"):
            message = (
                f"{norm.record.name} right after {call.record.name}: the variance it learns with dropout on is "
                "not the one without"
            )
            note = Note("fix", f"put the {call.record.name} after the {norm.record.name} and its activation")
            yield finding("NS909", message, call.item.at, call, notes=(note,))


def activation_twice(context: LintContext) -> Iterator[Diagnostic]:
    """NS911: the same activation twice, or a ReLU of values that are never negative."""
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
        fixes = optional_fix(f"without this {second.record.name}", remove_item(second, context.spec.sources))
        yield finding("NS911", message, second.item.at, second, fixes=fixes)


def linear_on_picture(context: LintContext) -> Iterator[Diagnostic]:
    """NS913: a Linear on the output of a convolution or pool, without a Flatten."""
    skipped = ACTIVATIONS | BATCH_NORMS | DROPOUTS | {"Identity"}
    for call in context.graph.calls:
        arriving = context.arriving(call)
        if call.record.name != "Linear" or arriving is None or len(arriving) < 2:
            continue
        producer = context.before(call, skipped)
        if producer is None or kind(producer) not in CONVOLUTIONS | POOLS | ADAPTIVE_POOLS:
            continue
        message = (
            f"Linear works on the last axis of {show(arriving)} alone, for each of "
            f"{'·'.join(map(str, arriving[:-1]))} rows by itself; is a Flatten to {prod(arriving)} missing?"
        )
        fixes = optional_fix("Flatten before it", insert_before(call, "Flatten", context.spec.sources))
        yield finding("NS913", message, call.item.at, call, fixes=fixes)
