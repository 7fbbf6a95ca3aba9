"""What `expect` promises against what was found: NS501 to NS506.

- `max_activation_memory`: 4 bytes for each number of the outputs of all layers and functions for one sample, as if each
  output were kept as float32: about what training holds for the backward pass, for each sample of a batch. Outputs
  changed in place and views count like any other; weights and the input do not.
- `min_receptive_field`: how many rows and columns of the input the outputs see, as `receptive_fields` says.
- `max_layers`: the rows of `netspec summary`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from netspec.core.diagnostics import Diagnostic, Findings, Fix
from netspec.core.shapes import show
from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.language.evaluate import Evaluator
from netspec.language.sections.validate import amount
from netspec.layers.arguments import Ints
from netspec.lint.receptive_fields import receptive_field
from netspec.shapes.report import Report

BYTES = 4  # of a float32
_UNITS = {f"{prefix}B": 1000**power for power, prefix in enumerate(("", "k", "M", "G", "T"))}
_UNITS |= {f"{prefix}iB": 1024**power for power, prefix in enumerate(("", "K", "M", "G", "T")) if power}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?i?B)\s*")


def parse_bytes(value: object) -> float | None:
    """A number of bytes; None where the value is none.

    Args:
        value: such as `40MB`, `1.5GiB`, or what `amount` takes.
    """
    match = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return amount(value)
    unit = match[2].replace("K", "k") if "i" not in match[2] else match[2].replace("k", "K")
    return float(match[1]) * _UNITS[unit] if unit in _UNITS else None


def activation_memory(report: Report) -> int:
    """Bytes that all outputs take for one sample, as the module says.

    Args:
        report: with the shapes of the network.
    """
    return BYTES * sum(prod(tensor.shape) for known in report.inferred for tensor in known.outputs or ())


def expectations(report: Report, fixes: bool) -> Iterator[Diagnostic]:
    """What `expect` promises against what was found.

    Args:
        report: without errors so far.
        fixes: search fixes for an output that misses its promised shape.
    """
    expect = report.spec.expect
    if not isinstance(expect, Mapping) or report.graph is None:
        return
    wanted = expect.get("output")
    if wanted is not None:
        yield from _expected_output(report, wanted, fixes)
    for key, code, counted, what in (
        ("max_params", "NS502", report.parameters, "parameters"),
        ("max_macs", "NS503", report.macs, "MACs"),
        ("max_layers", "NS506", len(report.graph.calls), "layers"),
    ):
        yield from _at_most(report, expect.get(key), key, code, counted, what)
    yield from _unknown(report, expect.get("max_params"), "parameters")
    yield from _unknown(report, expect.get("max_macs"), "macs")
    yield from _memory(report, expect.get("max_activation_memory"))
    yield from _field(report, expect.get("min_receptive_field"))


def _at_most(report: Report, node: Node | None, key: str, code: str, counted: int, what: str) -> Iterator[Diagnostic]:
    if node is None:
        return
    bound = amount(report.spec.evaluate(node))
    if bound is None:
        yield Diagnostic("NS202", f"{key} is a number, or one with k, M, G or T, got {describe(node)}", node.span)
    elif counted > bound:
        message = f"the network has {counted:,} {what}, {counted - int(bound):,} more than {_text(node)}"
        yield Diagnostic(code, message, node.span)


def _unknown(report: Report, node: Node | None, count: str) -> Iterator[Diagnostic]:
    """A budget that cannot be checked, because the rule of a plugin's layer gives no count."""
    if node is None or report.graph is None:
        return
    for call, known in zip(report.graph.calls, report.inferred, strict=True):
        if getattr(known, count) is None:
            message = f"the plugin of {call.record.name} says nothing of its {count}, so that no budget can hold"
            yield Diagnostic("NS704", message, node.span, call.path)
            return


def _memory(report: Report, node: Node | None) -> Iterator[Diagnostic]:
    if node is None:
        return
    bound, taken = parse_bytes(report.spec.evaluate(node)), activation_memory(report)
    if bound is None:
        message = f"max_activation_memory is a number of bytes, as 40MB or 1GiB, got {describe(node)}"
        yield Diagnostic("NS202", message, node.span)
    elif taken > bound:
        message = f"the layers give {taken:,} bytes for one sample, {taken - int(bound):,} more than {_text(node)}"
        yield Diagnostic("NS504", message, node.span)


def _field(report: Report, node: Node | None) -> Iterator[Diagnostic]:
    if node is None:
        return
    bound, field = report.spec.evaluate(node), receptive_field(report)
    if not isinstance(bound, int) or isinstance(bound, bool):
        yield Diagnostic("NS202", f"min_receptive_field is a positive integer, got {describe(node)}", node.span)
    elif field is None:
        yield Diagnostic("NS505", "no convolution or pool is on the way to an output", node.span)
    elif min(field) < bound:
        yield Diagnostic("NS505", f"the receptive field is {show(field)}, less than {_text(node)}", node.span)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _expected_output(report: Report, wanted: Node, fixes: bool) -> Iterator[Diagnostic]:
    """The outputs against their promised shapes: one list for the first output, or a list for each name."""
    outputs = report.outputs
    promises = (
        [(key.text, node) for key, node in wanted] if isinstance(wanted, Mapping) else [(next(iter(outputs)), wanted)]
    )
    for name, node in promises:
        findings = Findings()
        shape = Evaluator(findings).argument(node, Ints(least=0), report.params, "expect.output", None, ())
        yield from findings.list()
        tensor = outputs.get(name)
        if name not in outputs:
            yield Diagnostic("NS501", f"expect.output names {name}, which is no output", node.span)
        elif isinstance(shape, tuple) and tensor is not None and tensor.shape != shape:
            message = f"expect.output is {show(shape)}, the network gives {show(tensor.shape)}"
            found = _output_fixes(report, name, shape, node) if fixes else ()
            yield Diagnostic("NS501", message, node.span, layer=name, fixes=found)


def _output_fixes(report: Report, name: str, wanted: tuple[int, ...], written: Node) -> tuple[Fix, ...]:
    from netspec.fixes.diagnose import output_fixes

    return output_fixes(report, name, wanted, written)
