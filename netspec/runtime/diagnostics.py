"""Located errors of training: a message, and a node of the spec or a module of the network → a SpecError."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.core.diagnostics import Diagnostic, Note, SpecError
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Mapping, Node, Sequence, Span
from netspec.expansion.graph import Call, Ref
from netspec.language.spec import Spec
from netspec.shapes.report import Report

At = Node | Span


@dataclass(frozen=True, slots=True, order=True)
class OptionSpan(Span):
    """The location of a command-line option: its name as the path, with its value, and no line of a file."""

    value: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.value}"


def spec_error(code: str, message: str, at: At, *notes: tuple[str, str]) -> SpecError:
    """The error of one diagnostic.

    Args:
        code: of the diagnostic, such as NS601.
        message: one sentence.
        at: the node or span that it points to.
        notes: (label, text) pairs, such as ("fix", "val: 0.2").
    """
    span, frames = (at, ()) if isinstance(at, Span) else (at.span, at.frames)
    lines = tuple(Note(label, text) for label, text in notes)
    return SpecError([Diagnostic(code, message, span, notes=lines, frames=frames)])


def unknown_name(code: str, message: str, at: Node, word: str, known: list[str]) -> SpecError:
    """The error for an unknown name, with close matches; only the check offers fixes, as it can verify them."""
    return spec_error(code, message + did_you_mean(closest(word, known)), at)


def option_span(name: str, value: str) -> OptionSpan:
    """The location of a command-line option, for errors that are about no line of a file.

    Args:
        name: of the option, such as `--device`.
        value: as it was typed.
    """
    return OptionSpan(name, 0, 0, 0, 0, value)


def spec_start(path: str) -> Span:
    """The start of a file, for what is missing from it."""
    return Span(path, 1, 1, 1, 2)


def torch_says(error: BaseException) -> tuple[str, str]:
    """A note that quotes torch, shortened to its first line."""
    text = str(error).strip() or type(error).__name__
    return ("torch", text.splitlines()[0][:300])


def counted(number: int, what: str) -> str:
    """`1 epoch`, `3 epochs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Collector:
    """Gathers the diagnostics of several steps, so that one run shows them all.

    Args:
        found: earlier diagnostics; a step's diagnostic with the same span as one of them, or with one of the same code
            inside its span, is dropped.
    """

    def __init__(self, found: Iterable[Diagnostic] = ()) -> None:
        self.found = list(found)
        self._known = tuple((item.code, item.span) for item in self.found)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Run a step and keep the diagnostics of its SpecError, if it raises one."""
        try:
            yield
        except SpecError as error:
            self.found.extend(item for item in error.diagnostics if not self._is_known(item))

    def _is_known(self, found: Diagnostic) -> bool:
        span = found.span
        ends = (span.line, span.column), (span.end_line, span.end_column)
        return any(
            known == span
            or (code == found.code and known.path == span.path and ends[0] <= (known.line, known.column)
                and (known.end_line, known.end_column) <= ends[1])
            for code, known in self._known
        )  # fmt: skip

    def finish(self) -> None:
        """End the steps.

        Raises:
            SpecError: with all diagnostics, if there are any.
        """
        if self.found:
            raise SpecError(self.found)


# Layers that change no value of their input, only its shape.
KEEPS_VALUES = frozenset(
    ["ChannelShuffle", "Flatten", "Identity", "PixelShuffle", "PixelUnshuffle", "Unflatten", "flatten", "permute",
     "reshape", "squeeze", "transpose", "unsqueeze"]
)  # fmt: skip


def layers_span(spec: Spec) -> At:
    """The key `layers`, for errors about the network as a whole."""
    return spec.document.key("layers") or spec.document.key("model") or spec_start(spec.path)


def call_span(call: Call, argument: str | None = None) -> Node:
    """A layer's type, or the value of one of its arguments, with its provenance."""
    node = call.arg_nodes.get(argument or "", call.item.at)
    return replace(node, frames=(*node.frames, *call.frames))


def output_size_node(report: Report, output: str) -> Node | None:
    """The value of `out_features` that sets the size of an output; None where no Linear does."""
    if report.graph is None or (ref := report.graph.outputs.get(output)) is None:
        return None
    while ref.node >= 0:
        call = report.graph.calls[ref.node]
        if "out_features" in call.arg_nodes:
            return call_span(call, "out_features")
        before = report.tensor(call.inputs[0]) if len(call.inputs) == 1 else None
        after = report.tensor(ref)
        if before is None or after is None or before.shape != after.shape:
            return None
        ref = call.inputs[0]
    return None


def input_index(report: Report, ref: Ref) -> int | None:
    """The index of the network's input that a value is, perhaps in another shape; None where it is no input."""
    while ref.node >= 0:
        call = report.graph.calls[ref.node] if report.graph is not None else None
        if call is None or call.record.name not in KEEPS_VALUES:
            return None
        ref = call.inputs[0]
    return -1 - ref.node


def module_span(report: Report, path: str) -> tuple[At, str]:
    """The location of the layer that a module of the compiled network implements, and its name with its type.

    Functions are no modules: a scope that has only one function stands for that one. All other modules stand for the
    network.
    """
    calls = report.graph.calls if report.graph is not None else ()
    found = [call for call in calls if call.path == path]
    if not found:
        inside = [call for call in calls if call.path.rpartition(".")[0] == path]
        found = [call for call in inside if not call.record.name[:1].isupper()]
    if len(found) != 1:
        return layers_span(report.spec), "the network"
    (call,) = found
    return call_span(call), call_name(call)


def call_name(call: Call) -> str:
    """A layer's path with its type; the type alone where the path is only a number."""
    return call.record.name if call.path.isdigit() else f"{call.path} ({call.record.name})"


def sample_span(spec: Spec, part: str, name: str, row: int) -> Node | Span | None:
    """The node of a sample where the data are inline; None elsewhere.

    Args:
        spec: with the data.
        part: `x` or `y`.
        name: of the input, or of the output, where there is a list for each.
        row: the sample's index.
    """
    inline = spec.data.get("inline") if isinstance(spec.data, Mapping) else None
    rows = inline.get(part) if isinstance(inline, Mapping) else None
    rows = rows.get(name) if isinstance(rows, Mapping) else rows
    return rows.items[row] if isinstance(rows, Sequence) and row < len(rows.items) else None
