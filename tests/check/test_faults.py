"""A rule of netspec that fails: one located diagnostic and exit code 3; the rest of the check goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import netspec
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.core.faults import CODE, RAISE, fault, where_to_report
from netspec.core.tree import Span
from netspec.fixes import rules as fix_rules
from netspec.lint import rules, training_rules
from tests.cli.commands import netspec as command
from tests.faults import broken_layer, reported

TEXT = """\
netspec: 1
input: [8]
layers:
  - {name: first, Linear: {in_features: 7, out_features: 4}}
  - {name: second, ReLU: {}}
  - {name: third, Linear: {out_features: 4, bias: 3}}
"""
RIGHT = TEXT.replace("in_features: 7, ", "").replace(", bias: 3", "")
TRAINED = RIGHT + "train: {loss: MSELoss}\n"
Break = Callable[[pytest.MonkeyPatch], None]


def fail(*everything: object) -> Iterator[Diagnostic]:
    raise IndexError("tuple index out of range")


def found_in(text: str) -> list[tuple[str, int]]:
    """The codes of a check, with their lines."""
    return [(found.code, found.span.line) for found in netspec.check(netspec.loads(text)).diagnostics]


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("too deep"), MemoryError()])
def test_a_shape_rule_that_fails_is_reported_where_it_stands(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found_in(TEXT) == [("NS401", 4), ("NS202", 6)]
    broken_layer("ReLU", monkeypatch, error)
    reported(monkeypatch)
    assert found_in(TEXT) == [("NS401", 4), (CODE, 5), ("NS202", 6)]
    (found,) = (each for each in netspec.check(netspec.loads(TEXT)).diagnostics if each.code == CODE)
    assert found.layer == "second"
    assert "the rule of ReLU" in found.message
    assert type(error).__name__ in found.message
    assert "netspec --version" in " ".join(note.text for note in found.notes)


@pytest.mark.parametrize(
    ("broken", "text", "line"),
    [
        (lambda m: m.setattr(fix_rules, "RULES", (fail, *fix_rules.RULES)), TEXT, 4),
        (lambda m: m.setattr(rules, "WARNINGS", (fail, *rules.WARNINGS)), RIGHT, 1),
        (lambda m: m.setattr(training_rules, "DATA_AND_LOSS", (fail, *training_rules.DATA_AND_LOSS)), TRAINED, 1),
        (lambda m: m.setattr("netspec.checker.expand", fail), RIGHT, 1),
        (lambda m: m.setattr("netspec.checker.graph_for_torch", fail), RIGHT, 1),
        (lambda m: m.setattr("netspec.checker.expectations", fail), RIGHT, 1),
        (lambda m: m.setattr("netspec.language.load.apply_settings", fail), RIGHT, 1),
    ],
    ids=["fix", "warning", "data", "expansion", "versions", "budgets", "reading"],
)
def test_every_kind_of_rule_is_caught(broken: Break, text: str, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = found_in(text)
    broken(monkeypatch)
    with pytest.raises(IndexError):
        found_in(text)
    reported(monkeypatch)
    after = found_in(text)
    assert [each for each in after if each[0] == CODE] == [(CODE, line)]
    assert [each for each in after if each[0] != CODE] == before


def test_what_a_rule_looked_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_a_layer(context: rules.LintContext) -> Iterator[Diagnostic]:
        call = context.graph.calls[1]
        yield from fail(call)

    monkeypatch.setattr(rules, "WARNINGS", (of_a_layer,))
    reported(monkeypatch)
    assert found_in(RIGHT) == [(CODE, 5)]


@pytest.mark.parametrize("words", [("check",), ("summary",), ("train",)])
def test_a_command_ends_with_3_and_without_a_traceback(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(RIGHT, encoding="utf-8")
    broken_layer("ReLU", monkeypatch)
    reported(monkeypatch)
    done = command(*words, str(path), capsys=capsys)
    assert done.code == 3
    assert f"error[{CODE}]" in done.out + done.err
    assert "Traceback" not in done.out + done.err


def test_a_spec_is_refused_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_layer("ReLU", monkeypatch)
    reported(monkeypatch)
    with pytest.raises(SpecError, match=CODE):
        netspec.compile(netspec.loads(RIGHT))


def test_in_tests_it_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_layer("ReLU", monkeypatch)
    with pytest.raises(KeyError, match="broken on purpose"):
        found_in(RIGHT)


def test_it_says_where_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    class Known:
        def get_all(self, name: str) -> list[str]:
            return ["Documentation, https://docs.example", "Issues, https://example.org/issues"]

    monkeypatch.setattr("importlib.metadata.metadata", lambda name: Known())
    assert where_to_report() == "at https://example.org/issues"
    monkeypatch.setenv(RAISE, "")
    found = fault("a rule", ValueError("a\nb"), Span("net.yaml", 3, 1, 3, 2))
    assert found.message.endswith("ValueError: a b")
    assert "https://example.org/issues" in found.notes[-1].text
