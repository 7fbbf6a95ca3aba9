"""`netspec eval RUN FILE…`: the scores of files are those that the run's own evaluation gives the same samples."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import metrics as sk
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from netspec.inference.loaded_run import load_run
from netspec.trainer.train import Run

Start = Callable[..., Run]
Command = Callable[..., tuple[int, str, str]]

PICTURES = """netspec: 1
name: pictures
input: [3, 12, 12]
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, ReLU, Flatten, {Linear: 3}]
data:
  ImageFolder: {root: pictures}
  transforms: [{Resize: [12, 12]}, {Normalize: {mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2]}}]
train: {epochs: 2, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.05}}}
"""
NUMBERS = """netspec: 1
name: numbers
input: [3]
layers: [{Linear: 4}, Tanh, {Linear: 1}]
data: {CSV: {path: rows.csv, target: y}, val: {CSV: {path: new.csv, target: y}}}
train: {epochs: 1, batch_size: 64, loss: MSELoss, optimizer: {SGD: {lr: 0.05}}}
"""
WORDS = """netspec: 1
name: words
input: [2]
layers: [{Linear: 3}]
data: {CSV: {path: rows.csv, target: kind}, val: {CSV: {path: new.csv, target: kind}}}
train: {epochs: 5, batch_size: 16, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def scores(answer: tuple[int, str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(answer[1])
    return content


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Both tell the same of the same samples; `split` and `errors` are how they came by them."""
    kept = [
        {key: value for key, value in row.items() if key not in ("split", "errors", "run", "weights")}
        for row in (one, other)
    ]
    tables = [(row.pop("classes", None), row.pop("confusion", None)) for row in kept]
    assert tables[0] == tables[1]
    assert kept[0] == pytest.approx(kept[1], rel=1e-5)


@pytest.fixture
def pictures(run: Start, tmp_path: Path) -> Run:
    """A run on small coloured pictures of three kinds, which overlap."""
    draw = np.random.default_rng(0)
    for index, kind in enumerate(("cat", "dog", "emu")):
        folder = tmp_path / "pictures" / kind
        folder.mkdir(parents=True)
        for number in range(8):
            grey = np.clip(draw.normal(90 + 25 * index, 60, (20, 17 + number, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(folder / f"{number}.png")
    return run(PICTURES)


def table(path: Path, rows: list[tuple[Any, ...]], *names: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows] if names else rows)


def test_a_folder_of_classes_scores_as_the_run_does(pictures: Run, netspec: Command) -> None:
    own = netspec("eval", "run", "--format", "json")
    code, _, err = files = netspec("eval", "run", "pictures", "--format", "json")
    assert (code, err) == (0, "")
    same(scores(own), scores(files))
    assert scores(files)["split"] == "files"
    assert scores(files)["errors"] == []
    change = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Resize([12, 12])]
    data = ImageFolder("pictures", v2.Compose([*change, v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.2])]))
    with torch.inference_mode():
        said = load_run(pictures.folder).model()(torch.stack([x for x, _ in data])).argmax(1).tolist()
    assert scores(files)["accuracy"] == pytest.approx(sk.accuracy_score(data.targets, said))
    assert 0.3 < scores(files)["accuracy"] < 1  # neither all nor nothing, which would compare nothing
    assert scores(files)["confusion"] == sk.confusion_matrix(data.targets, said).tolist()


def test_text_and_csv_are_those_of_the_runs_own(pictures: Run, netspec: Command, tmp_path: Path) -> None:
    for style in ("text", "csv"):
        own = netspec("eval", "run", "--format", style)[1].splitlines()
        code, out, _ = netspec("eval", "run", "pictures", "--format", style, "--out", "scores")
        got = (tmp_path / "scores").read_text().splitlines()
        assert (code, out) == (0, "")
        assert len(own) == len(got) > 5
        assert [line for line in own if "loss" not in line and "split" not in line] == [
            line for line in got if "loss" not in line and "split" not in line
        ]


def test_what_has_no_class_or_cannot_be_read_is_named_and_the_others_are_scored(
    pictures: Run, netspec: Command, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    for kind, names in {"dog": "012", "emu": "3", "dogs": "4", "cat": ""}.items():
        (new / kind).mkdir(parents=True)
        for name in names:
            shutil.copy(tmp_path / "pictures" / "dog" / f"{name}.png", new / kind)
    (new / ".git").mkdir()
    shutil.copy(new / "dog" / "0.png", new)
    (new / "dog" / "1.png").write_bytes((new / "dog" / "1.png").read_bytes()[:90])
    shutil.rmtree(tmp_path / "pictures")  # which scoring files has no need of
    code, _, err = answer = netspec("eval", "run", "new", "--format", "json")
    assert code == 1
    assert scores(answer)["samples"] == 3
    assert [entry["samples"] for entry in scores(answer)["classes"]] == [0, 2, 1]
    named = [line.removeprefix("netspec: ") for line in err.splitlines()]
    assert named[:3] == [
        "new: 1 picture in it, not in the folder of a class",
        "new/cat: the folder holds no picture",
        named[2],
    ]
    assert named[2].startswith("new/dog/1.png: cannot be read as a picture: ")
    assert named[3] == ("new/dogs: 'dogs', which is no class of the run (cat, dog, emu); did you mean dog?")
    assert [error["message"] for error in scores(answer)["errors"]] == named
    assert scores(answer)["errors"][2]["file"] == "new/dog/1.png"


def test_files_that_tell_no_class(pictures: Run, netspec: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = answer = netspec("eval", "run", "-", "pictures/cat/0.png", "empty", "--format", "json", stdin=b"x")
    assert code == 1
    assert scores(answer)["samples"] == 0
    assert [line.split(": ")[1] for line in err.splitlines()] == ["-", "pictures/cat/0.png", "empty"]
    assert netspec("eval", "run", "gone")[0::2] == (2, "netspec: gone: no such file\n")
    code, out, err = netspec("eval", "run", "gone", "pictures", "--format", "json")
    assert code == 2
    assert json.loads(out)["samples"] == 24


def test_a_class_goes_by_its_number_where_names_are_no_numbers(
    run: Start, netspec: Command, pictures: Run, tmp_path: Path
) -> None:
    named = scores(netspec("eval", "run", "pictures", "--format", "json"))
    for index, kind in enumerate(("cat", "dog", "emu")):
        (tmp_path / "pictures" / kind).rename(tmp_path / "pictures" / str(index))
    same(named, scores(netspec("eval", "run", "pictures", "--format", "json")))
    (tmp_path / "pictures" / "2").rename(tmp_path / "pictures" / "3")
    assert "pictures/3: '3', which is no class of the run" in netspec("eval", "run", "pictures")[2]


@pytest.fixture
def numbers(run: Start, tmp_path: Path) -> Run:
    """A run on a table; what it is validated on is sorted, so that its first rows tell little of its mean."""
    x = np.random.default_rng(1).normal(size=(1300, 3)).round(4)
    y = (x @ [1.0, -2.0, 0.5] + 30 + np.random.default_rng(2).normal(size=1300)).round(4)
    rows = [(*map(float, row), float(value)) for row, value in zip(x, y, strict=True)]
    table(tmp_path / "rows.csv", rows[:100], "a", "b", "c", "y")
    table(tmp_path / "new.csv", sorted(rows, key=lambda row: row[3]), "a", "b", "c", "y")
    return run(NUMBERS)


def test_a_table_scores_as_the_run_does(numbers: Run, netspec: Command, tmp_path: Path) -> None:
    own = scores(netspec("eval", "run", "--format", "json"))
    assert {"mae", "rmse", "r2"} <= set(own)
    sizes: list[int] = []
    watch = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, inputs: sizes.append(len(inputs[0])) if isinstance(module, torch.nn.Tanh) else None
    )
    code, _, err = answer = netspec("eval", "run", "new.csv", "--format", "json")
    watch.remove()
    assert (code, err) == (0, "")
    assert sizes == [512, 512, 276]
    same(own, scores(answer))
    rows = list(csv.reader((tmp_path / "new.csv").read_text().splitlines()))
    turned = io.StringIO()
    csv.writer(turned).writerows([row[3], "more", row[1], row[0], row[2]] for row in rows)
    same(own, scores(netspec("eval", "run", "-", "--format", "json", stdin=turned.getvalue().encode())))
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "new.csv.gz").write_bytes(gzip.compress(turned.getvalue().encode()))
    same(own, scores(netspec("eval", "run", "packed", "--format", "json")))


def test_rows_that_cannot_be_scored_are_named(numbers: Run, netspec: Command, tmp_path: Path) -> None:
    text = (tmp_path / "new.csv").read_text().splitlines()
    kept = ["a,b,c,y", *text[1:6]]
    whole = scores(netspec("eval", "run", "-", "--format", "json", stdin="\n".join(kept).encode()))
    bad = [*kept[:3], "1,2,3,", "1,2,3,many", "1,2,3,inf", "1,x,3,4", "1,2,3", *kept[3:]]
    code, _, err = answer = netspec("eval", "run", "-", "--format", "json", stdin="\n".join(bad).encode())
    assert code == 1
    assert whole["samples"] == 5
    same(whole, scores(answer))
    assert err.splitlines() == [
        "netspec: -: row 3, column 'y' has no value",
        "netspec: -: row 4, column 'y' holds 'many', which is no number",
        "netspec: -: row 5, column 'y' holds 'inf', which is no number",
        "netspec: -: row 6, column 'b' holds 'x', which is no finite number",
        "netspec: -: row 7 has 3 columns, the first has 4",
    ]
    assert [error["row"] for error in scores(answer)["errors"]] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("a,b,c,why", "it has no column 'y', the run's target, to be scored by"),
        ("a,b,c", "it has no column 'y', the run's target, to be scored by"),
        ("y,b,d", "it has 3 columns and lacks a, c; name the run's columns in its first row"),
        ("1,2,3,4", "it has 4 columns and lacks a, b, c, y; name the run's columns in its first row"),
    ],
)
def test_a_table_without_the_target_is_named(numbers: Run, netspec: Command, head: str, said: str) -> None:
    row = ",".join("1" for _ in head.split(","))
    code, out, err = netspec("eval", "run", "-", "new.csv", stdin=f"{head}\n{row}\n".encode())
    assert code == 1
    assert err.splitlines() == [f"netspec: -: {said}"]
    assert "samples  1,300" in out


@pytest.fixture
def kinds(tmp_path: Path) -> list[tuple[Any, ...]]:
    """Rows (a, b, class) of three classes that overlap."""
    draw = np.random.default_rng(3)
    words = [word for word in ("ash", "elm", "oak") for _ in range(40)]
    return [(*map(float, draw.normal(index // 40, 0.8, 2).round(3)), word) for index, word in enumerate(words)]


def test_a_table_of_classes_scores_as_the_run_does(
    run: Start, netspec: Command, kinds: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    table(tmp_path / "rows.csv", kinds[::2], "a", "b", "kind")
    table(tmp_path / "new.csv", kinds[1::2], "a", "b", "kind")
    run(WORDS)
    own = scores(netspec("eval", "run", "--format", "json"))
    same(own, scores(netspec("eval", "run", "new.csv", "--format", "json")))
    assert 0.4 < own["accuracy"] < 1
    text = (tmp_path / "new.csv").read_text() + "1,2,elk\n1,2,\n1,2,3\n"
    code, _, err = answer = netspec("eval", "run", "-", "--format", "json", stdin=text.encode())
    assert code == 1
    same(own, scores(answer))
    assert err.splitlines() == [
        "netspec: -: row 61, column 'kind' holds 'elk', which is no class of the run (ash, elm, oak); "
        "did you mean elm?",
        "netspec: -: row 62, column 'kind' has no value",
        "netspec: -: row 63, column 'kind' holds '3', which is no class of the run (ash, elm, oak)",
    ]


def test_the_metrics_and_weights_are_those_of_the_run(
    run: Start, netspec: Command, kinds: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    table(tmp_path / "new.csv", kinds[:60] + kinds[90:], "a", "b", "kind")
    table(tmp_path / "rows.csv", kinds[:70] + kinds[100:], "a", "b", "kind")
    run(WORDS.replace("loss: CrossEntropyLoss", "loss: {CrossEntropyLoss: {weight: balanced}}, metrics: [f1, auroc]"))
    own = scores(netspec("eval", "run", "--format", "json"))
    assert {"f1", "auroc"} <= set(own)
    same(own, scores(netspec("eval", "run", "new.csv", "--format", "json")))


def test_a_table_without_names_goes_by_position(
    run: Start, netspec: Command, kinds: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    """The target first and classes numbered: the run knows the columns 1 and 2 and the target 0."""
    rows = [(("ash", "elm", "oak").index(word), a, b) for a, b, word in kinds]
    table(tmp_path / "rows.csv", rows[::2])
    table(tmp_path / "new.csv", rows[1::2])
    run(WORDS.replace("target: kind", "target: 0"))
    own = scores(netspec("eval", "run", "--format", "json"))
    same(own, scores(netspec("eval", "run", "new.csv", "--format", "json")))
    table(tmp_path / "named.csv", rows[1::2], "which", "width", "height")
    same(own, scores(netspec("eval", "run", "named.csv", "--format", "json")))
    code, out, err = netspec("eval", "run", "-", stdin=b"2.0,1,1\n3,1,1\nx,1,1\n1.5,1,1\n")
    assert code == 1
    assert "samples  1\n" in out
    assert err.splitlines() == [
        "netspec: -: row 2, column '0' holds '3': 3 outputs are for classes 0 to 2, and there is a target 3",
        "netspec: -: row 3, column '0' holds 'x', which is no number of a class",
        "netspec: -: row 4, column '0' holds '1.5': CrossEntropyLoss wants class numbers, and there is a target 1.5",
    ]


def test_targets_of_several_numbers_are_not_in_a_table(run: Start, netspec: Command) -> None:
    run(
        NUMBERS.replace("{Linear: 1}", "{Linear: 2}").replace(
            "{CSV: {path: rows.csv, target: y}, val: {CSV: {path: new.csv, target: y}}}",
            "{inline: {x: [[1, 2, 3], [2, 3, 4]], y: [[1, 2], [2, 3]]}}",
        )
    )
    code, out, err = netspec("eval", "run", "-", stdin=b"x0,x1,x2,y\n1,2,3,4\n")
    assert (code, out) == (1, "")
    assert "NS603" in err
    assert "files tell one target a sample: the output is 2, a target is one number" in err
