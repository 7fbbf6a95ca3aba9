"""The keys of `train` against each other and the network: NS615 for patterns that pick nothing, NS616 for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from netspec.core.diagnostics import Diagnostic, Edit, Fix, Note
from netspec.core.tree import Mapping, Node, Scalar
from netspec.core.tree import Sequence as ListNode
from netspec.expansion.graph import Call, Graph
from netspec.language.patterns import LONGEST, meant_patterns, pattern_nodes, texts
from netspec.language.sections.losses import KINDS
from netspec.language.sections.metrics import TOP, columns, fits, fitting, is_metric, is_number, usual
from netspec.lint.facts import LintContext, finding
from netspec.shapes.report import Report

_PER_LOSS = "ReduceLROnPlateau"


def _train(review: LintContext) -> Mapping | None:
    train = review.report.spec.train
    return train if isinstance(train, Mapping) else None


def _losses(review: LintContext) -> dict[str, str]:
    """The loss's name of each output, in the order that they are written in; the only output is called ``."""
    written = [loss for loss in review.losses if loss.name is not None]
    return {loss.output.text if loss.output else "": str(loss.name.value) for loss in written if loss.name}


def _named(node: Node | None) -> Scalar | None:
    """The name's node of `Name` or `{Name: arguments}`."""
    if isinstance(node, Mapping) and len(node.entries) == 1:
        return node.entries[0][0]
    return node if isinstance(node, Scalar) and isinstance(node.value, str) else None


def patterns(review: LintContext) -> Iterator[Diagnostic]:
    """NS615: a pattern of `groups` or `freeze` that picks no parameter."""
    owners = with_parameters(review.report, review.graph)
    names, types = [f"{call.path}.weight" for call in owners], [call.record.name for call in owners]
    for node in pattern_nodes(_train(review)):
        pattern = str(node.value)
        if surely_nothing(pattern, review.report, review.graph):
            meant = meant_patterns(pattern, names, types)
            fixes = tuple(Fix(match, (Edit(node.span, match),)) for match in meant)
            asked = f"; did you mean {' or '.join(meant)}?" if meant else ""
            yield finding("NS615", f"{pattern!r} matches no parameter of the network{asked}", node, fixes=fixes)


def metrics(review: LintContext) -> Iterator[Diagnostic]:
    """NS616: a metric that does not go with the loss, or says nothing of so few classes."""
    train, losses = _train(review), _losses(review)
    if train is None or not losses or not KINDS.keys() >= set(losses.values()):
        return
    for node in texts(train.get("metrics")):
        name, top = str(node.value), TOP.match(str(node.value))
        if not is_metric(name):
            continue  # which the keys' schema says
        if not any(fits(name, loss) for loss in losses.values()):
            each = dict.fromkeys(losses.values())
            notes = [Note("note", f"with {loss} go: {', '.join(fitting(loss)) or 'none'}") for loss in each]
            yield finding("NS616", f"{name} cannot be measured with {' or '.join(each)}", node, notes=tuple(notes))
        elif top:
            counts = [head.tensor.shape[0] for head in review.heads if head.tensor.shape]
            if counts and max(counts) <= int(top[1]):
                yield finding("NS616", f"{name} of {max(counts)} classes is always 1", node)


def monitor(review: LintContext) -> Iterator[Diagnostic]:
    """NS616: the best epoch is chosen by something that is not measured."""
    train = _train(review)
    node = None if train is None else train.get("monitor")
    losses = _losses(review)
    if train is None or not isinstance(node, Scalar) or not isinstance(node.value, str) or not losses:
        return
    if not KINDS.keys() >= set(losses.values()):
        return
    written, loss = train.get("metrics"), next(iter(losses.values()))
    asked = [str(item.value) for item in texts(written)] if written is not None else None
    names = columns(asked, losses, numbers=True)
    part, _, name = node.value.partition("_")
    if part in ("val", "train") and name in names:
        return
    if written is None and part in ("val", "train") and fits(name, loss) and is_number(name):
        note = Note("fix", f"metrics: [{', '.join((*usual(loss), name))}]")
    else:
        note = Note("note", f"there are {', '.join(f'{part}_{name}' for part in ('val', 'train') for name in names)}")
    yield finding("NS616", f"{node.value} is not measured", node, notes=(note,))


def mixing(review: LintContext) -> Iterator[Diagnostic]:
    """NS616: batches are mixed for a loss that takes no mixed classes, or without pictures."""
    train = _train(review)
    node = None if train is None else train.get("mix")
    names = [_named(item) for item in (node.items if isinstance(node, ListNode) else (node,))]
    for name in names:
        others = [loss for loss in _losses(review).values() if loss != "CrossEntropyLoss"]
        entering = [*review.graph.inputs.values()]
        sizes = {head.tensor.shape[0] for head in review.heads if head.tensor.shape}
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


def stepping(review: LintContext) -> Iterator[Diagnostic]:
    """NS616: when a scheduler steps, and no scheduler that does; warm-up without a length; an average of parts."""
    train = _train(review)
    if train is None:
        return
    step, scheduler = train.get("scheduler_step"), _named(train.get("scheduler"))
    if step is not None and train.get("scheduler") is None:
        yield finding("NS616", "scheduler_step says when the scheduler steps, and there is no scheduler", step)
    elif isinstance(step, Scalar) and step.value == "batch" and scheduler is not None and scheduler.value == _PER_LOSS:
        yield finding("NS616", f"{_PER_LOSS} looks at the loss of whole epochs; it cannot step each batch", step)
    strategy, ema = train.get("strategy"), train.get("ema")
    if ema is not None and isinstance(strategy, Scalar) and strategy.value == "fsdp":
        yield finding(
            "NS616", "ema needs all the weights in each process; strategy: fsdp has a part of them in each", ema
        )
    warmup = train.get("warmup")
    if isinstance(warmup, Mapping):
        both = [key for key, _ in warmup if key.value in ("steps", "epochs")]
        if not both:
            yield finding("NS203", "warmup needs steps or epochs, as warmup: {epochs: 5}", warmup)
        elif len(both) > 1:
            yield finding("NS616", "warmup takes steps or epochs, not both", both[1])


def surely_nothing(pattern: str, report: Report, graph: Graph) -> bool:
    """Whether a pattern picks no parameter, as far as the graph alone tells: what is beyond it, only torch knows."""
    if len(pattern) > LONGEST:  # which is said of its key
        return False
    owners = with_parameters(report, graph)
    types = {call.record.name for call in owners}
    if pattern == "bias" or any(name.startswith("Transformer") for name in types):  # which hold layers of their own
        return False
    if pattern == "norm":
        return not any("Norm" in name for name in types)
    if any(fnmatchcase(name, pattern) for name in (*types, *report.spec.blocks)):
        return False
    literal = re.split(r"[*?[]", pattern)[0]
    return not any(f"{call.path}.".startswith(literal) or literal.startswith(f"{call.path}.") for call in owners)


def with_parameters(report: Report, graph: Graph) -> list[Call]:
    """The calls that have parameters, or may have."""
    pairs = zip(graph.calls, report.inferred, strict=True)
    return [call for call, known in pairs if known.parameters != 0]
