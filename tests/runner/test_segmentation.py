"""Segmentation and several labels: IoU and Dice as scikit-learn has them, specs that beat a baseline, masks as PNG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import f1_score, jaccard_score

from netspec.checker import check
from netspec.core.diagnostics import Diagnostic
from netspec.data.shapes import draw
from netspec.inference.output_pictures import palette
from netspec.language.load import load, loads
from netspec.language.spec import Spec
from netspec.metrics.overlap import Overlap
from netspec.reports.progress import Silent
from netspec.trainer.train import Run, train
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
SPECS = Path(__file__).parents[2] / "specs"
CPU = torch.device("cpu")


def test_overlap_of_classes_is_scikit_learns() -> None:
    output = torch.randn(6, 4, 5, 3, generator=torch.Generator().manual_seed(0))
    output[:, 3] = -9  # a class that neither occurs nor is predicted
    target = torch.arange(6 * 5 * 3).reshape(6, 5, 3) % 3
    metric = Overlap("classes", (4, 5, 3), CPU, ("iou", "dice"))
    for start in (0, 4):
        metric.update(output[start : start + 4], target[start : start + 4])
    true, predicted = target.flatten().numpy(), output.argmax(1).flatten().numpy()
    expected = jaccard_score(true, predicted, average="macro"), f1_score(true, predicted, average="macro")
    assert tuple(metric.result().values()) == pytest.approx(expected)


@pytest.mark.parametrize(("shape", "labels"), [((3,), 3), ((3, 4, 5), 3), ((1, 4, 5), 1), ((4, 5), 1)])
def test_overlap_of_labels_is_scikit_learns(shape: tuple[int, ...], labels: int) -> None:
    random = torch.Generator().manual_seed(0)
    output = torch.randn(7, *shape, generator=random)
    target = torch.randint(0, 2, (7, *shape), generator=random).float()
    metric = Overlap("logits", shape, CPU, ("iou", "dice"))
    metric.update(output, target)
    pair = (target > 0, output > 0)
    true, predicted = (x.reshape(7, labels, -1).movedim(1, 2).reshape(-1, labels).numpy() for x in pair)
    average = "macro" if labels > 1 else "binary"
    expected = jaccard_score(true, predicted, average=average), f1_score(true, predicted, average=average)
    assert tuple(metric.result().values()) == pytest.approx(expected)


def test_shapes_are_drawn_where_their_masks_are() -> None:
    split, again, labels = draw(40, 32, 3, True), draw(40, 32, 3, True), draw(40, 32, 3, False)
    pictures, (masks,) = split.tables[0], split.targets
    assert torch.equal(pictures, again.tables[0])
    assert torch.equal(pictures, labels.tables[0])
    assert not torch.equal(pictures, draw(40, 32, 4, True).tables[0])
    assert pictures[:, 0][masks > 0].float().mean() > 2.5 * pictures[:, 0][masks == 0].float().mean()
    for shape in (1, 2, 3):
        assert torch.equal(labels.targets[0][:, shape - 1], (masks == shape).flatten(1).any(1).long())
    disc = masks[0] == 1 if (masks[0] == 1).any() else masks[1] == 1
    rows = disc.sum(1)
    assert rows.max() <= 2 * 0.22 * 32 + 1


@pytest.mark.parametrize("name", ["segment", "multilabel"])
def test_what_is_known_is_what_is_drawn(name: str) -> None:
    spec = load(str(SPECS / f"{name}.yaml"))
    data = prepare(spec).data
    wrong = check(loads(spec.to_yaml().replace("classes: 4", "classes: 3").replace("Linear: 3", "Linear: 2")))
    assert data.val is not None
    assert len(data.val) == -(-len(data.train) // 2)
    assert name == "segment" or [found.code for found in wrong.diagnostics] == ["NS612"]


def test_segmentation_beats_calling_all_background(tmp_path: Path) -> None:
    settings = ("train.epochs=2", "params.width=8", "train.batch_size=10")
    best = train(load(str(SPECS / "segment.yaml"), settings), out=tmp_path / "run", progress=Silent()).best
    masks = draw(250, 32, 1, True).targets[0].flatten().numpy()  # the validation pictures
    baseline = jaccard_score(masks, np.zeros_like(masks), average="macro")
    assert best is not None
    assert best["val_iou"] > 1.5 * baseline > 0.3
    assert best["val_dice"] > best["val_iou"]


@pytest.mark.exhaustive
def test_several_labels_beat_the_commoner_answer(tmp_path: Path) -> None:
    settings = ("train.epochs=5", "data.Shapes.count=600")
    best = train(load(str(SPECS / "multilabel.yaml"), settings), out=tmp_path / "run", progress=Silent()).best
    there = draw(300, 32, 1, False).targets[0].double().mean(0)
    baseline = float(torch.maximum(there, 1 - there).mean())
    assert best is not None
    assert best["val_accuracy"] > baseline + 0.1
    assert best["val_auroc"] > 0.75  # 0.5 by chance


@pytest.mark.parametrize(
    ("output", "loss", "data"),
    [
        ("{Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}", "CrossEntropyLoss", "Shapes: masks"),
        (
            "{Conv2d: {out_channels: 1, kernel_size: 3, padding: 1}}, {squeeze: {dim: 1}}",
            "BCEWithLogitsLoss",
            "Arrays: {path: data.npz}",
        ),
    ],
)
def test_a_mask_is_written_as_a_picture(
    run: Callable[..., Run],
    netspec: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    output: str,
    loss: str,
    data: str,
) -> None:
    split = draw(20, 32, 0, True)
    np.savez(tmp_path / "data.npz", x=split.tables[0].numpy(), y=(split.targets[0] > 0).numpy())
    text = f"netspec: 1\nname: masks\ninput: [1, 32, 32]\nlayers: [{output}]\ndata: {{{data}}}\n"
    text += f"train: {{epochs: 1, batch_size: 10, loss: {loss}, metrics: [iou], optimizer: {{Adam: {{lr: 0.01}}}}}}\n"
    done = run(text)
    Image.fromarray(split.tables[0][0, 0].numpy()).save(tmp_path / "one.png")
    assert netspec("predict", "run", "one.png", "--pictures", "masks")[0] == 0
    with torch.inference_mode():
        scores = done.model.eval()(split.tables[0][:1].float() / 255)[0].cpu()
    expected = scores.argmax(0) if scores.ndim == 3 else (scores > 0).long()
    written = Image.open(tmp_path / "masks" / "one.png")
    assert np.array_equal(np.array(written), expected.numpy())
    assert written.getpalette()[:12] == palette()[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]  # Pascal VOC's


MOVED = """netspec: 1
name: moved
input: [1, 32, 32]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}]
data:
  Shapes: {target: masks, count: 12}
  augment:
    [RandomHorizontalFlip, {ColorJitter: {brightness: 0.5}}, {RandomCrop: {size: 32, padding: 6}}, RandomVerticalFlip]
train: {epochs: 1, batch_size: 6, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def test_a_mask_moves_with_its_picture(make: Make) -> None:
    own = draw(12, 32, 0, True)
    plain = MOVED.replace("{ColorJitter: {brightness: 0.5}}, ", "")
    larger = "  transforms: [{Resize: {size: [32, 32], interpolation: nearest}}]\n  augment:"
    plan = prepare(make(plain.replace("  augment:", larger)))
    pictures = own.targets[0][:, None].to(torch.uint8) * 51  # each shows its mask: class 3 is 153 of 255
    pictures = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)  # twice as large, which Resize undoes
    split = replace(plan.data.train, inputs=(pictures,))
    job, _ = make_state(replace(plan, data=replace(plan.data, train=split)))
    order, moved = torch.randperm(12), 0
    for number, batch in enumerate(job.train.batches(order, 6, epoch=1)):
        (masks,) = batch.targets
        assert torch.equal((batch.inputs[0][:, 0] * 5).round().long(), masks)
        assert masks.dtype == torch.int64
        moved += int((masks != own.targets[0][order[6 * number : 6 * number + 6]]).any())
    assert moved == 2
    with_colour, without = (make_state(prepare(make(text)))[0].train for text in (MOVED, plain))
    assert next(with_colour.batches(order, 6)).inputs[0].ne(next(without.batches(order, 6)).inputs[0]).any()
    evaluated = torch.cat([batch.targets[0] for batch in job.train.batches(None, 6)])
    assert torch.equal(evaluated, own.targets[0])  # nothing is moved in an evaluation


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("RandAugment", "and leaves its mask where it is"),
        ("{RandomCrop: {size: 32, padding: 4, fill: 1}}", "would fill a mask with the number"),
    ],
)
def test_what_would_move_the_picture_alone_is_refused(
    make: Make, refused: Callable[..., list[Diagnostic]], step: str, words: str
) -> None:
    (found,) = refused(prepare, make(MOVED.replace("RandomVerticalFlip", step)))
    assert found.code == "NS605"
    assert words in found.message
    assert found.span.line == 8
