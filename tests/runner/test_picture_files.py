"""Pictures with masks, and tables of pictures: what is read, moved, refused and trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, jaccard_score
from torchvision import tv_tensors
from torchvision.transforms import v2

from netspec.core.diagnostics import Diagnostic
from netspec.data.loading import LoaderFeed
from netspec.data.segmentation import mask_numbers
from netspec.data.shapes import draw
from netspec.language.load import load
from netspec.language.sections.picture_keys import IGNORED
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import make_job, prepare
from netspec.training.setup import make_state

Make, Refused = Callable[..., Spec], Callable[..., list[Diagnostic]]
COUNT, SIDE = 24, 20
MASKS = """netspec: 1
name: masks
input: [3, 16, 16]
layers: [{Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}, ReLU, {Conv2d: {out_channels: 4, kernel_size: 1}}]
data:
  Segmentation: {pictures: photos, masks: masks, classes: [ground, disc, square, triangle]}
  transforms: [{Resize: [16, 16]}]
  val: 0.25
train: {epochs: 2, batch_size: 6, loss: CrossEntropyLoss, metrics: [iou, accuracy], optimizer: {Adam: {lr: 1e-2}}}
"""
TABLE = """netspec: 1
name: pictures
input: [1, 16, 16]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, ReLU, Flatten, {Linear: 3}]
data:
  Pictures: {path: labels.csv, target: kinds, label_separator: ";"}
  transforms: [{Resize: [16, 16]}, Grayscale]
train: {epochs: 1, batch_size: 6, loss: BCEWithLogitsLoss, optimizer: {Adam: {lr: 1e-2}}}
"""
KINDS = ("disc", "square", "triangle")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn shapes in files: photos/p00.jpg …, masks/p00.png … with an ignored first row, labels.csv."""
    folder, split = tmp_path_factory.mktemp("drawn"), draw(COUNT, SIDE, 0, True)
    rows = ["file,kinds,kind,area"]
    for name in ("photos", "masks"):
        (folder / name).mkdir()
    for index, (picture, mask) in enumerate(zip(split.tables[0], split.targets[0], strict=True)):
        Image.fromarray(picture[0].numpy()).convert("RGB").save(folder / f"photos/p{index:02}.jpg", quality=95)
        there = [kind for number, kind in enumerate(KINDS, 1) if bool((mask == number).any())]
        rows.append(f"photos/p{index:02}.jpg,{';'.join(there)},{(there or ['none'])[0]},{(mask > 0).sum() / 400:g}")
        mask[0] = IGNORED
        Image.fromarray(mask.to(torch.uint8).numpy()).save(folder / f"masks/p{index:02}.png")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def here(drawn: Path, tmp_path: Path) -> Path:
    """A copy of `drawn`, where specs are."""
    shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_pairs_are_read_as_pil_and_torchvision_do(here: Path, make: Make) -> None:
    split = prepare(make(MASKS.replace("  val: 0.25\n", ""))).data.train
    for index in (0, 17):
        picture = Image.open(here / f"photos/p{index:02}.jpg")
        mask = Image.open(here / f"masks/p{index:02}.png")
        resized = v2.Resize([16, 16])(v2.functional.to_image(picture))
        moved = v2.Resize([16, 16])(tv_tensors.Mask(torch.from_numpy(np.array(mask))))
        torch.testing.assert_close(split.inputs[0][torch.tensor([index])][0], resized.as_subclass(torch.Tensor))
        assert torch.equal(split.targets[0][index], moved.as_subclass(torch.Tensor))
        assert split.files[index] == f"p{index:02}.jpg"


def test_ignored_pixels_count_nowhere(here: Path, make: Make) -> None:
    plan = prepare(make(MASKS))
    state = make_state(plan)[1]
    job = make_job(plan, state.model)
    assert job.val is not None
    batch = next(iter(job.val.batches(None, 6)))
    output, target = state.model(*batch.inputs).detach(), batch.targets[0]
    assert bool((target == IGNORED).any())
    loss = job.objective((output,), batch.targets)
    assert loss == torch.nn.functional.cross_entropy(output, target, ignore_index=IGNORED)
    measures = job.measures()
    assert measures is not None
    measures.update((output,), batch.targets)
    keep = (target != IGNORED).flatten()
    true, predicted = target.flatten()[keep].numpy(), output.argmax(1).flatten()[keep].numpy()
    expected = {
        "iou": jaccard_score(true, predicted, average="macro"),
        "accuracy": accuracy_score(true, predicted),
    }
    assert measures.result() == pytest.approx(expected)


@pytest.mark.parametrize("memory", ["8GiB", "10kB"])
def test_random_transforms_move_masks_as_torchvision_does(here: Path, make: Make, memory: str) -> None:
    """With a rotation and a crop, each sample is what v2 gives for the pair with the seed of its sample."""
    augment = "  augment: [{RandomRotation: 30}, {RandomResizedCrop: {size: 16, scale: [0.5, 0.9]}}]\n  workers: 1\n"
    spec = make(MASKS.replace("  val: 0.25\n", f"{augment}  memory: {memory}\n"))
    plan = prepare(spec)
    feed = make_job(plan, make_state(plan)[1].model).train
    assert isinstance(feed, LoaderFeed) == (memory == "10kB")
    (batch,) = feed.batches(torch.arange(6), 6, epoch=1, step=2)
    split = plan.data.train
    from netspec.data.augment.draws import Draws, TrainingStep

    draws = Draws(6, TrainingStep(0, 1, 2).generator())
    x, masks = split.inputs[0][torch.arange(6)].float() / 255, split.targets[0][:6]
    for transform in (v2.RandomRotation(30), v2.RandomResizedCrop(16, scale=(0.5, 0.9))):
        pairs = []
        for seed, picture, mask in zip(draws.seeds(), x, masks, strict=True):
            torch.manual_seed(seed)
            pairs.append(transform(tv_tensors.Image(picture), tv_tensors.Mask(mask)))
        x, masks = (torch.stack([pair[at].as_subclass(torch.Tensor) for pair in pairs]) for at in (0, 1))
    assert torch.equal(batch.inputs[0], x)
    assert torch.equal(batch.targets[0], masks.long())


def test_a_set_on_the_disk_trains_as_one_in_memory(here: Path, run: Callable[..., Run]) -> None:
    text = MASKS.replace("  val", "  augment: [RandomHorizontalFlip]\n  val")
    memory, disk = run(text), run(text, "data.memory=20kB", "data.workers=1", out="disk")
    drop = ("seconds", "samples_per_second")
    rows = [[{k: v for k, v in row.items() if k not in drop} for row in each.history] for each in (memory, disk)]
    assert rows[0] == rows[1]


@pytest.mark.exhaustive
def test_unet_learns_pairs(here: Path, make: Make, run: Callable[..., Run]) -> None:
    """unet.yaml on pictures and masks in files is better than calling everything background."""
    shutil.copy(Path(__file__).parents[2] / "specs/unet.yaml", here)
    text = "\n".join([
        "netspec: 1\nname: unet\nmodel: unet.yaml\nparams: {classes: 4, channels: 3, size: 16, width: 8}",
        MASKS[MASKS.index("data:") :],
    ])  # fmt: skip
    history = run(text, "train.epochs=12").history
    split = prepare(make(text)).data.val
    assert split is not None
    true = split.targets[0][split.targets[0] != IGNORED].numpy()
    ground = jaccard_score(true, np.zeros_like(true), average="macro")
    assert max(row["val_iou"] for row in history) > ground + 0.1


@pytest.mark.parametrize(
    ("classes", "ignore", "numbers", "expected"),
    [
        ("[a, b]", None, [[0, 1, 255]], [[0, 1, 255]]),
        ("{0: a, 255: b}", None, [[0, 255, 255]], [[0, 1, 1]]),
        ("{7: a, 3: b}", "9", [[7, 3, 9]], [[0, 1, 255]]),
        ("{1: a, 2: b}", "0", [[0, 1, 2]], [[255, 0, 1]]),
        ("{300: a, 5: b}", None, [[300, 5, 255]], [[0, 1, 255]]),
        (None, None, [[0, 3, 255]], [[0, 3, 255]]),
    ],
)
def test_numbers_become_classes(
    tmp_path: Path, make: Make, classes: str | None, ignore: str | None, numbers: Any, expected: Any
) -> None:
    for folder in ("photos", "masks"):
        (tmp_path / folder).mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((1, 3, 3), np.uint8)).save(tmp_path / f"photos/{name}.png")
        dtype = np.uint16 if max(numbers[0]) > 255 else np.uint8
        Image.fromarray(np.array(numbers, dtype)).save(tmp_path / f"masks/{name}.png")
    written = f"classes: {classes}" if classes else "suffix: ''"
    text = MASKS.replace(
        "classes: [ground, disc, square, triangle]", written + (f", ignore: {ignore}" if ignore else "")
    )
    text = text.replace("[3, 16, 16]", "[3, 1, 3]").replace("  transforms: [{Resize: [16, 16]}]\n", "")
    text = text.replace("  val: 0.25\n", "").replace(", suffix: ''", "")
    split = prepare(make(text)).data.train
    assert split.targets[0][0].tolist() == expected
    assert split.targets[0].dtype == torch.uint8


def test_masks_of_all_kinds_have_numbers() -> None:
    numbers = np.array([[0, 1], [1, 0]], np.uint8)
    palette = Image.fromarray(numbers)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    for picture in (Image.fromarray(numbers), palette, Image.fromarray(numbers.astype(bool)), palette.convert("P")):
        assert mask_numbers(picture).tolist() == numbers.tolist()
    assert mask_numbers(Image.fromarray(np.stack([numbers] * 3, 2))).tolist() == numbers.tolist()


def _bomb() -> bytes:
    """A PNG that says to be 30,000×30,000."""
    data = BytesIO()
    Image.new("L", (8, 8)).save(data, "PNG")
    raw = bytearray(data.getvalue())
    raw[16:24] = (30_000).to_bytes(4, "big") * 2
    import zlib

    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    return bytes(raw)


def _spoil(here: Path, what: str) -> None:
    photo, mask = here / "photos/p03.jpg", here / "masks/p03.png"
    if what == "bomb":
        photo.write_bytes(_bomb())
    elif what == "cut":
        photo.write_bytes(photo.read_bytes()[:400])
    elif what == "text":
        photo.write_text("no picture")
    elif what == "empty":
        photo.write_bytes(b"")
    elif what == "eps":
        photo.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n")
    elif what == "size":
        Image.open(mask).resize((5, 7)).save(mask)
    elif what == "value":
        Image.fromarray(np.full((SIDE, SIDE), 9, np.uint8)).save(mask)
    elif what == "colour":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)).save(mask)
    elif what == "cut mask":
        mask.write_bytes(mask.read_bytes()[:80])
    elif what == "missing":
        mask.unlink()
    elif what == "suffix":
        for path in (here / "masks").iterdir():
            path.rename(path.with_name(f"{path.stem}_mask.png"))


@pytest.mark.parametrize("memory", ["8GiB", "20kB"])
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("bomb", "p03.jpg has more than 89,478,485 pixels"),
        ("cut", "p03.jpg cannot be read"),
        ("text", "p03.jpg is no picture"),
        ("empty", "p03.jpg is empty"),
        ("eps", "p03.jpg is no picture"),
        ("size", "the mask p03.png is 5×7, its picture p03.jpg is 20×20"),
        ("value", "the mask p03.png holds 9 in row 1, column 1; the numbers of the classes are 0, 1, 2, 3"),
        ("colour", "the mask p03.png is no mask but a picture in RGB"),
        ("cut mask", "the mask p03.png cannot be read"),
        ("missing", "the picture p03.jpg has no mask p03 in "),
        ("suffix", "the picture p00.jpg has no mask p00 in "),
    ],
)
def test_a_file_that_is_wrong_is_named(
    here: Path, make: Make, refused: Refused, what: str, message: str, memory: str
) -> None:
    _spoil(here, what)
    found = refused(prepare, make(MASKS.replace("  val", f"  memory: {memory}\n  val")))
    assert {item.code for item in found} == {"NS601"}
    assert len(found) == (COUNT if what == "suffix" else 1) or len(found) == 21
    assert any(note.text.startswith("suffix: _mask") for item in found for note in item.notes) == (what == "suffix")
    assert message in found[0].message or f"{here}/photos" in found[0].message


def test_names_choose_pictures(here: Path, make: Make, refused: Refused) -> None:
    (here / "train.txt").write_text("p01\np07\n", encoding="utf-8")
    text = MASKS.replace("masks: masks", "masks: masks, names: train.txt").replace("  val: 0.25\n", "")
    assert prepare(make(text)).data.train.files == ["p01.jpg", "p07.jpg"]
    (here / "train.txt").write_text("p01\np99\n", encoding="utf-8")
    (found,) = refused(prepare, make(text))
    assert "there is no picture p99" in found.message


def test_labels_of_a_cell_are_rows(here: Path, make: Make, run: Callable[..., Run]) -> None:
    source = prepare(make(TABLE)).data.source
    truth = draw(COUNT, SIDE, 0, False).targets[0]
    assert source.targets[0].classes == KINDS
    assert torch.equal(source.whole.targets[0], truth.float())
    assert len(run(TABLE).history) == 1


@pytest.mark.parametrize(
    ("target", "loss", "outputs", "dtype"),
    [("kind", "CrossEntropyLoss", 4, torch.int64), ("area", "MSELoss", 1, torch.float32)],
)
def test_a_table_of_pictures_has_classes_or_numbers(
    here: Path, make: Make, run: Callable[..., Run], target: str, loss: str, outputs: int, dtype: torch.dtype
) -> None:
    text = TABLE.replace('target: kinds, label_separator: ";"', f"target: {target}")
    text = text.replace("BCEWithLogitsLoss", loss).replace("Linear: 3", f"Linear: {outputs}")
    plan = prepare(make(text))
    values = plan.data.train.targets[0]
    import pandas as pd

    column = pd.read_csv(here / "labels.csv", keep_default_na=False)[target]
    expected = column.astype("category").cat.codes if target == "kind" else column
    assert values.dtype == dtype
    assert values.tolist() == pytest.approx(expected.tolist())
    assert len(run(text).history) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("photos/p03.jpg", "../p03.jpg"), "row 4: ../p03.jpg lies outside of"),
        (("photos/p03.jpg", "photos/p99.jpg"), "photos/p99.jpg is not there"),
        (("photos/p03.jpg", ""), "row 4 names no picture"),
        (("photos/p03.jpg", "labels.csv"), "labels.csv is no picture"),
        (("disc", "disk"), "has the label 'disk', which `classes` has not; did you mean disc?"),
    ],
)
def test_a_row_that_is_wrong_is_named(
    here: Path, make: Make, refused: Refused, change: tuple[str, str], message: str
) -> None:
    path = here / "labels.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    text = TABLE.replace("target: kinds", "target: kinds, classes: [disc, square, triangle]")
    found = refused(prepare, make(text))
    assert message in found[0].message


def test_a_run_predicts_masks_as_pictures(here: Path, run: Callable[..., Run], netspec: Callable[..., Any]) -> None:
    run(MASKS, "train.epochs=1")
    code, _, _ = netspec("predict", "run", "photos/p00.jpg", "--pictures", "out")
    assert code == 0
    with Image.open(here / "out/p00.png") as mask:
        assert mask.size == (16, 16)
    code, out, _ = netspec("data", "net.yaml")
    assert code == 0
    assert "ground" in out
    assert "do not count" in out


def test_masks_of_arrays_go_through_the_transforms_too(tmp_path: Path, make: Make) -> None:
    masks = np.arange(2 * 8 * 8).reshape(2, 8, 8) % 4
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 3, 8, 8), np.uint8), y=masks)
    text = MASKS.replace(
        "Segmentation: {pictures: photos, masks: masks, classes: [ground, disc, square, triangle]}", "Arrays: a.npz"
    )
    plan = prepare(make(text.replace("  val: 0.25\n", "")))
    expected = v2.Resize([16, 16])(tv_tensors.Mask(torch.from_numpy(masks)))
    assert torch.equal(plan.data.train.targets[0], expected.as_subclass(torch.Tensor))


def test_the_check_counts_classes_without_the_files(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(MASKS.replace("out_channels: 4", "out_channels: 3"), encoding="utf-8")
    from netspec.checker import check

    (found,) = check(load(str(path))).diagnostics
    assert (found.code, found.fixes[0].title) == ("NS603", "out_channels: 4")


def test_rows_of_a_table_of_pictures_stay_together(here: Path, make: Make) -> None:
    text = TABLE.replace('"}\n', '"}\n  val: 0.3\n  split: {by: kind}\n', 1)
    data = prepare(make(text)).data
    import pandas as pd

    kinds = pd.read_csv(here / "labels.csv", keep_default_na=False)["kind"].to_numpy()
    assert data.val is not None
    assert not {*kinds[data.train.rows.numpy()]} & {*kinds[data.val.rows.numpy()]}
