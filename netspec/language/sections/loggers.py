"""The table of loggers that `train` may name: what they write, their arguments, and the packages that they need.

A logger is one record of `LOGGERS`. The check of `train`, the JSON Schema, the reference page and a run read that
record. A run calls the loggers that its spec names, in this order; their classes import what they need.
"""

from __future__ import annotations

from collections.abc import Mapping

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Findings
from netspec.core.tree import Mapping as MappingNode
from netspec.core.tree import Node, Scalar, Sequence, describe
from netspec.language.sections.keys import NAMED, TEXT, Key, Schema


@dataclass(frozen=True, kw_only=True)
class LoggerKind:
    """One logger.

    Args:
        name: what `loggers` calls it.
        doc: one sentence: what it writes.
        open: `module:Class`; the class takes the run's folder and the arguments by name, and has the methods of
            `netspec.reports.loggers.Logger`.
        keys: its arguments, all of them text.
        modules: what has to be installed: module → package.
        extra: of netspec, which brings them.
        usual: whether it is there where `loggers` is left out.
    """

    name: str
    doc: str
    open: str
    keys: tuple[Key, ...] = ()
    modules: Mapping[str, str] | None = None
    extra: str = "train"
    usual: bool = False


LOGGERS: tuple[LoggerKind, ...] = (
    LoggerKind(
        name="tensorboard",
        doc="A TensorBoard events file: numbers of each epoch, the network's graph, settings and pictures.",
        open="netspec.reports.tensorboard:Events",
        usual=True,
    ),
    LoggerKind(
        name="csv",
        doc="metrics.csv in the run's folder: a row for each epoch.",
        open="netspec.reports.csv_log:CsvLog",
    ),
    LoggerKind(
        name="mlflow",
        doc="A run of MLflow, at MLFLOW_TRACKING_URI or where MLflow keeps them: settings, metrics, pictures.",
        open="netspec.reports.mlflow_log:MlflowLog",
        keys=(Key("experiment", TEXT, "a name", "MLflow's experiment.", "digits", "the spec's name"),),
        modules={"mlflow": "mlflow"},
        extra="mlflow",
    ),
    LoggerKind(
        name="wandb",
        doc="The same for Weights & Biases, offline unless WANDB_API_KEY or WANDB_MODE says otherwise.",
        open="netspec.reports.wandb_log:WandbLog",
        keys=(Key("project", TEXT, "a name", "The project.", "digits", "the spec's name"),),
        modules={"wandb": "wandb"},
        extra="wandb",
    ),
)
USUAL = [kind.name for kind in LOGGERS if kind.usual]
LOGGERS_SCHEMA: Schema = {"type": "array", "items": NAMED}
Wanted = tuple[tuple[LoggerKind, dict[str, str]], ...]  # loggers with their arguments


def wanted_loggers(node: Node | None, findings: Findings) -> Wanted:
    """The loggers of a spec, with their arguments.

    Args:
        node: the value of `loggers`; None where it is left out.
        findings: takes names and arguments that there are not: NS616, NS205, NS202.
    """
    known = {kind.name: kind for kind in LOGGERS}
    if not isinstance(node, Sequence):
        return tuple((kind, {}) for kind in LOGGERS if kind.usual and node is None)
    found: list[tuple[LoggerKind, dict[str, str]]] = []
    for item in node.items:
        single = isinstance(item, MappingNode) and len(item.entries) == 1
        name, arguments = item.entries[0] if isinstance(item, MappingNode) and single else (item, None)
        if not isinstance(name, Scalar):
            findings.add("NS202", f"a logger is Name or {{Name: arguments}}, not {describe(item)}", item)
        elif name.value not in known:
            findings.misspelt("NS616", f"there is no logger {name.text!r}", name, list(known))
        elif any(name.value == kind.name for kind, _ in found):
            findings.add("NS616", f"{name.text} is named twice", name)
        else:
            found.append((known[str(name.value)], _arguments(known[str(name.value)], arguments, findings)))
    return tuple(sorted(found, key=lambda pair: LOGGERS.index(pair[0])))


def _arguments(kind: LoggerKind, node: Node | None, findings: Findings) -> dict[str, str]:
    names, found = [key.name for key in kind.keys], {}
    for key, value in node.entries if isinstance(node, MappingNode) else ():
        if key.text not in names:
            has = f"; it has {', '.join(names)}" if names else "; it has none"
            findings.misspelt("NS205", f"{kind.name} has no argument {key.text!r}{has}", key, names)
        elif not isinstance(value, Scalar) or not isinstance(value.value, str) or not value.value:
            findings.add("NS202", f"{kind.name} → {key.text} is a name, not {describe(value)}", value)
        else:
            found[key.text] = value.value
    return found
