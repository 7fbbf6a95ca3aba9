"""`netspec explain`: a code in full, all of them in a list, close matches for what is none."""

from __future__ import annotations

import pytest

from netspec.core.codes import CODES, explanation
from tests.cli.commands import netspec


@pytest.mark.parametrize("asked", ["NS401", "ns401", "401"])
def test_a_code(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("explain", asked, capsys=capsys)
    code = explanation("NS401")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"error[NS401]: {code.what}\n\n{code.why}\n\nWrong: ")
    assert "    Linear: {in_features" not in done.out  # a list item keeps its dash
    for case in (explanation("NS401").wrong, explanation("NS401").right):
        assert "".join(f"    {line}\n" for line in case.text.splitlines()) in done.out


def test_commands_stand_below_the_spec(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\n    $ netspec train net.yaml --device cuda:99\n" in netspec("explain", "NS606", capsys=capsys).out


def test_every_code_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("explain", capsys=capsys)
    lines = done.out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("NS")] == [
        [code.id, code.severity] for code in map(explanation, CODES)
    ]
    words = " ".join(done.out.split())
    assert all(code.what in words for code in map(explanation, CODES))


@pytest.mark.parametrize(("asked", "said"), [("NS4O1", "did you mean NS401"), ("shape", "no code 'shape'"), ("", "")])
def test_no_such_code(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("explain", asked, capsys=capsys)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
