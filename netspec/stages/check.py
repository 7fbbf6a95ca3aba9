"""Spec → Report: every stage run, every finding placed, every fix verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from netspec.ground.diagnostics import Diagnostic, Frame, SpecError
from netspec.ground.findings import Findings
from netspec.ground.shapes import show
from netspec.ground.tree import Mapping as Tree
from netspec.ground.tree import Node, Scalar, describe
from netspec.layers.arguments import Ints
from netspec.stages.diagnose import diagnose, output_fixes
from netspec.stages.evaluate import Evaluator, param_values
from netspec.stages.expand import expand
from netspec.stages.fix import verified
from netspec.stages.infer import infer
from netspec.stages.load import TEXT, load
from netspec.stages.reviewing import review
from netspec.stages.sections import amount
from netspec.stages.spec import Report, Spec


def check(spec: Spec, *, fixes: bool = True) -> Report:
    """Check a spec.

    Args:
        spec: as `load` gives it.
        fixes: explain what is wrong and offer fixes; each is verified by a full re-check of the edited text.

    Returns:
        The Report; `ok` is false where a diagnostic is an error. Diagnostics stand in the order of the file.
    """
    findings = Findings()
    findings.extend(spec.diagnostics)
    graph = expand(spec, findings)
    report = Report(spec, graph, (), (), param_values(spec.params))
    if graph is not None:
        inference = infer(graph)
        findings.extend(diagnose(spec, graph, inference, explain=fixes))
        report = Report(spec, graph, inference.known, (), report.params)
    if not any(found.severity == "error" for found in findings.list()):
        findings.extend(review(report))
        findings.extend(_expectations(report, fixes))
    ordered = sorted((_with_origin(found, spec) for found in findings.list()), key=lambda found: _order(found, spec))
    if fixes and any(found.fixes for found in ordered):
        size = len(graph.calls) if graph else 1
        if not any(found.code == "NS211" for found in ordered):  # an expansion that met its limit is not tried again
            ordered = verified(ordered, spec, size, lambda texts: _recheck(spec, texts))
        else:
            ordered = [replace(found, fixes=()) for found in ordered]
    return Report(spec, graph, report.inferred, tuple(ordered), report.params)


def require(spec: Spec) -> Report:
    """The report of a spec without errors.

    Raises:
        SpecError: it has errors; the exception's text shows them.
    """
    report = check(spec, fixes=False)
    if not report.ok:
        report = check(spec)
        raise SpecError(report.diagnostics, spec.sources)
    return report


def _recheck(spec: Spec, texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """The diagnostics of a spec with some of its texts replaced."""
    if spec.path == TEXT:
        source = texts.get(TEXT, spec.sources[TEXT])
        again = load(source if "\n" in source else source + "\n", spec.settings, folder=spec.folder)
    else:
        overlay = {path: text for path, text in {**spec.sources, **texts}.items() if path != "--set"}
        again = load(spec.path, spec.settings, folder=spec.folder, overlay=overlay)
    return check(again, fixes=False).diagnostics


def _order(found: Diagnostic, spec: Spec) -> tuple[bool, str, int, int]:
    return (found.span.path != spec.path, found.span.path, found.span.line, found.span.column)


def _with_origin(found: Diagnostic, spec: Spec) -> Diagnostic:
    """A finding in another file says where that file was named."""
    origin = spec.origins.get(found.span.path)
    if origin is None:
        return found
    frame = Frame(f"the file {found.span.path}, named", origin)
    return found if frame in found.frames else Diagnostic(
        found.code, found.message, found.span, found.layer, found.notes, found.fixes, (*found.frames, frame)
    )  # fmt: skip


def _expectations(report: Report, fixes: bool) -> Iterator[Diagnostic]:
    """What `expect` promises against what was found."""
    expect = report.spec.expect
    if not isinstance(expect, Tree) or report.graph is None:
        return
    wanted = expect.get("output")
    if wanted is not None:
        yield from _expected_output(report, wanted, fixes)
    for key, code, counted, what in (
        ("max_params", "NS502", report.parameters, "parameters"),
        ("max_macs", "NS503", report.macs, "MACs"),
    ):
        node = expect.get(key)
        if node is None:
            continue
        bound = amount(report.spec.evaluate(node))
        if bound is None:
            yield Diagnostic("NS202", f"{key} is a number, or one with k, M, G or T, got {describe(node)}", node.span)
        elif counted > bound:
            text = node.text if isinstance(node, Scalar) else ""
            yield Diagnostic(
                code, f"the network has {counted:,} {what}, {counted - int(bound):,} more than {text}", node.span
            )


def _expected_output(report: Report, wanted: Node, fixes: bool) -> Iterator[Diagnostic]:
    """The outputs against their promised shapes: one list for the first, or a list for each name."""
    outputs = report.outputs
    promises = (
        [(key.text, node) for key, node in wanted] if isinstance(wanted, Tree) else [(next(iter(outputs)), wanted)]
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
