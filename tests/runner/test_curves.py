"""Curves and the texts of pictures: each metric has a panel, the best epoch a line, runs that are alike both show."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from netspec.data.transforms import Pipeline
from netspec.inference.error_analysis import Mistakes
from netspec.render.runs import Record, read_record
from netspec.reports import figures, fonts
from netspec.reports.curves import draw_curves, draw_overlay
from netspec.reports.fonts import Lettering, fonts_for
from netspec.trainer.train import Run

ROWS: list[dict[str, Any]] = [
    {"epoch": at, "train_loss": 1 / at, "val_loss": 1 / at, "val_accuracy": 0.1 * at, "val_iou": 0.05 * at,
     "val_iou_aux": 0.5, "lr": 0.1}
    for at in (1, 2, 3)
]  # fmt: skip


@contextmanager
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that are saved."""
    found: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *args: Any, **kwargs: Any) -> None:
        found.append(figure)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", keep)
    yield found


@pytest.mark.usefixtures("real_pictures")
def test_each_metric_has_a_panel_and_the_best_epoch_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with saved(monkeypatch) as figures_saved:
        draw_curves(tmp_path / "curves.png", "net", ROWS, best=2)
    (figure,) = figures_saved
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy", "IoU", "iou_aux"]
    for axes, name in zip(figure.axes, ("loss", "accuracy", "iou", "iou_aux"), strict=True):
        lines = {str(line.get_label()): line for line in axes.get_lines()}
        assert list(lines["best epoch, 2"].get_xdata()) == [2, 2]
        assert list(lines["validation"].get_ydata()) == [
            row[f"val_{name}"] for row in ROWS
        ]  # fractions, as in the file
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 1200


@pytest.mark.usefixtures("real_pictures")
def test_runs_that_are_alike_are_told_apart(run: Callable[..., Run], table: str, tmp_path: Path) -> None:
    """The colours of both runs are in the picture; of curves drawn one over the other only the last would be."""
    first, second = (read_record(run(table, out=name).folder) for name in ("a", "b"))
    assert first.rows[-1]["train_loss"] == second.rows[-1]["train_loss"]
    draw_overlay(tmp_path / "both.png", [first, second])
    with Image.open(tmp_path / "both.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    for color in ((31, 119, 180), (255, 127, 14)):  # C0 and C1 of matplotlib
        assert (np.abs(pixels.astype(int) - color).sum(1) < 30).sum() > 400


@pytest.mark.usefixtures("real_pictures")
def test_one_run_twice_has_two_names(run: Callable[..., Run], table: str, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    record: Record = read_record(run(table).folder)
    with saved(monkeypatch) as figures_saved:
        draw_overlay(tmp_path / "both.png", [record, record])
    labels = [text.get_text() for text in figures_saved[0].legends[0].get_texts()]
    assert len(set(labels)) == len(labels)


def test_characters_without_a_font_are_written_and_said() -> None:
    letters = fonts_for(frozenset("a猫é"))
    if letters.missing:  # as on a machine without a font for Chinese
        assert letters("a猫") == "a\\u732b"
        assert "cjk" in letters.note
    else:
        assert letters("a猫") == "a猫"
        assert len(letters.families) == 2
    assert Lettering(missing=frozenset("猫"))("猫$é") == "\\u732b\\$é"
    assert fonts_for(frozenset("abc é π ß")) == Lettering()


def test_a_font_that_has_the_characters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """STIX, which comes along with matplotlib, has signs that DejaVu Sans lacks."""
    from matplotlib import font_manager

    stix = font_manager.get_font(font_manager.findfont("STIXGeneral"))
    usual = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    sign = next(chr(code) for code in sorted(stix.get_charmap()) if code > 256 and code not in usual.get_charmap()
                and unicodedata.category(chr(code)) == "Sm")  # fmt: skip
    fonts.fonts_for.cache_clear()
    letters = fonts_for(frozenset(sign))
    assert not letters.missing
    assert len(letters.families) == 2
    path = font_manager.findfont(letters.families[1])
    assert font_manager.get_font(path).get_char_index(ord(sign))


@pytest.mark.usefixtures("real_pictures")
def test_mistakes_carry_their_files_in_any_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mistakes = Mistakes()
    mistakes.pictures, mistakes.predicted = torch.rand(2, 1, 8, 8), torch.tensor([1, 0])
    mistakes.true, mistakes.probability = torch.tensor([0, 1]), torch.tensor([0.99, 0.7])
    with saved(monkeypatch) as figures_saved:
        names, files = ("猫", "犬"), ["a.png", "folder/of/a/very/long/path/name.png"]
        figures.draw_mistakes(tmp_path / "mistakes.png", "動物", mistakes, names, Pipeline(), files)
    first, second = (axes.get_title().splitlines() for axes in figures_saved[0].axes)
    letters = fonts_for(frozenset("猫犬動物"))
    assert first == ["a.png", f"true: {letters('猫')}", f"predicted: {letters('犬')}, 0.990"]
    assert second[0] == "…" + "folder/of/a/very/long/path/name.png"[-29:]
    notes = [text.get_text() for text in figures_saved[0].texts]
    assert any("no font" in note for note in notes) == bool(letters.missing)


def test_mistakes_know_the_places_of_their_samples(run: Callable[..., Run], tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """The files that are drawn are those whose pictures are: each is of one grey value, its name."""
    for split in ("train", "val"):
        for kind in ("a", "b"):
            folder = tmp_path / "pictures" / split / kind
            folder.mkdir(parents=True)
            for value in range(8):
                Image.new("L", (4, 4), value * 30).save(folder / f"{value * 30}.png")
    drawn: list[tuple[Any, ...]] = []
    from netspec.reports import result_plots

    monkeypatch.setattr(result_plots, "draw_mistakes", lambda *args: drawn.append(args))
    run("netspec: 1\nname: grey\ninput: [1, 4, 4]\nlayers: [Flatten, {Linear: 2}]\n"
        "data: {ImageFolder: {root: pictures}, transforms: [Grayscale]}\n"
        "train: {epochs: 1, batch_size: 4, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}\n")  # fmt: skip
    ((_, _, mistakes, names, _, files),) = drawn
    assert len(files) == len(mistakes) == 8
    for file, picture, true in zip(files, mistakes.pictures, mistakes.true.tolist(), strict=True):
        assert round(float(picture.mean()) * 255) == int(Path(file).stem)
        assert Path(file).parent.name == names[true]
