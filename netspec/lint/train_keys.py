"""The keys of `train` against each other and the network: NS615 for patterns that match nothing, NS616 for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from netspec.core.diagnostics import Diagnostic, Note, renamings
from netspec.core.names import did_you_mean
from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.expansion.graph import Call
from netspec.fixes.values import replace_value
from netspec.language.patterns import LONGEST, pattern_nodes, similar_patterns, texts
from netspec.language.sections.data_keys import reconstructs
from netspec.language.sections.losses import KINDS, Kind, kind_of
from netspec.language.sections.metrics import TOP, columns, fits, fitting, is_metric, is_number, of_numbers, usual
from netspec.lint.context import LintContext, finding


def _losses(context: LintContext) -> dict[str, str]:
    """The name of the loss of each output, in the order written; of an only output by the empty name."""
    return {loss.output.text if loss.output else "": str(loss.name.value) for loss in context.losses if loss.name}


def _kinds(context: LintContext) -> dict[str, Kind]:
    """What the loss of each output compares, in the order written."""
    return {
        loss.output.text if loss.output else "": kind_of(str(loss.name.value), bool(loss.further))
        for loss in context.losses
        if loss.name
    }


def _name(node: Node | None) -> Scalar | None:
    """The node of the name of `Name` or `{Name: arguments}`."""
    if isinstance(node, Mapping) and len(node.entries) == 1:
        return node.entries[0][0]
    return node if isinstance(node, Scalar) and isinstance(node.value, str) else None


def patterns(context: LintContext) -> Iterator[Diagnostic]:
    """NS615: a pattern of `groups` or `freeze` that matches no parameter."""
    owners = _with_parameters(context)
    names, types = [f"{call.path}.weight" for call in owners], [call.record.name for call in owners]
    for node in pattern_nodes(context.train):
        pattern = str(node.value)
        if _surely_nothing(pattern, context):
            meant = similar_patterns(pattern, names, types)
            fixes = tuple(replace_value(node, match, match) for match in meant)
            asked = f"; did you mean {' or '.join(meant)}?" if meant else ""
            yield finding("NS615", f"{pattern!r} matches no parameter of the network{asked}", node, fixes=fixes)


def metrics(context: LintContext) -> Iterator[Diagnostic]:
    """NS616: a metric that cannot be computed with the loss, or is always 1 for so few classes."""
    train, losses = context.train, _losses(context)
    if train is None or not losses or not KINDS.keys() >= set(losses.values()):
        return
    for node in texts(train.get("metrics")):
        name, top = str(node.value), TOP.match(str(node.value))
        if not is_metric(name):
            continue  # reported by the schema of the keys
        kinds = _kinds(context)
        if not any(fits(name, kind) for kind in kinds.values()):
            each = {losses[output]: kind for output, kind in kinds.items()}
            notes = [
                Note("note", f"with {loss} go: {', '.join(fitting(kind)) or 'none'}") for loss, kind in each.items()
            ]
            yield finding("NS616", f"{name} cannot be measured with {' or '.join(each)}", node, notes=tuple(notes))
        elif top:
            counts = [head.tensor.shape[0] for head in context.heads if head.tensor.shape]
            if counts and max(counts) <= int(top[1]):
                yield finding("NS616", f"{name} of {max(counts)} classes is always 1", node)


def monitor(context: LintContext) -> Iterator[Diagnostic]:
    """NS616: the best epoch is chosen by a metric that is not computed."""
    train, losses = context.train, _losses(context)
    node = None if train is None else train.get("monitor")
    if train is None or not isinstance(node, Scalar) or not isinstance(node.value, str) or not losses:
        return
    if not KINDS.keys() >= set(losses.values()):
        return
    written, kinds = train.get("metrics"), _kinds(context)
    kind = next(iter(kinds.values()))
    asked: Sequence[str] | None = [str(item.value) for item in texts(written)] if written is not None else None
    if reconstructs(context.spec.data) and kind != "classes":
        asked = of_numbers(asked)
    only = context.report.training_only
    evaluated = {output: each for output, each in kinds.items() if output not in only}
    names = columns(asked, evaluated, numbers=True)
    part, _, name = node.value.partition("_")
    if part in ("val", "train") and name in names:
        return
    every = [f"{part}_{name}" for part in ("val", "train") for name in names]
    message, fixes = f"{node.value} is not measured", tuple(renamings(node, node.value, every))
    if written is None and part in ("val", "train") and fits(name, kind) and is_number(name):
        note = Note("fix", f"metrics: [{', '.join((*usual(kind), name))}]")
    else:
        note = Note("note", f"there are {', '.join(every)}")
    yield finding("NS616", message + did_you_mean([fix.title for fix in fixes]), node, notes=(note,), fixes=fixes)


def mixing(context: LintContext) -> Iterator[Diagnostic]:
    """NS616: mixup or the like for a loss that takes no mixed classes, or without images."""
    node = None if context.train is None else context.train.get("mix")
    others = [loss for loss in _losses(context).values() if loss != "CrossEntropyLoss" and loss in KINDS]
    entering = [*context.graph.inputs.values()]
    sizes = {head.tensor.shape[0] for head in context.heads if head.tensor.shape}
    for name in map(_name, node.items if isinstance(node, ListNode) else (node,)):
        if name is None:
            continue
        if others:
            message = f"{name.value} mixes classes, which CrossEntropyLoss takes and {others[0]} does not"
            yield finding("NS616", message, name)
        elif len(entering) != 1 or (entering[0] is not None and len(entering[0].shape) != 3):
            what = "the network's input is none" if len(entering) == 1 else "the network has several inputs"
            yield finding("NS616", f"{name.value} mixes pictures, and {what}", name)
        elif len(sizes) > 1:
            counts = " and ".join(map(str, sorted(sizes)))
            yield finding("NS616", f"{name.value} mixes the same classes for all outputs, which are for {counts}", name)


def stepping(context: LintContext) -> Iterator[Diagnostic]:
    """NS616, NS203: `scheduler_step` without a scheduler for it; `warmup` without one length; `ema` with `fsdp`."""
    train = context.train
    if train is None:
        return
    step, scheduler = train.get("scheduler_step"), _name(train.get("scheduler"))
    plateau = "ReduceLROnPlateau"
    if step is not None and train.get("scheduler") is None:
        yield finding("NS616", "scheduler_step says when the scheduler steps, and there is no scheduler", step)
    elif isinstance(step, Scalar) and step.value == "batch" and scheduler is not None and scheduler.value == plateau:
        yield finding("NS616", f"{plateau} looks at the loss of whole epochs; it cannot step each batch", step)
    strategy, ema = train.get("strategy"), train.get("ema")
    if ema is not None and isinstance(strategy, Scalar) and strategy.value == "fsdp":
        message = "ema needs all the weights in each process; strategy: fsdp has a part of them in each"
        yield finding("NS616", message, ema)
    warmup = train.get("warmup")
    if isinstance(warmup, Mapping):
        both = [key for key, _ in warmup if key.value in ("steps", "epochs")]
        if not both:
            yield finding("NS203", "warmup needs steps or epochs, as warmup: {epochs: 5}", warmup)
        elif len(both) > 1:
            yield finding("NS616", "warmup takes steps or epochs, not both", both[1])


def _surely_nothing(pattern: str, context: LintContext) -> bool:
    """Whether the graph alone tells that a pattern matches no parameter."""
    if len(pattern) > LONGEST:  # reported elsewhere
        return False
    owners = _with_parameters(context)
    types = {call.record.name for call in owners}
    if pattern == "bias" or any(name.startswith("Transformer") for name in types):  # of several layers
        return False
    if pattern == "norm":
        return not any("Norm" in name for name in types)
    if any(fnmatchcase(name, pattern) for name in (*types, *context.spec.blocks)):
        return False
    literal = re.split(r"[*?[]", pattern)[0]
    return not any(f"{call.path}.".startswith(literal) or literal.startswith(f"{call.path}.") for call in owners)


def _with_parameters(context: LintContext) -> list[Call]:
    """The calls that have parameters, or may have."""
    return [call for call in context.graph.calls if context.known(call).parameters != 0]
