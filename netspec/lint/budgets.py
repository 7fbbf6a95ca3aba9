"""What `expect` promises against what was found: NS501 to NS506.

- `max_activation_memory`: 4 bytes for each number that the layers and functions give for one sample, summed over all
  of them, as if every result were kept as float32: about what training holds for the backward pass, for each sample
  of a batch. Work in place and views are counted like any other result; weights and the input are not.
- `min_receptive_field`: how many rows, columns of the input the last windows on the way to an output see, after Araujo
  et al. 2019 (doi 10.23915/distill.00021): from r = 1, jump = 1 each window makes r + (d·(k - 1))·jump and jump·stride.
  Paths are joined by the largest r; of several axes the smallest counts, of several outputs the largest. What mixes the
  whole picture anyway (Flatten, adaptive pools, attention) does not count. A transposed convolution sees ceil(k / s)
  positions and divides the jump by s; upsampling divides it too and sees no more. Behind those it is a mean over the
  positions of the output.
- `max_layers`: the rows of `netspec summary`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import prod

from netspec.core.diagnostics import Diagnostic, Findings
from netspec.core.shapes import show
from netspec.core.tree import Mapping, Node, Scalar, describe
from netspec.expansion.graph import Call
from netspec.fixes.diagnose import output_fixes
from netspec.language.evaluate import Evaluator
from netspec.language.sections.validate import amount
from netspec.layers.arguments import Ints
from netspec.layers.spatial import per_axis
from netspec.layers.table import CONVOLUTIONS, POOLS
from netspec.shapes.report import Report

BYTES = 4  # of a float32
Field = tuple[tuple[int, Fraction], ...]  # receptive field and jump along each spatial axis
_UNITS = {f"{prefix}B": 1000**power for power, prefix in enumerate(("", "k", "M", "G", "T"))}
_UNITS |= {f"{prefix}iB": 1024**power for power, prefix in enumerate(("", "K", "M", "G", "T")) if power}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?i?B)\s*")


def memory(value: object) -> float | None:
    """`40MB`, `1.5GiB`, or what `amount` takes, as a number of bytes; None where it is none."""
    match = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return amount(value)
    unit = match[2].replace("K", "k") if "i" not in match[2] else match[2].replace("k", "K")
    return float(match[1]) * _UNITS[unit] if unit in _UNITS else None


def activation_memory(report: Report) -> int:
    """Bytes that all results take for one sample, as the module says."""
    return BYTES * sum(prod(tensor.shape) for known in report.inferred for tensor in known.outputs or ())


def receptive_field(report: Report) -> tuple[int, ...] | None:
    """The receptive field along each axis, as the module says; None where no window is on the way to an output."""
    if report.graph is None:
        return None
    fields: list[Field] = []
    for call in report.graph.calls:
        entering = [fields[ref.node] for ref in call.inputs if ref.node >= 0]
        fields.append(_seen(report, call, _joined(entering)))
    ends = _joined([fields[ref.node] for ref in report.graph.outputs.values() if ref.node >= 0])
    return tuple(seen for seen, _ in ends) or None


def _joined(fields: list[Field]) -> Field:
    """The largest field and jump along each axis; fields of another number of axes give way to the longest."""
    longest = max(map(len, fields), default=0)
    columns = zip(*(field for field in fields if len(field) == longest), strict=True)
    return tuple((max(seen for seen, _ in column), max(jump for _, jump in column)) for column in columns)


def _seen(report: Report, call: Call, before: Field) -> Field:
    known, name = report.inferred[call.id], call.record.name
    arriving = known.inputs[0].shape if known.inputs and known.inputs[0] is not None else ()
    leaving = known.outputs[0].shape if known.outputs else ()
    windowed = name in CONVOLUTIONS | POOLS
    if not windowed and not name.startswith("Upsampl") and name != "interpolate":
        return before
    if len(arriving) != len(leaving) or not arriving:
        return before
    axes, args = len(arriving) - 1, known.args
    field = before if len(before) == axes else ((1, Fraction(1)),) * axes
    if not windowed:
        scales = [Fraction(new, old) for new, old in zip(leaving[1:], arriving[1:], strict=True) if old]
        return tuple((seen, jump / scale) for (seen, jump), scale in zip(field, scales, strict=True))
    kernel, dilation = (per_axis(value, axes) for value in (args["kernel_size"], args.get("dilation", 1)))
    stride = per_axis(args["kernel_size"] if args["stride"] is None else args["stride"], axes)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if name.startswith("ConvTranspose"):
        reach = [-(-window // step) for window, step in zip(reach, stride, strict=True)]
        steps = [Fraction(1, step) for step in stride]
    else:
        steps = [Fraction(step) for step in stride]
    grown = zip(field, reach, steps, strict=True)
    return tuple((seen + int((window - 1) * jump), jump * step) for (seen, jump), window, step in grown)


def expectations(report: Report, fixes: bool) -> Iterator[Diagnostic]:
    """What `expect` promises against what was found.

    Args:
        fixes: look for mends of an output that is missed.
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
    """A budget that cannot be held against a plugin's layer whose rule says no count."""
    calls = report.graph.calls if report.graph is not None else ()
    for call, known in zip(calls, report.inferred, strict=True) if node is not None else ():
        if getattr(known, count) is None and node is not None:
            message = f"the plugin of {call.record.name} says nothing of its {count}, so that no budget can hold"
            yield Diagnostic("NS704", message, node.span, call.path)
            return


def _memory(report: Report, node: Node | None) -> Iterator[Diagnostic]:
    bound = None if node is None else memory(report.spec.evaluate(node))
    if node is not None and bound is None:
        message = f"max_activation_memory is a number of bytes, as 40MB or 1GiB, got {describe(node)}"
        yield Diagnostic("NS202", message, node.span)
    elif node is not None and bound is not None and (taken := activation_memory(report)) > bound:
        message = f"the layers give {taken:,} bytes for one sample, {taken - int(bound):,} more than {_text(node)}"
        yield Diagnostic("NS504", message, node.span)


def _field(report: Report, node: Node | None) -> Iterator[Diagnostic]:
    bound = None if node is None else report.spec.evaluate(node)
    field = receptive_field(report)
    if node is None:
        return
    if not isinstance(bound, int) or isinstance(bound, bool):
        yield Diagnostic("NS202", f"min_receptive_field is a positive integer, got {describe(node)}", node.span)
    elif field is None:
        yield Diagnostic("NS505", "no convolution or pool is on the way to an output", node.span)
    elif min(field) < bound:
        yield Diagnostic("NS505", f"the receptive field is {show(field)}, less than {_text(node)}", node.span)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _expected_output(report: Report, wanted: Node, fixes: bool) -> Iterator[Diagnostic]:
    """The outputs against their promised shapes: one list for the first, or a list for each name."""
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
            found = output_fixes(report, name, shape) if fixes else ()
            yield Diagnostic("NS501", message, node.span, layer=name, fixes=found)
