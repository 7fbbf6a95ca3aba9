"""Spec → Report: runs every stage of a check, and verifies the fixes by further checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from netspec.core.diagnostics import Diagnostic, Findings, SpecError, errors
from netspec.core.faults import guarded
from netspec.core.garbage import seldom_collected
from netspec.core.tree import Frame
from netspec.expansion.expand import expand
from netspec.expansion.graph import Graph
from netspec.expansion.limits import MOST_CALLS
from netspec.language.evaluate import param_values
from netspec.language.load import TEXT, load, loads
from netspec.language.spec import Spec
from netspec.lint.budgets import expectations
from netspec.lint.ignores import all_ignores, without_ignored
from netspec.lint.repetitions import once, one_for_each_pattern
from netspec.lint.rules import lint, with_missing_flatten
from netspec.lint.torch_versions import classes_for_torch, graph_for_torch
from netspec.shapes.before import Before
from netspec.shapes.infer import infer
from netspec.shapes.parameters import findings_of, has_rules
from netspec.shapes.report import Report


@seldom_collected()
def check(
    spec: Spec,
    *,
    fixes: bool = True,
    ignore: Collection[str] = (),
    torch: str | None = None,
    most_layers: int = MOST_CALLS,
    all_sizes: bool = True,
    expanded: Graph | None = None,
    before: Report | None = None,
) -> Report:
    """Check a spec.

    Args:
        spec: as `load` gives it.
        fixes: explain what is wrong and offer fixes; each is verified by a full check of the edited text.
        ignore: codes of warnings that are left out, besides those that comments in the texts name.
        torch: the version of torch to check for; the installed one where left out, without one the newest.
        most_layers: a network of more layers is an error.
        all_sizes: check every size that the spec promises, rather than the shown ones alone.
        expanded: what the spec expands to, with nothing wrong so far; left out where that is not known.
        before: of the spec before a change: what is known of calls that are the same is taken from it.

    Returns:
        The Report; `ok` is false where a diagnostic is an error. Diagnostics are in the order of the file.
    """
    findings = Findings()
    findings.extend(spec.diagnostics)
    start = spec.document.span
    if expanded is None:
        graph = guarded("the expansion", lambda: expand(spec, findings, most_layers), None, start, findings)
        expanded = None if findings.list() else graph
    else:
        graph = expanded
    if graph is not None:
        flat = graph
        graph = guarded(
            "a rule of versions", lambda: graph_for_torch(spec, flat, torch, findings), None, start, findings
        )
    guarded("a rule of versions", lambda: classes_for_torch(spec, torch, findings), None, start, findings)
    report = Report(spec, graph, (), (), param_values(spec.params), expanded)
    if graph is not None:
        report = _with_shapes(report, graph, fixes, all_sizes, findings, before.steady if before else None)
    ignores, wrong_ignores = all_ignores(spec.sources)
    findings.extend(wrong_ignores)
    if not _of_network(findings):
        findings.extend(guarded("a rule of budgets", lambda: [*expectations(report, fixes)], (), start, findings))
    findings.extend(lint(replace(report, diagnostics=tuple(findings.list()))))
    if fixes and spec.document.get("search") is not None:
        findings.extend(_of_search(spec, graph, bool(errors(findings.list())), torch))
    if fixes and errors(findings.list()):
        so_far = replace(report, diagnostics=tuple(findings.list()))
        told = guarded(
            "the rule order.with_missing_flatten",
            lambda: with_missing_flatten(so_far),
            so_far.diagnostics,
            start,
            findings,
        )
        findings = Findings()
        findings.extend(told)
    kept = one_for_each_pattern(without_ignored(findings.list(), ignores, ignore, spec.path))
    ordered = sorted((_with_origin(found, spec) for found in kept), key=lambda found: spec.reading_order(found.span))
    if any(found.code == "NS211" for found in ordered):  # another check would reach the limit of expansion again
        ordered = [replace(found, fixes=()) for found in ordered]
    elif fixes:
        report = replace(report, diagnostics=tuple(ordered))
        ordered = _verified(report, ignore, torch)
    return replace(report, diagnostics=tuple(once(ordered) if fixes else ordered))


def _of_search(spec: Spec, graph: Graph | None, wrong: bool, torch: str | None) -> list[Diagnostic]:
    """What is wrong with the values that a search tries; each is tried by a check of its own, where nothing else is."""
    from netspec.lint.search import search

    def with_settings(settings: tuple[str, ...]) -> tuple[Diagnostic, ...]:
        again = replace(spec, settings=(*spec.settings, *settings))
        return _recheck(again, {}, (), torch).diagnostics

    faults, layers = Findings(), 0 if graph is None else len(graph.calls)
    at = spec.document.key("search") or spec.document
    found = guarded(
        "a rule of searches", lambda: search(spec, layers, None if wrong else with_settings), [], at.span, faults
    )
    return [*found, *faults.list()]


def _with_shapes(
    report: Report, graph: Graph, fixes: bool, all_sizes: bool, findings: Findings, before: Before | None
) -> Report:
    """The report with the shapes of its graph; what is wrong with them becomes findings."""
    spec, start = report.spec, report.spec.document.span
    inference = infer(graph, before)
    report = replace(report, steady=(graph, inference.known) if inference.steady else None)
    if any(call.weight or call.record.unbatched for call in graph.calls):
        from netspec.shapes.held import varying_weights, with_shapes

        graph = with_shapes(graph, inference.known)
        flat = graph
        findings.extend(guarded("a rule of weights", lambda: [*varying_weights(flat)], [], start, findings))
    report = replace(report, graph=graph, inferred=inference.known)
    findings.extend(inference.faults)
    shapes: list[Diagnostic] = []
    if inference.problems:
        from netspec.fixes.diagnose import diagnose

        shapes = diagnose(spec, graph, inference, explain=fixes)
    if spec.sizes:
        from netspec.lint.promised_sizes import check_all_sizes, check_shown_sizes

        shapes = guarded("a rule of sizes", lambda: check_shown_sizes(report, shapes, fixes), shapes, start, findings)
    findings.extend(shapes)
    if has_rules(graph):
        wrong = guarded("a rule of parameters", lambda: [*findings_of(graph, report.inferred)], [], start, findings)
        findings.extend(wrong)
    if spec.sizes and all_sizes and not _of_network(findings):
        findings.extend(guarded("a rule of sizes", lambda: [*check_all_sizes(report, fixes)], [], start, findings))
    return report


def _verified(report: Report, ignore: Collection[str], torch: str | None) -> list[Diagnostic]:
    """The diagnostics of a report with the fixes that a check of the edited texts confirms."""
    if not report.diagnostics:
        return []
    from netspec.fixes.verify import LARGEST_TRIAL, MOST_GROWTH, verified

    spec, faults = report.spec, Findings()
    most = max(LARGEST_TRIAL, MOST_GROWTH * len(report.graph.calls if report.graph else ()))
    bare = [replace(found, fixes=()) for found in report.diagnostics]
    found = guarded(
        "the check of a fix",
        lambda: verified(report, lambda texts: _recheck(spec, texts, ignore, torch, most)),
        bare,
        spec.document.span,
        faults,
    )
    return [*found, *faults.list()]


def require(spec: Spec) -> Report:
    """The report of a spec whose network has no error; errors of its data and training (NS6xx) are allowed.

    Args:
        spec: as `load` gives it.

    Raises:
        SpecError: the network has errors; the exception's text shows them.
    """
    report = check(spec, fixes=False)
    if not report.sound:
        report = check(spec)
        raise SpecError(report.diagnostics, spec.sources)
    return report


def _of_network(findings: Findings) -> list[Diagnostic]:
    """The errors so far, those of the data and training (NS6xx) left out."""
    return [found for found in errors(findings.list()) if not found.code.startswith("NS6")]


def _recheck(
    spec: Spec, texts: Mapping[str, str], ignore: Collection[str], torch: str | None, most_layers: int = MOST_CALLS
) -> Report:
    """The report on a spec with some of its texts replaced."""
    overlay = {path: text for path, text in {**spec.sources, **texts}.items() if path != "--set"}
    read, source = (loads, overlay[TEXT]) if spec.path == TEXT else (load, spec.path)
    again = read(
        source,
        spec.settings,
        folder=spec.folder,
        overlay=overlay,
        plugins=spec.plugins,
        self_contained=spec.self_contained,
    )
    return check(again, fixes=False, ignore=ignore, torch=torch, most_layers=most_layers)


def _with_origin(found: Diagnostic, spec: Spec) -> Diagnostic:
    """A finding in another file, with a frame that shows where the spec names that file."""
    origin = spec.origins.get(found.span.path)
    if origin is None:
        return found
    frame = Frame(f"the file {found.span.path}, named", origin)
    return found if frame in found.frames else replace(found, frames=(*found.frames, frame))
