"""What newcomers write first, and what they are told: each says what is meant and what to write."""

from __future__ import annotations

import pytest

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic, SpecError
from netspec.language.load import loads

SPEC = """netspec: 1
input: {input}
layers: {layers}
data: {data}
train: {{epochs: 1, loss: CrossEntropyLoss, optimizer: {optimizer}{more}}}
"""
USUAL = {
    "input": "[4]",
    "layers": "[{Linear: 3}]",
    "data": "{sklearn: iris}",
    "optimizer": "{Adam: {lr: 0.1}}",
    "more": "",
}
PIXELS = "[{Conv2d: {out_channels: 2, kernel_size: 3, padding: 1}}]"


def found(**changed: str) -> list[Diagnostic]:
    """What a check finds."""
    return check(loads(SPEC.format(**{**USUAL, **changed}))).diagnostics


def words(one: Diagnostic) -> str:
    """A finding with its notes and fixes."""
    return "; ".join([one.message, *(note.text for note in one.notes), *(fix.title for fix in one.fixes)])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"optimizer": "{Adam: {learning_rate: 0.1}}"}, "Adam has no argument 'learning_rate'; it is lr"),
        ({"more": ", monitor: val_acuracy"}, "val_acuracy is not measured; did you mean val_accuracy"),
        ({"data": "VOCSegmentation"}, "Segmentation: {pictures: VOC2012/JPEGImages, masks: VOC2012/"),
        ({"data": "{VOCSegmentation: {root: a}}"}, "Segmentation: {pictures: VOC2012/JPEGImages"),
        ({"data": "{SPEECHCOMMANDS: {root: a}}"}, "netspec reads no files of sound"),
        ({"data": "{train: rows.csv, val: 0.2}"}, "CSV: {path: FILE, target: COLUMN}, say, has its training samples"),
        ({"data": "{pictures: a, masks: b}"}, "Segmentation: {pictures: FOLDER, masks: FOLDER, classes: […]} reads"),
        ({"data": "{sklearn: iris, batchsize: 3}"}, "data has no key 'batchsize'; batch_size belongs in train"),
        ({"data": "{sklearn: iris, qqq: 3}"}, "it has transforms, augment, val, "),
        ({"more": ", qqq: 3"}, "train has no key 'qqq'; it has epochs, "),
        ({"data": "{ImageFolder: {root: a}}", "input": "[16000]"}, "a sample of ImageFolder is a picture, [chan"),
        (
            {"data": "{ImageFolder: {root: a}}", "input": "[3, 8, 8]", "layers": PIXELS},
            "Segmentation: {pictures: FOLDER, masks: FOLDER} where each pixel has a class",
        ),
    ],
)  # fmt: skip
def test_what_people_write_is_answered(changed: dict[str, str], said: str) -> None:
    assert any(said in words(one) for one in found(**changed)), [words(one) for one in found(**changed)]


def test_a_dataset_that_another_reads_is_one_finding() -> None:
    """What it holds is not compared with the keys of the other one."""
    assert len(found(data="{VOCSegmentation: {root: a}, val: 0.2}")) == 1


def test_a_misspelt_metric_is_named_once() -> None:
    pytest.importorskip("torch")
    from netspec.training.plan import prepare

    spec = loads(SPEC.format(**{**USUAL, "more": ", metrics: [acuracy]"}))
    with pytest.raises(SpecError) as caught:
        prepare(spec)
    (one,) = [item for item in caught.value.diagnostics if "acuracy" in item.message or "metrics" in item.message]
    assert one.message.endswith("did you mean accuracy or auroc?")
    assert [fix.title for fix in one.fixes] == ["accuracy", "auroc"]


def test_learning_rate_is_mended() -> None:
    ((fix,),) = [one.fixes for one in found(optimizer="{Adam: {learning_rate: 0.1}}")]
    assert fix.safe
    assert [edit.text for edit in fix.edits] == ["lr"]
