"""The first fix of each of these mistakes is what a good tutor would say: the network after it is compared."""

from __future__ import annotations

import pytest
import torch

from netspec.checker import check
from netspec.compiler.module import compile_spec
from netspec.language.load import loads
from tests.corpus.run import apply, errors, network
from tests.fixes import axis_cases, picture_cases, promise_cases
from tests.fixes.picture_cases import Case
from tests.rounds import sample

GROUPS = {**picture_cases.GROUPS, **axis_cases.GROUPS, **promise_cases.GROUPS}
RUN = {*axis_cases.GROUPS, *promise_cases.GROUPS}
CASES = {f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()}


def text_of(case: Case) -> str:
    head, items, _ = case
    return f"netspec: 1\n{head}\nlayers:\n" + "".join(f"  - {item}\n" for item in items)


def mended_text(case: Case) -> str:
    text = text_of(case)
    for old, new in case[2].items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", sample(CASES, 3))
def test_the_first_fix_is_a_tutors(name: str) -> None:
    text = text_of(CASES[name])
    found = errors(text)
    assert found
    assert found[0]["fixes"], "no fix"
    expected = network(mended_text(CASES[name]))
    assert expected is not None
    assert network(apply(text, found[0]["fixes"][0]["edits"])) == expected, [fix["title"] for fix in found[0]["fixes"]]


@pytest.mark.parametrize("name", [name for name in CASES if name.partition(":")[0] in RUN])
def test_torch_runs_what_the_tutor_says(name: str) -> None:
    spec = loads(mended_text(CASES[name]))
    graph = check(spec).graph
    assert graph is not None
    inputs = [torch.zeros(2, *tensor.shape) for tensor in graph.inputs.values() if tensor is not None]
    compile_spec(spec)(*inputs)


def test_another_network_is_not_taken_for_it() -> None:
    case = CASES["arguments: the width of a norm in a list"]
    assert network(mended_text(case)) != network(text_of(case).replace("[48]", "[10, 96]"))


def titles(head: str, *items: str) -> list[str]:
    found = errors(text_of((head, list(items), {})))
    return [fix["title"] for fix in found[0]["fixes"]]


def test_a_larger_input_comes_before_padding_and_a_pool_less() -> None:
    found = titles("input: [3, 8, 8]", "MaxPool2d: 2", "MaxPool2d: 2", "Conv2d: {out_channels: 4, kernel_size: 3}")
    # 3·2·2 = 12 rows are needed; 8 / 2 = 4 rows hold the kernel, and so do 2 padded by 1
    assert found == [
        "an input of 3×16×16",
        "an input of 3×12×12, the smallest",
        "padding: 1",
        "without the last MaxPool2d",
    ]


def test_an_input_is_never_cut_below_half() -> None:
    found = titles("input: [7]", "{name: l, Linear: 2}", "{add: {}, from: [l, input]}")
    assert found
    assert "an input of 2" not in found


def test_a_view_with_the_batch_is_a_warning_with_its_fix() -> None:
    text = text_of(("input: [16, 5, 5]", ["reshape: [-1, 400]", "Linear: 10"], {}))
    (found,) = errors(text, "warning")
    assert found["code"] == "NS922"
    assert network(apply(text, found["fixes"][0]["edits"])) == network(text.replace("[-1, 400]", "[400]"))


@pytest.mark.parametrize(
    "after", ["Conv1d: {out_channels: 4, kernel_size: 5}", "Flatten", "transpose: {dim0: 1, dim1: 2}"]
)
def test_an_axis_of_one_that_is_meant_is_no_warning(after: str) -> None:
    assert not errors(text_of(("input: [16, 5, 5]", ["reshape: [-1, 400]", after, "Flatten"], {})), "warning")


def test_a_parameter_of_the_input_is_changed_where_it_stands() -> None:
    case: Case = (
        "params: {frames: 4}\ninput: [1, frames, 64]",
        ["Conv2d: {out_channels: 8, kernel_size: 3, stride: 2}"] * 2,
        {"frames: 4": "frames: 7"},
    )
    text = text_of(case)
    assert network(apply(text, errors(text)[0]["fixes"][0]["edits"])) == network(mended_text(case))
