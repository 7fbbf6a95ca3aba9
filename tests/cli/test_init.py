"""`netspec init`: what it writes passes its check without a warning, and no file is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec as package
from netspec.language.format import format_text
from netspec.language.sections.datasets import VISION
from netspec.language.shipped import headline, shipped
from netspec.render.starter import TASKS, Starter, datasets_for, known_input, starter_text
from tests.cli.commands import netspec, process
from tests.spec_cases import SHIPPED


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_ships_what_people_start_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(shipped().values()) == SHIPPED
    done = netspec("init", "--list", capsys=capsys)
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[2:]] == [path.stem for path in SHIPPED]
    assert all(0 < len(headline(path)) < 100 for path in SHIPPED)


def test_a_shipped_spec_comes_with_what_it_takes_in(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("init", "vgg16_cifar10", "--out", "mine/net.yaml", capsys=capsys)
    assert (done.code, done.out) == (0, "")
    assert sorted(path.name for path in (empty / "mine").iterdir()) == ["net.yaml", "vgg16.yaml"]
    assert (empty / "mine/net.yaml").read_text("utf-8") == format_text(
        shipped()["vgg16_cifar10"].read_text("utf-8"), "net.yaml"
    )
    assert netspec("check", "mine", capsys=capsys).code == 0
    assert (
        netspec("init", "vgg16_cifar10", "--out", "mine/other.yaml", capsys=capsys).code == 0
    )  # vgg16.yaml is the same


def test_a_shipped_spec_comes_with_its_table(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert netspec("init", "tabular", "--out", "mine/net.yaml", capsys=capsys).code == 0
    table = shipped()["tabular"].parent / "data/rides.csv"
    assert (empty / "mine/data/rides.csv").read_bytes() == table.read_bytes()


def test_nothing_is_overwritten(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty / "vgg16.yaml").write_text("mine")
    for name in ("vgg16", "vgg16_cifar10"):
        done = netspec("init", name, capsys=capsys)
        assert (done.code, done.err) == (
            2, "netspec: vgg16.yaml: is there already, and stays as it is; --out names another file\n",
        )  # fmt: skip
    assert [path.name for path in empty.iterdir()] == ["vgg16.yaml"]
    assert (empty / "vgg16.yaml").read_text() == "mine"


@pytest.mark.parametrize("task", TASKS)
def test_a_first_spec_is_right(task: str) -> None:
    for dataset in (*datasets_for(task), *(["it's rows.csv"] if task != "pictures" else [])):
        own, classes = known_input(task, dataset)
        guesses = [(1, 28, 28), (3, 50, 50), (3, 97, 224)] if task == "pictures" else [(12,)]
        for shape in guesses[: 3 if dataset in ("MNIST", "CIFAR10", "ImageFolder") else 1] if own is None else [own]:
            text = starter_text(Starter("net", task, dataset, shape, classes or 4))
            report = package.check(package.loads(text))
            assert [(str(found.span), found.message) for found in report.diagnostics] == [], text
            assert text.count("#") >= 5
            assert format_text(text, "net.yaml") == text
    assert task != "pictures" or {*VISION} < {*datasets_for(task)}


def test_what_it_writes_can_be_trained(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    for task, dataset in (("pictures", "digits"), ("table", "iris"), ("numbers", "linnerud")):
        shape, classes = known_input(task, dataset)
        assert shape is not None
        given = ["--task", task, "--dataset", dataset, "--input", ",".join(map(str, shape)), "--classes", str(classes)]
        assert netspec("init", *given, capsys=capsys).code == 0
        done = netspec("train", "--dry-run", f"{dataset}.yaml", "--device", "cpu", capsys=capsys)
        assert (done.code, "one step on cpu" in done.out) == (0, True), done.err


def test_the_questions(empty: Path) -> None:
    done = process("init", stdin="pictures\nMNST\nImageFolder\n1,28\n1,30,30\n7\n", cwd=empty)
    assert done.code == 0
    assert "'MNST' is no dataset for pictures; did you mean MNIST" in done.err
    assert "'1,28' is no shape for pictures; it is 3 numbers: channels, height, width" in done.err
    assert "params: {classes: 7}\ninput: [1, 30, 30]" in (empty / "imagefolder.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vgg"], "netspec ships no spec 'vgg'; did you mean vgg16?"),
        (["vgg16", "--classes", "3"], "vgg16 is written as it is"),
        (["--task", "pictures", "--dataset", "iris"], "'iris' is no dataset for pictures"),
        (["--task", "table", "--dataset", "iris", "--input", "4", "--classes", "2"], "iris has 3 classes, not 2"),
        (["--task", "words", "--dataset", "iris"], "it is a CSV file, as rows.csv"),
        (["--task", "pictures", "--dataset", "MNIST", "--input", "2,28,28"], "pictures have 1 channel or 3, not 2"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = netspec("init", *arguments, capsys=capsys)
    assert (done.code, said in done.err) == (2, True), done.err
    assert [*empty.iterdir()] == []


def test_without_answers(empty: Path) -> None:
    done = process("init", cwd=empty)
    assert (done.code, [*empty.iterdir()]) == (2, [])
    assert "the questions were not answered; --task, --dataset, --input and --classes do" in done.err
