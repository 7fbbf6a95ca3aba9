"""Faults of netspec itself: an exception that a rule or a stage should not have raised → one located diagnostic.

Whoever calls rules or stages catches what they raise and hands it to `fault`; the rest of the check goes on. The exit
code is 3 then. With the environment variable NETSPEC_RAISE the exception is raised again, as the tests have it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from netspec.core.diagnostics import Diagnostic, Findings, Note, errors
from netspec.core.files import ReadError
from netspec.core.interruption import checkpoint
from netspec.core.tree import Mapping, Scalar, Sequence, Span, shorten

RAISE = "NETSPEC_RAISE"
CODE = "NS801"
EXIT_CODE = 3
LONGEST = 200  # characters of an exception's text
Found = TypeVar("Found")
Other = TypeVar("Other")


def where_to_report() -> str:
    """Where a fault is to be reported: the project's address, if its package names one."""
    from importlib.metadata import PackageNotFoundError, metadata  # here, because it takes as long as a small check

    try:
        urls = metadata("netspec").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    pages = {name.strip().lower(): url.strip() for name, _, url in (each.partition(",") for each in urls)}
    page = next((pages[name] for name in ("issues", "repository", "homepage") if name in pages), None)
    return f"at {page}" if page else "to the netspec developers"


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """The exit code of a command that was stopped by diagnostics, or ended with them: 0, 1 or 3."""
    found = errors(diagnostics)
    return EXIT_CODE if any(each.code == CODE for each in found) else 1 if found else 0


def place_of(error: BaseException) -> str:
    """The file and line of the package in which an exception was raised."""
    found = "netspec"
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename.replace(os.sep, "/")
        if "/netspec/" in path:
            found = f"netspec/{path.rpartition('/netspec/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def words_of(error: BaseException) -> str:
    """The last line that a traceback of an exception would have."""
    text = shorten(" ".join(str(error).split()), LONGEST)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _looked_at(trace: TracebackType | None) -> Span | None:
    """What the rule looked at when it failed: the innermost node of the spec's text that one of its functions held."""
    found: Span | None = None
    while trace is not None:
        for value in trace.tb_frame.f_locals.values():
            item = getattr(value, "item", None)  # of a call
            node = getattr(item, "at", value)
            if isinstance(node, Scalar | Sequence | Mapping):
                found = node.span
        trace = trace.tb_next
    return found


def fault(rule: str, error: Exception, at: Span, *, exact: bool = False, layer: str | None = None) -> Diagnostic:
    """The diagnostic for an exception that is netspec's fault.

    Args:
        rule: what raised it, such as `the rule of Conv2d`.
        error: the exception.
        at: where to point, if it is `exact` or the exception does not tell what the rule looked at.
        exact: whether `at` is what the rule looked at.
        layer: the module path of the layer, where it is about one.

    Raises:
        Exception: `error` itself, where NETSPEC_RAISE is set, or where it is about a file that cannot be read.
    """
    if os.environ.get(RAISE) or isinstance(error, ReadError):
        raise error
    span = at if exact else _looked_at(error.__traceback__) or at
    notes = (
        Note("note", f"raised at {place_of(error)}; {RAISE}=1 shows the traceback"),
        Note("report", f"{where_to_report()}, with this text and what `netspec --version` says"),
    )
    message = f"this is a fault of netspec, not of the spec: {rule} failed with {words_of(error)}"
    return Diagnostic(CODE, message, span, layer, notes)


def guarded(stage: str, run: Callable[[], Found], otherwise: Other, at: Span, findings: Findings) -> Found | Other:
    """What a stage gives; `otherwise` where it fails, which becomes a finding.

    Args:
        stage: what it does, such as `the search for fixes`.
        run: the stage.
        otherwise: what the check goes on with.
        at: where to point if nothing nearer is known.
        findings: takes the fault.
    """
    checkpoint()
    try:
        return run()
    except Exception as error:
        findings.extend([fault(stage, error, at)])
        return otherwise


def each_guarded(rule: str, run: Callable[[], Iterable[Diagnostic]], at: Span) -> Iterator[Diagnostic]:
    """The findings of a rule, up to its fault if it has one.

    Args:
        rule: its name.
        run: the rule, which yields findings.
        at: where to point if nothing nearer is known.
    """
    checkpoint()
    try:
        yield from run()
    except Exception as error:
        yield fault(rule, error, at)
