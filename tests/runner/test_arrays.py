"""Arrays in files: the same samples from each kind, beyond memory too; one located error for what cannot be read."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from netspec.core.diagnostics import Diagnostic
from netspec.data.saved_tensors import LONGEST_PICKLE
from netspec.language.spec import Spec
from netspec.trainer.train import Run
from netspec.training.plan import prepare
from netspec.training.setup import make_state

Make = Callable[..., Spec]
SPEC = """netspec: 1
name: arrays
input: [3, 6, 5]
layers: [Flatten, {Linear: 4}]
data:
  Arrays: {path: data.npz, x: images, y: labels}
  transforms: [{Normalize: {mean: [0.5], std: [0.5]}}]
train: {epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
TABLE = SPEC.replace("[3, 6, 5]", "[3]").replace("  transforms: [{Normalize: {mean: [0.5], std: [0.5]}}]\n", "")
CHANCE = np.random.default_rng(0)
IMAGES = CHANCE.integers(0, 256, (10, 6, 5, 3), dtype=np.uint8)
LABELS = np.arange(10) % 4
SAME, LITTLE = ("", ""), ("\ntrain", "\n  memory: 100B\ntrain")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """`write("data.npz", images=…, labels=…)`; a name without a suffix is a folder of .npy files."""

    def save(name: str, **arrays: Any) -> None:
        path = tmp_path / name
        if path.suffix == ".npz":
            np.savez_compressed(path, **arrays)
        elif path.suffix in (".pt", ".pth"):
            torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
        elif path.suffix:
            save_file({key: np.ascontiguousarray(array) for key, array in arrays.items()}, path)
        else:
            path.mkdir()
            for key, array in arrays.items():
                np.save(path / f"{key}.npy", array)

    return save


@pytest.mark.parametrize("name", ["data.npz", "data.safetensors", "data.pt", "data.pth", "data"])
def test_every_kind_of_file_gives_the_same(make: Make, write: Callable[..., None], name: str) -> None:
    write(name, images=IMAGES, labels=LABELS)
    job, _ = make_state(prepare(make(SPEC.replace("data.npz", name))))
    (batch,) = job.train.batches(None, 16)
    expected = (torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    assert torch.allclose(batch.inputs[0], expected, atol=1e-6)
    assert batch.targets[0].tolist() == LABELS.tolist()


def test_grey_pictures_and_pictures_with_the_channels_first(make: Make, write: Callable[..., None]) -> None:
    write("data.npz", images=IMAGES[..., 0], labels=LABELS)
    grey = prepare(make(SPEC.replace("[3, 6, 5]", "[1, 6, 5]"))).data
    assert torch.equal(grey.train.tables[0], torch.from_numpy(IMAGES[:, None, :, :, 0]))
    write("data.npz", images=IMAGES.transpose(0, 3, 1, 2).astype(np.float64) / 255, labels=LABELS)
    floats = prepare(make(SPEC)).data.train.tables[0]
    assert floats.dtype == torch.float32
    assert floats.shape == (10, 3, 6, 5)


def test_tables_of_several_inputs_and_words_for_classes(
    make: Make, write: Callable[..., None], run: Callable[..., Run]
) -> None:
    write("data.npz", a=np.ones((6, 2), np.float16), b=np.arange(6, dtype=">u2"), y=np.array(["red", "blue"] * 3))
    text = TABLE.replace("input: [3]", "inputs: {a: [2], b: [1]}").replace("[Flatten,", "[{concat: {}, from: [a, b]},")
    data = prepare(make(text.replace("x: images, y: labels", "x: {a: a, b: b}").replace("Linear: 4", "Linear: 2"))).data
    assert [x.tolist()[5] for x in data.train.tables] == [[1.0, 1.0], [5]]
    assert data.source.targets[0].classes == ("blue", "red")
    assert data.train.targets[0].tolist() == [1, 0] * 3
    assert data.source.columns == ("a0", "a1", "b")


def test_the_samples_may_be_their_own_targets(make: Make, write: Callable[..., None]) -> None:
    write("data.npz", x=np.eye(3, dtype=np.float32))
    text = TABLE.replace(", x: images, y: labels}", "}\n  target: input").replace("Linear: 4", "Linear: 3")
    plan = prepare(make(text, "train.loss=MSELoss"))
    assert plan.data.reconstruct
    assert plan.data.train.targets == ()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("name", ["data", "data.safetensors", "data.pt"])
def test_what_exceeds_the_memory_stays_in_its_file(
    make: Make, write: Callable[..., None], refused: Callable[..., list[Diagnostic]], tmp_path: Path, name: str
) -> None:
    write(name, images=IMAGES, labels=LABELS)
    at, text = tmp_path / name, SPEC.replace("data.npz", name)
    plan = prepare(make(text, "data.memory=100B"))
    assert plan.data.source.mapped
    place = plan.data.train.tables[0].data_ptr()
    maps = [line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines() if str(at) in line]
    bounds = [[int(end, 16) for end in fields[0].split("-")] for fields in maps]
    assert any(low <= place < high for low, high in bounds)
    held, _ = make_state(prepare(make(text)))
    job, _ = make_state(plan)
    for ours, theirs in zip(
        job.train.batches(torch.arange(10), 4), held.train.batches(torch.arange(10), 4), strict=True
    ):
        assert torch.equal(ours.inputs[0], theirs.inputs[0])
    (found,) = refused(prepare, make(text, "data.memory=100B", "data.val=0.2"))
    assert "val: 0.2 copies samples" in found.message


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("name", ["data.npz", "data.safetensors", "data.pt", "data"])
def test_a_truncated_file_is_named(
    make: Make, write: Callable[..., None], refused: Callable[..., list[Diagnostic]], tmp_path: Path, name: str
) -> None:
    write(name, images=IMAGES, labels=LABELS)
    truncate(tmp_path / name if "." in name else tmp_path / name / "images.npy")
    (found,) = refused(prepare, make(SPEC.replace("data.npz", name)))
    assert found.code == "NS601"
    assert "cannot be read" in found.message or "is no file that torch.save writes" in found.message


class Payload:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_objects_are_not_read(
    make: Make, write: Callable[..., None], refused: Callable[..., list[Diagnostic]], tmp_path: Path
) -> None:
    write("data.npz", images=np.array([Payload(tmp_path / "ran")], dtype=object), labels=LABELS)
    (found,) = refused(prepare, make(SPEC))
    assert "it holds Python objects, which are not read" in found.message
    assert not (tmp_path / "ran").exists()


def zipped(path: Path, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("data/data.pkl", b"0" * (LONGEST_PICKLE + 1))


@pytest.mark.parametrize(
    ("save", "words"),
    [
        (lambda path: torch.save({"images": Payload(path.parent / "ran")}, path), "objects of classes, which are not"),
        (lambda path: torch.save([torch.ones(4), torch.zeros(4)], path), "has no array 'images'; it has 0, 1"),
        (lambda path: torch.save({"images": torch.eye(3).to_sparse()}, path), "it is sparse"),
        (lambda path: torch.save({"images": torch.ones(3, device="meta")}, path), "without values"),
        (lambda path: torch.save({"images": torch.ones(3, dtype=torch.cfloat)}, path), "no numbers"),
        (lambda path: torch.save({"images": torch.ones(1).expand(90_000, 3)}, path), "more than `memory` allows"),
        (lambda path: torch.save(1, path, _use_new_zipfile_serialization=False), "is no file that torch.save writes"),
        (lambda path: zipped(path, zipfile.ZIP_DEFLATED), "is compressed"),
        (lambda path: zipped(path, zipfile.ZIP_STORED), "too many objects"),
    ],
)
def test_what_a_pt_file_may_hold(
    make: Make, refused: Callable[..., list[Diagnostic]], tmp_path: Path, save: Callable[[Path], None], words: str
) -> None:
    save(tmp_path / "data.pt")
    (found,) = refused(prepare, make(TABLE.replace("data.npz", "data.pt"), "data.memory=1MB"))
    assert found.code == "NS601"
    assert words in found.message
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("arrays", "changed", "words"),
    [
        ({"pictures": IMAGES, "labels": LABELS}, SAME, "has no array 'images'; it has pictures, labels"),
        ({"images": IMAGES}, SAME, "has no array 'labels'; it has images"),
        ({"images": IMAGES, "labels": LABELS[:9]}, SAME, "images has 10 samples, labels has 9"),
        ({"images": np.ones((4, 3), complex), "labels": LABELS[:4]}, SAME, "holds complex128, no numbers"),
        ({"images": np.array([["a"]]), "labels": LABELS[:1]}, SAME, "no numbers"),
        ({"images": np.float32(3), "labels": LABELS[:1]}, SAME, "it holds no samples"),
        ({"images": np.array([[1, 2, 3], [1, np.nan, 3]]), "labels": LABELS[:2]}, SAME, "row 2 of images holds"),
        ({"images": IMAGES, "labels": LABELS}, LITTLE, "more than `memory` allows; in .npy files"),
        ({"images": IMAGES, "labels": LABELS}, ("data.npz", "other.npz"), "there is no file"),
        ({"images": IMAGES, "labels": LABELS}, ("data.npz", "net.yaml"), "is no .npz, .safetensors or .pt file"),
        ({"images": IMAGES, "labels": LABELS}, ("data.npz", "one.npy"), "path is the folder it lies in, x: one"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_error(
    make: Make, write: Callable[..., None], refused: Callable[..., list[Diagnostic]], tmp_path: Path,
    arrays: dict[str, Any], changed: tuple[str, str], words: str,
) -> None:  # fmt: skip
    write("data.npz", **arrays)
    np.save(tmp_path / "one.npy", LABELS)
    (found,) = [item for item in refused(prepare, make(TABLE.replace(*changed))) if item.code == "NS601"]
    assert found.code == "NS601"
    assert words in found.message


def test_a_pt_file_is_predicted(
    write: Callable[..., None], run: Callable[..., Run], netspec: Callable[..., tuple[int, str, str]]
) -> None:
    write("data.pt", images=CHANCE.normal(size=(10, 3)), labels=LABELS)
    run(TABLE.replace("data.npz", "data.pt"))
    code, out, _ = netspec("predict", "run", "data.pt")
    assert (code, len(out.splitlines())) == (0, 10)


def test_a_run_on_a_table_predicts_rows(
    write: Callable[..., None], run: Callable[..., Run], netspec: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    write("data.npz", images=CHANCE.normal(size=(10, 3)), labels=LABELS)
    run(TABLE)
    (tmp_path / "rows.csv").write_text("1,2,3\n")
    code, out, err = netspec("predict", "run", "rows.csv")
    assert (code, err) == (0, "")
    assert out.startswith("rows.csv:1")
