"""Losses of pairs and triplets, KLDivergence, recall_at_1, and the specs of an embedding and of a VAE."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.distributions import Normal, kl_divergence

from netspec.core.diagnostics import Diagnostic
from netspec.distributed.process_group import ProcessGroup
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.metrics.metric import MetricRequest
from netspec.metrics.neighbours import make_neighbour
from netspec.objective.divergence import KLDivergence
from netspec.objective.pairs import CosineEmbeddingLoss, MarginRankingLoss, PairedOrder, TripletMarginLoss
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import prepare
from netspec.training.setup import prepare_training
from tests.spec_cases import ROOT, check_says

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
NET = """netspec: 1
name: embedding
input: [2]
layers: [{Linear: 4}]
data:
  inline: {x: [[0.1, 2], [1, 0.5], [3, 1], [0.4, 0.2], [2, 2], [1, 1], [0, 3], [2, 0]], y: [0, 1, 0, 1, 2, 0, 2, 1]}
train: {epochs: 3, batch_size: 4, loss: TripletMarginLoss, optimizer: {SGD: {lr: 0.05, momentum: 0.9}}}
"""
LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def behind(labels: list[int], at: int, alike: bool) -> int | None:
    """The next sample behind one, around the batch, that is of its class, or of another."""
    for step in range(1, len(labels)):
        other = (at + step) % len(labels)
        if (labels[other] == labels[at]) == alike:
            return other
    return None


@given(labels=LABELS)
def test_triplets_are_of_each_sample_the_next_of_its_class_and_all_others(labels: list[int]) -> None:
    x = torch.randn(len(labels), 3, generator=torch.Generator().manual_seed(0))
    found = [
        (at, partner, other)
        for at in range(len(labels))
        if (partner := behind(labels, at, True)) is not None
        for other in range(len(labels))
        if labels[other] != labels[at]
    ]
    loss = TripletMarginLoss(margin=0.7, swap=True)(x, torch.tensor(labels))
    if not found:
        assert loss == 0
        return
    rows = torch.tensor(found)
    expected = nn.TripletMarginLoss(margin=0.7, swap=True)(x[rows[:, 0]], x[rows[:, 1]], x[rows[:, 2]])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


@given(labels=LABELS)
def test_pairs_are_the_next_alike_and_the_next_of_another_class(labels: list[int]) -> None:
    x = torch.randn(len(labels), 3, generator=torch.Generator().manual_seed(1))
    pairs = [(at, behind(labels, at, alike), alike) for alike in (True, False) for at in range(len(labels))]
    known = [(at, other, 1 if alike else -1) for at, other, alike in pairs if other is not None]
    loss = CosineEmbeddingLoss(margin=0.2)(x, torch.tensor(labels))
    if not known:
        assert loss == 0
        return
    rows = torch.tensor(known)
    expected = nn.CosineEmbeddingLoss(margin=0.2)(x[rows[:, 0]], x[rows[:, 1]], rows[:, 2])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)


@given(targets=st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_the_larger_target_is_to_have_the_larger_output(targets: list[int]) -> None:
    x = torch.randn(len(targets), 1, generator=torch.Generator().manual_seed(2))
    y = torch.tensor(targets).float()[:, None]
    pairs = [(a, b) for a in range(len(x)) for b in range(len(x)) if targets[a] > targets[b]]
    loss = MarginRankingLoss(margin=0.1)(x, y)
    if not pairs:
        assert loss == 0
        return
    rows = torch.tensor(pairs)
    expected = nn.MarginRankingLoss(margin=0.1)(x[rows[:, 0], 0], x[rows[:, 1], 0], torch.ones(len(rows)))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_large_batches_draw_near_pairs_only() -> None:
    x = torch.randn(700, 2)
    labels = torch.arange(700) % 7
    assert TripletMarginLoss()(x, labels).isfinite()


@settings(max_examples=40)
@given(classes=st.lists(st.integers(-2, 5), min_size=1, max_size=40), seed=st.integers(0, 9))
def test_an_epoch_comes_in_pairs_of_one_class(classes: list[int], seed: int) -> None:
    labels = torch.tensor(classes)
    order = PairedOrder(labels)(seed, 3)
    assert sorted(order.tolist()) == [*range(len(classes))]
    counts = torch.unique(labels, return_counts=True)[1]
    pairs = labels[order[: 2 * int((counts // 2).sum())]].reshape(-1, 2)
    assert bool((pairs[:, 0] == pairs[:, 1]).all())
    assert torch.equal(order, PairedOrder(labels)(seed, 3))


def test_epochs_differ() -> None:
    labels = torch.arange(100) % 10
    first, second = (PairedOrder(labels)(0, epoch) for epoch in (0, 1))
    assert (first == second).float().mean() < 0.2


@pytest.mark.parametrize("shape", [(6,), (4, 2, 3)])
def test_the_divergence_is_that_of_torch(shape: tuple[int, ...]) -> None:
    outputs = torch.randn(5, *shape)
    mean, log_variance = outputs.chunk(2, 1)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0, 1)).flatten(1).sum(1).mean()
    assert KLDivergence()(outputs).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["distances", "angles"])
def test_recall_is_that_of_the_nearest_other_sample(kind: str) -> None:
    x, labels = torch.randn(60, 3), torch.arange(60) % 4
    request = MetricRequest(("recall_at_1",), kind, (3,), labels, torch.device("cpu"))  # type: ignore[arg-type]
    metric = make_neighbour(request)
    for part in (slice(0, 25), slice(25, 60)):
        metric.update(x[part], labels[part])
    metric.join(ProcessGroup())
    nearest = NearestNeighbors(n_neighbors=1, metric="cosine" if kind == "angles" else "euclidean").fit(x.numpy())
    expected = (labels[torch.from_numpy(nearest.kneighbors(return_distance=False)[:, 0])] == labels).float().mean()
    assert metric.result()["recall_at_1"] == pytest.approx(expected.item())


def test_a_run_that_was_cut_off_ends_with_the_same_bits(run: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(NET, out="whole")
    asked = iter([False] * 2)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = run(NET, out="cut")
    again = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    weights = [load_file(one.folder / "last.safetensors") for one in (whole, again)]
    assert len(cut.history) < len(whole.history) == len(again.history)
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    assert again.history[-1]["train_recall_at_1"] == whole.history[-1]["train_recall_at_1"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("loss: TripletMarginLoss", "loss: {TripletMarginLoss: {margin: 0}}"), "NS605", "margin"),
        (("loss: TripletMarginLoss", "loss: KLDivergence"), "", ""),
        (("loss: TripletMarginLoss", "loss: {KLDivergence: {beta: 2}}"), "NS605", "beta"),
        (("loss: TripletMarginLoss", "loss: TripletMarginLoss, metrics: [accuracy]"), "NS616", "accuracy cannot be"),
        (("loss: TripletMarginLoss", "loss: TripletMarginLoss, metrics: recall_at_1"), "", ""),
        (("loss: TripletMarginLoss", "loss: MSELoss, metrics: [recall_at_1]"), "NS616", "recall_at_1 cannot be"),
    ],
)
def test_what_the_check_says(change: tuple[str, str], code: str, words: str) -> None:
    check_says(NET.replace(*change), code, words)


def test_targets_that_are_no_classes_are_named(make: Make, refused: Refused) -> None:
    (found,) = refused(prepare, make(NET.replace("y: [0, 1, 0,", "y: [0, 1.5, 0,")))
    assert "TripletMarginLoss draws pairs by class numbers, and there is a target 1.5 in row 2" in found.message


def test_pairs_are_drawn_in_one_process(make: Make, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProcessGroup, "wait", lambda self: None)
    (found,) = refused(prepare_training, make(NET), "cpu", (), ProcessGroup(0, 2))
    assert "draws pairs within a batch" in found.message


@pytest.mark.exhaustive
def test_the_embedding_has_nearer_neighbours_than_pixels_and_than_pca(tmp_path: Path) -> None:
    spec = load(ROOT / "specs/embedding.yaml", ("train.epochs=5",))
    best = train(spec, out=tmp_path / "run", progress=Silent()).best
    data = prepare(spec).data
    assert best is not None
    assert data.val is not None
    seen, new = (split.tables[0].flatten(1).numpy() for split in (data.train, data.val))
    labels = data.val.targets[0]

    def recall(x: object) -> float:
        nearest = NearestNeighbors(n_neighbors=1).fit(x).kneighbors(return_distance=False)[:, 0]
        return (labels[torch.from_numpy(nearest)] == labels).float().mean().item()

    pca = recall(PCA(8, random_state=0).fit(seen).transform(new))
    assert best["val_recall_at_1"] > recall(new) > pca + 0.03


def test_the_vae_loses_less_than_pca_of_its_width(tmp_path: Path) -> None:
    spec = load(ROOT / "specs/vae.yaml", ("train.epochs=9",))
    run = train(spec, out=tmp_path / "run", progress=Silent())
    data, row = prepare(spec).data, run.history[-1]
    assert data.val is not None
    seen, new = (split.tables[0].flatten(1) for split in (data.train, data.val))
    pca = PCA(8, random_state=0).fit(seen.numpy())
    linear = float(((pca.inverse_transform(pca.transform(new.numpy())) - new.numpy()) ** 2).mean())
    with torch.inference_mode():
        picture, code = run.model.eval()(data.val.tables[0])
        again, _ = run.model(data.val.tables[0])
    drawn = run.model.get_submodule("decoder")(torch.randn(16, 8))
    assert drawn.shape == (16, 1, 8, 8)
    assert torch.equal(picture, again)  # nothing is drawn in evaluation
    assert float(((picture.sigmoid().flatten(1) - new) ** 2).mean()) < 0.85 * linear
    assert row["val_loss"] == pytest.approx(64 * row["val_loss_decoder"] + 0.2 * row["val_loss_code"], rel=1e-5)
    assert row["val_loss_code"] == pytest.approx(KLDivergence()(code).item(), rel=1e-4)
