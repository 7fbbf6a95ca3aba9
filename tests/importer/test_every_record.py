"""Every layer and function of the table comes back: its spec, compiled, is imported as a spec of the same network."""

from __future__ import annotations

from typing import Any

import pytest

import netspec
from netspec.importer.failure import ImportFailure
from netspec.importer.text import flow
from netspec.layers.record import Case, Layer
from netspec.layers.table import TABLE
from tests.layers.helpers import is_here
from tests.rounds import sample

NOT_YET = {"index_select": "torch.take_along_dim"}  # of indexes that each sample has for itself


def plain(value: object) -> object:
    """An argument of a case as a spec has it."""
    return [plain(each) for each in value] if isinstance(value, tuple | list) else value


def spec_of(layer: Layer, case: Case) -> tuple[str, dict[str, Any]] | None:
    """The text of a spec of one layer, and its inputs; None where the case is one that only a test can write."""
    if case.further or any(type(value).__name__ == "Formula" for value in case.args.values()):
        return None
    inputs = {f"x{at}": {"shape": [*shape], "dtype": case.dtype_of(at)} for at, shape in enumerate(case.inputs)}
    args = {name: plain(value) for name, value in case.args.items()}
    item = f"{{name: it, {layer.name}: {flow(args)}, from: {flow([*inputs])}}}"
    text = f"netspec: 1\ninputs: {flow(inputs)}\nlayers:\n  - {item}\n"
    report = netspec.check(netspec.loads(text))
    if not report.ok:
        return None
    outputs = [name for name in report.outputs if "." in name]
    return f"{text}outputs: {flow(outputs)}\n" if outputs else text, inputs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    sample(
        [name for name, layer in TABLE.items() if is_here(layer.since)], 5, keep=("Linear", "Conv2d", "LSTM", "add")
    ),
)
def test_a_record_comes_back(name: str) -> None:
    layer = TABLE[name]
    cases = layer.right[:1] if name == "one_hot" else layer.right[1:2] or layer.right  # whose second has one class
    texts = [made for case in cases if (made := spec_of(layer, case)) is not None]
    for text, inputs in texts:
        module = netspec.compile(netspec.loads(text))
        if name in NOT_YET:
            with pytest.raises(ImportFailure, match=NOT_YET[name]):
                netspec.from_module(module, inputs)
            return
        assert netspec.check(netspec.from_module(module, inputs)).ok


def test_most_records_have_a_case() -> None:
    assert sum(
        any(spec_of(layer, case) for case in layer.right[1:2] or layer.right) for layer in TABLE.values()
    ) > 0.9 * len(TABLE)
