"""Exports: every kind of file computes what the network does, at any size; one that does not leaves no file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

import netspec
from netspec.core import installed
from netspec.core.installed import MissingPackageError
from netspec.exporting import torch_files
from netspec.exporting.export import LARGEST_DIFFERENCE, ExportError, export
from netspec.exporting.network import Network, flat
from netspec.exporting.targets import TARGETS
from netspec.inference.loaded_run import LoadedRun
from netspec.language.load import load
from netspec.reports.progress import Silent
from netspec.trainer.train import train
from tests.cli.commands import netspec as run_command
from tests.pictures import quickly_drawn
from tests.spec_cases import ROOT

ANY_SIZE = """\
netspec: 1
name: any-size
inputs: {picture: [3, 2*H, W], words: {shape: [5], dtype: int64}}
sizes: {H: {min: 8, max: 64, multiple_of: 4}, W: {min: 16, max: 64, multiple_of: 8}}
outputs: [score, more]
layers:
  - {name: conv, Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}, from: picture}
  - branches:
      low: [{MaxPool2d: 4}, {Upsample: {scale_factor: 4}}]
      same: []
    merge: concat
  - AdaptiveAvgPool2d: 1
  - {name: seen, Flatten: {}}
  - {name: read, from: words, layers: [{Embedding: {num_embeddings: 7, embedding_dim: 6}}, {mean: {dim: 1}}]}
  - {name: both, concat: {dim: 1}, from: [seen, read]}
  - {name: score, Linear: 5}
  - {name: more, Linear: 2, from: both}
"""


def skip_without(target: str) -> None:
    for module in TARGETS[target].packages:
        pytest.importorskip(module, reason=f"{module} is not installed: pip install 'netspec[export]'")


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_of_file_computes_the_same_at_any_size(target: str, tmp_path: Path) -> None:
    skip_without(target)
    done = netspec.export(netspec.loads(ANY_SIZE), tmp_path / "net.file", target)
    assert done.max_difference < 1e-5
    assert done.relative_difference <= LARGEST_DIFFERENCE
    assert done.samples == (2 * (2 + 1 + 3), 0)  # two sizes, three batches
    assert done.size == (tmp_path / "net.file").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["net.file"]


def test_names_and_the_spec_travel_with_onnx(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'netspec[export]'")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'netspec[export]'")
    spec = netspec.loads(ANY_SIZE)
    export(spec, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    axes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert axes == {
        "picture": ["batch", 3, "2*H", "W"],
        "words": ["batch", 5],
        "score": ["batch", 5],
        "more": ["batch", 2],
    }
    metadata = {each.key: each.value for each in model.metadata_props}
    assert metadata["netspec"] == spec.to_yaml()
    assert json.loads(metadata["outputs"]) == ["score", "more"]
    assert json.loads(metadata["inputs"])[0] == {"name": "picture", "shape": [3, "2*H", "W"], "dtype": "float32"}


def test_metadata_of_torchs_files(tmp_path: Path) -> None:
    spec = netspec.load(ROOT / "specs/digits.yaml")
    export(spec, tmp_path / "net.pt2")
    found = {"netspec": "", "inputs": ""}
    torch.export.load(tmp_path / "net.pt2", extra_files=found)
    assert found["netspec"] == spec.to_yaml()
    export(spec, tmp_path / "net.pt")
    found = {"netspec": ""}
    torch.jit.load(tmp_path / "net.pt", _extra_files=found)
    assert found["netspec"].decode() == spec.to_yaml()  # type: ignore[attr-defined]  # torch gives bytes
    assert netspec.load_model(export(spec, tmp_path / "net.safetensors").path)(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_a_batch_can_be_fixed(tmp_path: Path) -> None:
    spec = netspec.load(ROOT / "specs/digits.yaml")
    done = export(spec, tmp_path / "net.pt2", batch=4)
    assert done.samples == (4, 0)
    module = torch.export.load(done.path).module()
    assert module(torch.zeros(4, 1, 8, 8)).shape == (4, 10)
    with pytest.raises((RuntimeError, AssertionError)):
        module(torch.zeros(3, 1, 8, 8))


def test_a_file_that_differs_is_an_error_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netspec.exporting import export as exporting

    def wrong(network: Network, path: Path) -> None:
        state = {key: tensor.clone() for key, tensor in network.model.state_dict().items()}
        with torch.no_grad():
            next(iter(network.model.parameters())).mul_(1.01)
        torch_files.write_script(network, path)
        network.model.load_state_dict(state)

    real = exporting.imported
    monkeypatch.setattr(exporting, "imported", lambda place: wrong if place.endswith("write_script") else real(place))
    spec = netspec.load(ROOT / "specs/digits.yaml")
    with pytest.raises(ExportError, match=r"differs from the network by .* at most 1e-04 is taken for rounding"):
        export(spec, tmp_path / "net.pt")
    assert [*tmp_path.iterdir()] == []
    (tmp_path / "net.pt").write_text("mine")
    with pytest.raises(ExportError, match="differs"):
        export(spec, tmp_path / "net.pt")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("net.pt", "mine")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A run on scikit-learn's digits, whose pictures are normalised."""
    folder = tmp_path_factory.mktemp("run")
    text = (ROOT / "specs/digits.yaml").read_text("utf-8")
    transforms = "  transforms: [{Normalize: {mean: [0.3], std: [0.35]}}]\n"
    (folder / "digits.yaml").write_text(text.replace("  val: 0.2", f"{transforms}  val: 0.2"))
    with quickly_drawn():
        train(load(folder / "digits.yaml", ("train.epochs=1",)), out=folder / "run", progress=Silent())
    return netspec.load_run(folder / "run")


def test_a_run_is_compared_on_its_own_samples(run: LoadedRun, tmp_path: Path) -> None:
    done = export(run, tmp_path / "net.pt")
    assert (done.samples, done.notes) == ((6, 8), ())
    assert export(run, tmp_path / "net.pt", batch=3).samples == (3, 3)


@pytest.mark.parametrize("target", ["torchscript", "onnx"])
def test_the_file_does_what_predict_does(run: LoadedRun, target: str, tmp_path: Path) -> None:
    """Of a picture of another size: resized, scaled and normalised, and the probability of each class."""
    skip_without(target)
    from netspec.core.lazy_import import imported

    done = export(run, tmp_path / "net.file", target, with_transforms=True, classes=True)
    assert done.samples == (12, 8)
    pixels = torch.randint(256, (29, 23), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    Image.fromarray(pixels.numpy()).save(tmp_path / "picture.png")
    (prediction,) = run.predict(tmp_path / "picture.png", top=10, device="cpu")
    network = Network(run.spec, run.report, nn.Identity(), (), ())
    with torch.no_grad():
        (found,) = imported(TARGETS[target].load)(done.path, network)([(pixels[None, None],)])
    for name, probability in prediction.classes:
        assert float(found[0][0, int(name)]) == pytest.approx(probability, abs=2e-6)


def test_missing_data_are_said_and_no_error(run: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "netspec: 1\ninput: [2]\nlayers: [Linear: 2]\ndata: {CSV: {path: rows.csv}, val: 0.5}\n"
    text += "train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}\n"
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n")
    (tmp_path / "net.yaml").write_text(text)
    train(load(tmp_path / "net.yaml"), out=tmp_path / "run", progress=Silent())
    (tmp_path / "rows.csv").unlink()
    done = export(netspec.load_run(tmp_path / "run"), tmp_path / "net.pt")
    assert done.samples == (6, 0)
    assert "the run's data cannot be read" in done.notes[0]
    with pytest.raises(ExportError, match="rows of a table"):
        export(netspec.load_run(tmp_path / "run"), tmp_path / "more.pt", with_transforms=True)


def test_what_cannot_be_exported(run: LoadedRun, tmp_path: Path) -> None:
    spec = netspec.load(ROOT / "specs/digits.yaml")
    with pytest.raises(ExportError, match=r"net\.x: netspec exports to python, onnx, pt2, torchscript, safetensors"):
        export(spec, tmp_path / "net.x")
    with pytest.raises(ExportError, match="batch is 0"):
        export(spec, tmp_path / "net.pt", batch=0)
    with pytest.raises(ExportError, match="export its folder"):
        export(spec, tmp_path / "net.pt", classes=True)
    with pytest.raises(ExportError, match="python holds no graph that transforms could go into"):
        export(run, tmp_path / "net.py", with_transforms=True)
    with pytest.raises(TypeError, match=r"netspec\.export takes a Spec"):
        export(3, tmp_path / "net.pt")  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []


def test_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "_found", lambda module: not module.startswith("onnx"))
    with pytest.raises(
        MissingPackageError, match=r"needs onnx, onnxscript, onnxruntime: pip install 'netspec\[export\]'"
    ):
        export(netspec.load(ROOT / "specs/digits.yaml"), tmp_path / "net.onnx")


def test_the_command(
    run: LoadedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_command("export", run.folder.path, "--to", "torchscript", "--batch", "2", "--classes", capsys=capsys)
    assert done.code == 0, done.err
    assert done.out.startswith("wrote run.pt: torchscript, ")
    assert done.out.endswith(" over 2 random and 2 real samples\n")
    done = run_command("export", run.folder.best, "-o", "weights.pt", capsys=capsys)
    assert (done.code, done.out.startswith("wrote weights.pt")) == (0, True), done.err
    for arguments, code, said in (
        (["nope.yaml", "--to", "pt2"], 2, "nope.yaml: no such file"),
        (["nope.safetensors", "--to", "pt2"], 2, "nope.safetensors: no such file"),
        ([run.folder.path], 2, "--to says what to write"),
        ([run.folder.path, "--to", "pt2", "--batch", "some"], 2, "'some' is no number of samples"),
        ([run.folder.path, "--to", "python", "--classes"], 1, "python holds no graph"),
        ([run.folder.path, "-o", "no/such/net.pt"], 2, "there is no folder no/such"),
    ):
        done = run_command("export", *arguments, capsys=capsys)
        assert (done.code, done.out, said in done.err) == (code, "", True), done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.pt", "weights.pt"]


def test_outputs_are_flattened_in_order() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    assert [id(x) for x in flat((a, (b,)))] == [id(a), id(b)]
    assert [id(x) for x in flat({"b": b, "a": a})] == [id(b), id(a)]
