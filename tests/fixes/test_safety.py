"""Which first fixes are safe, and what a check says once."""

from __future__ import annotations

import pytest

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.core.names import sure_match
from netspec.language.load import loads
from netspec.layers.table import TABLE


def found(layers: str, head: str = "input: [3, 32, 32]") -> list[Diagnostic]:
    return list(check(loads(f"netspec: 1\n{head}\nlayers:\n{layers}")).diagnostics)


CONV = "  - Conv2d: {out_channels: 32, kernel_size: 3, padding: 1}\n"
SAFE = {
    "a count behind a Flatten": CONV + "  - Flatten\n  - Linear: {in_features: 1050, out_features: 2}\n",
    "two against one": CONV + "  - BatchNorm2d: 64\n  - Conv2d: {in_channels: 32, out_channels: 8, kernel_size: 3}\n",
    "a misspelt layer": "  - Flaten\n",
    "a misspelt argument": "  - Conv2d: {out_chanels: 8, kernel_size: 3}\n",
}
SUGGESTED = {
    "one against one": CONV + "  - Conv2d: {in_channels: 64, out_channels: 8, kernel_size: 3}\n",
    "a missing Flatten": CONV + "  - Linear: {in_features: 64, out_features: 8}\n",
    "one halving too few": CONV + "  - Flatten\n  - Linear: {in_features: 32*16*16, out_features: 2}\n",
    "no global pool": CONV + "  - Flatten\n  - Linear: {in_features: 32, out_features: 2}\n",
    "the dimension": "  - MaxPool: 2\n",
    "a pool that is too wide": "  - MaxPool2d: 64\n",
}


@pytest.mark.parametrize("name", SAFE)
def test_one_reading_is_safe(name: str) -> None:
    (one,) = found(SAFE[name])
    assert one.fixes[0].safe
    assert not any(fix.safe for fix in one.fixes[1:])


@pytest.mark.parametrize("name", SUGGESTED)
def test_another_reading_makes_a_suggestion(name: str) -> None:
    assert not any(fix.safe for one in found(SUGGESTED[name]) for fix in one.fixes)


def test_nothing_behind_an_unknown_layer_is_safe() -> None:
    layers = CONV + "  - Whatever\n  - BatchNorm\n  - Flatten\n  - Linear: {in_features: 9, out_features: 2}\n"
    assert not any(fix.safe for one in found(layers) for fix in one.fixes)


@pytest.mark.parametrize(
    ("word", "match"),
    [("Lineer", "Linear"), ("Conv2D", "Conv2d"), ("Dropuot", "Dropout"), ("Relu", "ReLU"), ("flaten", "flatten"),
     ("Conv4d", None), ("Convd", None), ("BatchNorm", None), ("SReLU", None), ("GRN", None), ("quantile", None)],
)  # fmt: skip
def test_a_name_is_sure_at_one_slip_from_one_name(word: str, match: str | None) -> None:
    assert sure_match(word, TABLE) == match


def test_names_with_a_letter_or_a_number_are_no_slips() -> None:
    assert sure_match("enc_a", ["enc_b"]) is None
    assert sure_match("conv3", ["conv2"]) is None
    assert sure_match("encodr2", ["encoder1", "encoder2"]) == "encoder2"


def test_an_error_in_a_repeat_is_shown_once() -> None:
    (one,) = found(
        "  - repeat: {c: [16, 32, 64]}\n    layers: [Conv2d: {out_channels: c, kernel_size: 1}, PixelShuffle: 3]\n"
    )
    assert ("and", "in 2 further repetitions") in [(note.label, note.text) for note in one.notes]


def test_an_error_of_the_same_words_counts_its_repetitions() -> None:
    (one,) = found("  - repeat: 4\n    layers: [Conv2d: {in_channels: 5, out_channels: 3, kernel_size: 1}]\n")
    assert ("in", "4 repetitions") in [(note.label, note.text) for note in one.notes]


def test_a_layer_that_nobody_wrote_has_no_error() -> None:
    assert [one.code for one in found("  - quantile\n")] == ["NS204"]


def test_a_missing_flatten_is_said_at_its_error() -> None:
    head = "input: [1, 8, 8]\ntrain: {loss: CrossEntropyLoss, epochs: 1, optimizer: {SGD: {lr: 0.1}}}\n"
    head += "data: {MNIST: {}, transforms: [{Resize: [8, 8]}]}"
    (one,) = [each for each in found(CONV + "  - Linear: 10\n", head) if each.severity == "error"]
    assert any("is a Flatten to 2048 missing?" in note.text for note in one.notes)
    assert one.fixes[0].title == "Flatten before it"


def test_a_bias_before_each_norm_is_said_once() -> None:
    pair = "  - Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}\n  - BatchNorm2d\n  - ReLU\n"
    (one,) = [each for each in found(pair * 3) if each.code == "NS906"]
    assert one.fixes[0].title == "bias: false in all 3"


BLOCK = "input: [16]\nparams: {k: 4}\nblocks: {B: {params: {n}, layers: [Linear: n]}}"


def test_a_quoted_expression_for_a_block_is_one() -> None:
    assert found('  - B: {n: "max(8, k)"}\n', BLOCK) == []
    assert [one.code for one in found("  - B: {n: max(8, k)}\n", BLOCK)] == ["NS206"]


def _titles(layers: str, head: str) -> list[list[str]]:
    return [[fix.title for fix in one.fixes] for one in found(layers, head)]


def test_behind_an_unknown_shape_the_input_tells_the_number_of_axes() -> None:
    """Only the suggestion for the input's axes is made; for a vector, or for several inputs, none is."""
    layers = "  - Whatever: {out_channels: 8}\n  - BatchNorm\n  - MaxPool: 2\n"
    assert _titles(layers, "input: [3, 32, 32]") == [[], ["BatchNorm2d"], ["MaxPool2d"]]
    assert _titles(layers, "input: [3, 500]") == [[], ["BatchNorm1d"], ["MaxPool1d"]]
    assert _titles(layers, "input: [3, 8, 32, 32]") == [[], ["BatchNorm3d"], ["MaxPool3d"]]
    assert _titles(layers, "input: [784]") == [[], [], []]
    assert not any(_titles("  - {name: f, Whatever: {}, from: a}\n  - BatchNorm\n", "inputs: {a: [3, 8, 8], b: [9]}"))


def test_the_name_of_an_item_of_a_list_is_offered_to_a_reference() -> None:
    layers = "  - {name: parts.0, Linear: 4}\n  - {name: b, ReLU: {}, from: parts.1}\n"
    assert _titles(layers, "input: [4]") == [["parts.0"]]
    assert _titles(layers.replace("parts.0", "part").replace("parts.1", "parts"), "input: [4]") == [["part"]]
