"""What is drawn at the end of a run: read back, and held against scikit-learn and closed formulas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from torchvision.transforms import v2

import netspec.reports.result_plots as drawing
from netspec.core.diagnostics import Diagnostic
from netspec.data.transforms import Pipeline, read_pipeline
from netspec.inference.error_analysis import MOST_MISTAKES, ConfusionCounts, Mistakes, Predicted, predicted_classes
from netspec.inference.loaded_run import load_run
from netspec.inference.scoring import score_run
from netspec.language.spec import Spec
from netspec.reports.figures import Fit, viewable
from netspec.trainer.train import Run

Start = Callable[..., Run]

DIGITS = """netspec: 1
name: digits
input: [1, 8, 8]
layers: [Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.2}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""
LINE = """netspec: 1
name: line
input: [1]
layers: [{Linear: 1}]
data: {inline: {x: [0, 1, 2, 3], y: [1, 3, 5, 7]}}
train: {epochs: 100, loss: MSELoss, optimizer: {SGD: {lr: 0.1}}}
"""
EXAM = LINE.replace("y: [1, 3, 5, 7]", "y: [0, 0, 1, 1]").replace("MSELoss", "BCEWithLogitsLoss").replace("100", "9")


def spread(path: Path) -> float:
    """How much a picture's values differ: 0 for a blank one."""
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 200
        return float(np.asarray(picture.convert("L")).std())


@pytest.mark.usefixtures("real_pictures")
def test_a_run_of_pictures_draws_its_confusion_and_its_mistakes(run: Start) -> None:
    done = run(DIGITS)
    assert spread(done.folder / "confusion_matrix.png") > 20
    assert spread(done.folder / "mistakes.png") > 50  # a white sheet with its title has 10
    assert not (done.folder / "fit.png").exists()


def test_a_white_sheet_would_show(tmp_path: Path) -> None:
    sheet = Image.new("L", (600, 500), 255)
    sheet.paste(0, (200, 10, 400, 20))
    sheet.save(tmp_path / "sheet.png")
    assert spread(tmp_path / "sheet.png") < 25


@pytest.mark.usefixtures("real_pictures")
def test_a_regression_has_neither_and_a_line_has_its_fit(
    run: Start, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(table)
    assert {path.suffix for path in done.folder.glob("*.png")} == {".png"}
    assert [path.name for path in done.folder.glob("*.png")] == ["curves.png"]
    drawn: list[Fit] = []
    draw = drawing.draw_fit
    monkeypatch.setattr(
        drawing, "draw_fit", lambda path, title, fit, *names: (drawn.append(fit), draw(path, title, fit, *names))
    )
    done = run(LINE, out="line")
    assert spread(done.folder / "fit.png") > 10
    (fit,) = drawn
    assert not fit.probability
    assert torch.allclose(fit.y, 2 * fit.x + 1, atol=0.05)  # the points lie on y = 2x + 1
    assert fit.points["training"][1].tolist() == [1, 3, 5, 7]


def test_a_yes_or_no_has_the_curve_of_its_probability(run: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Fit] = []
    monkeypatch.setattr(drawing, "draw_fit", lambda path, title, fit, *names: drawn.append(fit))
    done = run(EXAM)
    (fit,) = drawn
    weight, bias = (parameter.item() for parameter in load_run(done.folder).model().parameters())
    assert fit.probability
    assert torch.allclose(fit.y, 1 / (1 + torch.exp(-(weight * fit.x + bias))), atol=1e-6)
    assert fit.x[0] < 0 < 3 < fit.x[-1]


def test_counts_and_figures_of_classes_are_scikit_learns(run: Start) -> None:
    done = run(DIGITS)
    loaded = load_run(done.folder)
    scores = score_run(loaded, "cpu")
    from netspec.training.plan import prepare

    data = prepare(loaded.spec, "cpu").data
    assert data.val is not None
    said = loaded.model()(data.val.inputs[0]).argmax(1)
    assert scores.counts == tuple(map(tuple, confusion_matrix(data.val.targets[0], said).tolist()))
    expected = precision_recall_fscore_support(data.val.targets[0], said, zero_division=0)
    for index, name in enumerate(("precision", "recall", "f1")):
        got = [entry[name] or 0.0 for entry in scores.by_class]
        assert got == pytest.approx(expected[index].tolist())
    assert [entry["samples"] for entry in scores.by_class] == expected[3].tolist()


def test_binary_answers_are_two_classes() -> None:
    output, target = torch.tensor([[2.0], [-1.0], [0.5]]), torch.tensor([[1.0], [1.0], [0.0]])
    found = predicted_classes(output, target, "BCEWithLogitsLoss", "Linear")
    assert found is not None
    tally = ConfusionCounts()
    tally.add(found)
    tally.add(found)
    counts = tally.counts()
    assert counts is not None
    assert counts.tolist() == (2 * confusion_matrix([1, 1, 0], [1, 0, 1])).tolist()
    assert torch.allclose(found.probability, torch.sigmoid(torch.tensor([2.0, 1.0, 0.5])))
    assert predicted_classes(output, target, "MSELoss", "Linear") is None


def test_the_surest_mistakes_are_kept_whatever_the_batches() -> None:
    generator = torch.Generator().manual_seed(0)
    share = torch.rand(500, generator=generator)
    said, truth = (torch.randint(0, 5, (500,), generator=generator) for _ in range(2))
    pictures = torch.arange(500.0)[:, None, None, None].expand(-1, 1, 2, 2)
    wrong = [index for index in share.argsort(descending=True).tolist() if said[index] != truth[index]]
    for size in (500, 7):
        kept = Mistakes()
        for start in range(0, 500, size):
            part = slice(start, start + size)
            kept.add(pictures[part], Predicted(said[part], share[part], truth[part], 5))
        assert kept.pictures is not None
        assert kept.pictures[:, 0, 0, 0].tolist() == wrong[:MOST_MISTAKES]
        assert kept.probability.tolist() == share[wrong[:MOST_MISTAKES]].tolist()


def test_normalize_is_undone_for_people(make: Callable[..., Spec]) -> None:
    text = DIGITS.replace("[1, 8, 8]", "[3, 8, 8]")
    spec = make(text, "data.transforms=[{Normalize: {mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4]}}]")
    pictures = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    normalized = v2.functional.normalize(pictures, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
    assert torch.allclose(viewable(normalized, read_pipeline(spec)), pictures.permute(0, 2, 3, 1), atol=1e-6)
    assert viewable(pictures[:, :1], Pipeline()).shape == (4, 8, 8, 3)


def test_an_interrupted_run_draws_nothing_and_a_finished_one_survives_a_drawing_that_fails(
    run: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("no room for a second model")

    monkeypatch.setattr("netspec.trainer.session.report", fail)
    done = run(DIGITS)
    assert done.status == "finished"
    assert json.loads((done.folder / "run.json").read_text())["status"] == "finished"
    assert (done.folder / "last.safetensors").is_file()


def test_pictures_of_an_earlier_end_go(run: Start) -> None:
    done = run(DIGITS)
    (done.folder / "fit.png").write_bytes(b"of before")
    again = run(DIGITS, "train.epochs=2", out="run", resume=done.folder)
    assert not (again.folder / "fit.png").exists()
    assert (again.folder / "mistakes.png").is_file()


def test_a_class_that_was_never_said_has_no_precision(refused: Callable[..., list[Diagnostic]]) -> None:
    from netspec.inference.results import Scores
    from netspec.reports.results import scores_csv, scores_json

    scores = Scores({"loss": 0.5}, ("a", "b"), ((3, 0), (1, 0)))
    assert scores.by_class[1] == {"class": "b", "samples": 1, "precision": None, "recall": 0.0, "f1": 0.0}
    assert json.loads(json.dumps(scores_json("r", "best", scores)))["confusion"] == [[3, 0], [1, 0]]
    assert "a,recall,1.0" in scores_csv(scores).splitlines()
