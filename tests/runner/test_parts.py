"""Which samples train, validate and test: against scikit-learn's splits, and what training sees of the test part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Tensor
from netspec.data.batches import BalancedOrder
from netspec.data.section import TEST, VAL, load_data
from netspec.data.split import Data
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.train import Run, train

Make = Callable[..., Spec]
Refused = Callable[..., list[Diagnostic]]
Command = Callable[..., tuple[int, str, str]]

NET = "netspec: 1\ninput: [4]\nlayers: [{Linear: 3}]\ndata: {DATA}\n"
TRAIN = "train: {epochs: 2, batch_size: 16, loss: CrossEntropyLoss, optimizer: {Adam: {lr: 1e-2}}}\n"
CLASSES = load_iris().target


@pytest.fixture
def read(make: Make) -> Callable[..., Data]:
    """`read("sklearn: iris, val: 0.2", 4)`: the data of a spec with that section."""

    def load(data: str, width: int = 4, seed: int = 0, part: str = VAL) -> Data:
        return load_data(make(NET.replace("DATA", data)), {"input": Tensor((width,))}, seed, None, part)

    return load


@pytest.fixture
def patients(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """rows.csv: two features, the patient (12 of them), the ward and the class of 90 rows; patients and classes."""
    rng = np.random.default_rng(0)
    patient = rng.integers(0, 12, 90)
    sick = (rng.random(90) < 0.3).astype(int)
    rows = [
        f"{a:.3f},{b:.3f},p{who},{'east' if who % 2 else 'west'},{'sick' if ill else 'well'}"
        for a, b, who, ill in zip(rng.normal(size=90), rng.normal(size=90), patient, sick, strict=True)
    ]
    (tmp_path / "rows.csv").write_text("a,b,patient,ward,state\n" + "\n".join(rows) + "\n")
    return patient, sick


def rows(data: Data) -> list[int]:
    assert data.val is not None
    return data.val.rows.tolist()


CSV = "CSV: {path: rows.csv, target: state, columns: [a, b]}"


@pytest.mark.parametrize("fold", [0, 3])
def test_folds_are_sklearns(read: Callable[..., Data], fold: int, patients: tuple[np.ndarray, np.ndarray]) -> None:
    x = np.arange(150)
    expected = list(StratifiedKFold(5, shuffle=True, random_state=7).split(x, CLASSES))[fold]
    data = read(f"sklearn: iris, folds: 5, fold: {fold}", seed=7)
    assert rows(data) == expected[1].tolist()
    assert data.train.rows.tolist() == expected[0].tolist()
    plain = list(KFold(5, shuffle=True, random_state=7).split(x))[fold]
    assert rows(read(f"sklearn: iris, folds: 5, fold: {fold}, stratify: false", seed=7)) == plain[1].tolist()
    who, ill = patients
    grouped = list(StratifiedGroupKFold(4, shuffle=True, random_state=7).split(who, ill, who))[fold]
    assert rows(read(f"{CSV}, folds: 4, fold: {fold}, split: {{by: patient}}", 2, seed=7)) == grouped[1].tolist()
    alone = list(GroupKFold(4).split(who, None, who))[fold]
    data = read(f"{CSV}, folds: 4, fold: {fold}, split: {{by: patient}}, stratify: false", 2, seed=7)
    assert Counter(who[rows(data)]) == Counter(who[alone[1]])


def test_groups_stay_together(read: Callable[..., Data], patients: tuple[np.ndarray, np.ndarray]) -> None:
    who, ill = patients
    data = read(f"{CSV}, val: 0.25, split: {{by: patient, seed: 3}}, stratify: false", 2)
    codes = np.unique(who, return_inverse=True)[1]
    first_seen = {code: index for index, code in enumerate(dict.fromkeys(codes.tolist()))}
    ids = np.array(
        [first_seen[code] for code in codes.tolist()]
    )  # scikit-learn sorts groups, pandas numbers as they come
    _, expected = next(GroupShuffleSplit(1, test_size=0.25, random_state=3).split(ids, groups=ids))
    assert rows(data) == expected.tolist()
    data = read(f"{CSV}, val: 0.25, test: 0.2, split: {{by: patient}}", 2)
    tested = read(f"{CSV}, val: 0.25, test: 0.2, split: {{by: patient}}", 2, part=TEST)
    parts = [{*who[each].tolist()} for each in (data.train.rows, rows(data), rows(tested))]
    assert sum(map(len, parts)) == 12 == len(set.union(*parts))
    assert abs(ill[rows(data)].mean() - ill.mean()) < 0.15


def test_the_column_of_the_groups_is_no_feature(
    read: Callable[..., Data], patients: tuple[np.ndarray, np.ndarray]
) -> None:
    with_all = "CSV: {path: rows.csv, target: state}, val: 0.25, split: {by: patient}"
    assert read(with_all, 4).source.columns == ("a", "b", "ward")


def test_strata_have_equal_shares(read: Callable[..., Data], patients: tuple[np.ndarray, np.ndarray]) -> None:
    """Each stratum gives its share, as StratifiedShuffleSplit has it, within one sample for the rounding."""
    east = patients[0] % 2
    _, expected = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=0).split(east, east))
    held = east[rows(read(f"{CSV}, val: 0.2, stratify: ward", 2))]
    assert abs(held.sum() - east[expected].sum()) <= 1
    assert abs(len(held) - len(expected)) <= 1


@settings(max_examples=30)
@given(st.floats(0.05, 0.45), st.floats(0.05, 0.45), st.integers(0, 99))
def test_the_parts_have_all_samples_once(val: float, test: float, seed: int) -> None:
    from netspec.core.tree import Scalar, Span
    from netspec.data.dividing import divided
    from netspec.data.parts import Parts
    from netspec.data.split import LoadedData, all_of

    def node(value: float) -> Scalar:
        return Scalar(value, Span("net.yaml", 1, 1, 1, 2), str(value))

    whole = all_of(torch.arange(90.0)[:, None], torch.arange(90) % 3)
    parts = Parts(node(val), node(test), val, test, seed=None)
    made = divided(LoadedData(whole), parts, seed)
    assert sorted(row for part in made if part is not None for row in part.rows.tolist()) == list(range(90))
    for part, share in zip(made, (1 - val - test, val, test), strict=True):
        assert part is not None
        assert all(abs(count - 30 * share) <= 1.5 for count in Counter((part.rows % 3).tolist()).values())
    assert made[2] is not None
    other = divided(LoadedData(whole), parts, seed + 1)[2]
    assert other is not None
    assert torch.equal(made[2].rows, other.rows)  # another seed of the run has the same test part


def test_a_category_is_known_by_the_training_part(read: Callable[..., Data], tmp_path: Path) -> None:
    """A value that stands in the test part alone is unknown, as OneHotEncoder(handle_unknown="ignore") has it."""
    from sklearn.preprocessing import OneHotEncoder

    (tmp_path / "rows.csv").write_text("c,y\n" + "a,0\nb,1\n" * 20 + "c,1\n")
    data = "CSV: {path: rows.csv, kinds: {c: category}, normalize: zscore}, test: 0.1, val: 0.2, stratify: false"
    parts = [read(data, 3, part=part) for part in (VAL, TEST)]
    cells = np.array(["a", "b"] * 20 + ["c"])[:, None]
    seen = cells[parts[0].train.rows]
    assert ("c" in seen) == (40 in parts[0].train.rows.tolist())
    fitted = OneHotEncoder(categories=[["a", "b", "c"]], handle_unknown="ignore").fit(seen)
    for each in parts:
        assert each.val is not None
        expected = fitted.transform(cells[each.val.rows]).toarray()
        expected[:, [word not in seen for word in "abc"]] = 0
        assert each.val.inputs[0].tolist() == expected.tolist()
    (tmp_path / "rows.csv").write_text("c,y\n" + "a,0\nb,1\n" * 20)
    (tmp_path / "test.csv").write_text("c,y\nq,0\na,1\n")
    tested = read("CSV: {path: rows.csv, kinds: {c: category}}, test: {CSV: {path: test.csv}}", 2, part=TEST)
    assert tested.val is not None
    assert tested.val.inputs[0].tolist() == [[0, 0], [1, 0]]


def test_training_does_not_look_at_the_test_part(make: Make, tmp_path: Path) -> None:
    """Other numbers in the rows of the test part change nothing of the weights."""
    table = load_breast_cancer()
    x, y = table.data[:80, :4] / 100, table.target[:80]
    text = NET.replace("DATA", "CSV: {path: rows.csv, normalize: zscore}, val: 0.2, test: 0.25") + TRAIN
    weights = []
    for garbage in (False, True):
        np.savetxt(tmp_path / "rows.csv", np.c_[x, y], delimiter=",", fmt="%g")
        spec = make(text)
        left = load_data(spec, {"input": Tensor((4,))}, 0, None, TEST).val
        assert left is not None
        assert len(left) == 20
        changed = x.copy()
        changed[left.rows] = 1e6 if garbage else changed[left.rows]
        np.savetxt(tmp_path / "rows.csv", np.c_[changed, y], delimiter=",", fmt="%g")
        run = train(spec, out=tmp_path / f"run{garbage}", progress=Silent())
        weights.append([*run.model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*weights, strict=True))


IRIS = NET.replace("DATA", "sklearn: iris, val: 0.2, test: 0.2") + TRAIN


def test_the_test_part_is_scored_at_the_end(run: Callable[..., Run], netspec: Command, tmp_path: Path) -> None:
    from sklearn.metrics import accuracy_score

    done = run(IRIS)
    code, out, err = netspec("eval", "run", "--test", "--format", "json")
    assert (code, err) == (0, "")
    scores = json.loads(out)
    assert (scores["split"], scores["samples"]) == ("test", 30)
    left = load_data(done_spec(tmp_path), {"input": Tensor((4,))}, 0, None, TEST).val
    assert left is not None
    from netspec.inference.loaded_run import load_run

    with torch.no_grad():
        guess = load_run(tmp_path / "run").model()(left.tables[0]).argmax(1)
    assert scores["accuracy"] == pytest.approx(accuracy_score(CLASSES[left.rows], guess))
    assert done.best is not None
    code, _, err = netspec("eval", "run", "--test")
    assert code == 0
    assert err.startswith("the test part was scored once before")
    assert len(json.loads((tmp_path / "run" / "test.json").read_text())["scored"]) == 2
    (tmp_path / "run" / "test.json").write_text('{"version": 1, "scored": [3]}')
    assert netspec("eval", "run", "--test")[0] == 2


def done_spec(folder: Path) -> Spec:
    from netspec.inference.loaded_run import load_run

    return load_run(folder / "run").spec


def test_a_run_without_a_test_part_says_what_to_write(run: Callable[..., Run], netspec: Command) -> None:
    run(IRIS.replace(", test: 0.2", ""))
    code, _, err = netspec("eval", "run", "--test")
    assert code == 1
    assert "data names no test part, and sklearn has none of its own" in err
    assert "test: 0.2" in err


@pytest.mark.parametrize(
    ("data", "width", "said"),
    [
        (
            CSV.replace("path", "path") + ", val: 0.2, split: {by: pateint}",
            2,
            "no column 'pateint'; did you mean patient",
        ),
        (CSV + ", folds: 13, split: {by: patient}, stratify: false", 2, "13 folds need at least as many groups"),
        (CSV + ", val: 0.2, stratify: a", 2, "by which samples are stratified, has 1 sample"),
        ("sklearn: iris, folds: 51, stratify: true", 4, "'setosa', by which samples are stratified, has 50 samples"),
        ("sklearn: iris, folds: 500", 4, "500 folds need at least as many samples"),
        ("sklearn: iris, test: 0.001, stratify: false", 4, "leaves a part empty"),
        ("CSV: {path: gap.csv}, val: 0.2, split: {by: g}", 1, "row 2, column 'g' has no value"),
        ("CSV: {path: one.csv}, val: 0.2, split: {by: g}", 1, "there is one group only"),
    ],
)
def test_what_cannot_be_divided_is_located(
    data: str, width: int, said: str, read: Callable[..., Data], refused: Refused, tmp_path: Path,
    patients: tuple[np.ndarray, np.ndarray],
) -> None:  # fmt: skip
    (tmp_path / "gap.csv").write_text("a,g,y\n1,u,0\n2,,1\n3,v,0\n")
    (tmp_path / "one.csv").write_text("a,g,y\n1,u,0\n2,u,1\n3,u,0\n")
    (found,) = refused(read, data, width)
    assert found.code == "NS601"
    assert said in found.message
    assert found.span.line == 4


def test_arrays_have_groups_too(read: Callable[..., Data], tmp_path: Path) -> None:
    who = np.repeat([5, 3, 9, 1], 10)
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(40, 4)), y=np.tile([0, 1], 20), who=who)
    data = read("Arrays: {path: a.npz}, val: 0.25, split: {by: who}", 4)
    assert {*who[rows(data)]} & {*who[data.train.rows]} == set()
    assert len(rows(data)) == 10


def test_balanced_draws_are_those_of_a_weighted_sampler() -> None:
    """The frequencies of torch's WeightedRandomSampler with weights 1 / class size: each class a third, each member
    the same; and a function of seed and epoch."""
    classes = torch.tensor([2] * 900 + [0] * 90 + [7] * 10)
    order = BalancedOrder(classes)
    drawn = torch.cat([order(0, epoch) for epoch in range(30)])
    shares = torch.bincount(classes[drawn], minlength=8).double() / len(drawn)
    expected = torch.zeros(8, dtype=torch.float64)
    expected[[0, 2, 7]] = 1 / 3
    assert (shares - expected).abs().max() < 4 * (2 / 9 / len(drawn)) ** 0.5  # four standard deviations
    rare = torch.bincount(drawn, minlength=1000)[-10:].double()
    assert (rare / len(drawn) - 1 / 30).abs().max() < 4 * (1 / 30 / len(drawn)) ** 0.5
    assert torch.equal(order(3, 5), order(3, 5))
    assert not torch.equal(order(3, 5), order(3, 6))


def test_a_balanced_run_goes_on_in_mid_epoch(run: Callable[..., Run], make: Make, tmp_path: Path) -> None:
    from netspec.trainer.resume import spec_to_resume

    text = IRIS.replace("test: 0.2", "sampler: balanced")
    whole = run(text, out="whole")
    run(text, "train.steps=11", out="part")  # 8 steps an epoch
    spec = spec_to_resume(tmp_path / "part", None, ("train.steps=16",))
    resumed = train(spec, resume=tmp_path / "part", progress=Silent())
    pairs = zip(whole.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    plain = run(text.replace(", sampler: balanced", ""), out="plain")
    assert plain.history[0]["train_loss"] != whole.history[0]["train_loss"]


def test_classes_are_needed_to_balance(make: Make, run: Callable[..., Run], refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2,3,4,0.5\n" * 5)
    text = NET.replace("DATA", "CSV: rows.csv, sampler: balanced").replace("Linear: 3", "Linear: 1")
    (found,) = refused(run, text + TRAIN.replace("CrossEntropyLoss", "MSELoss"))
    assert (found.code, found.span.line) == ("NS630", 4)


FOLDS = NET.replace("DATA", "sklearn: iris, folds: 3") + TRAIN.replace("epochs: 2", "epochs: 1")


def test_each_fold_is_trained(netspec: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in its second fold it goes on; mean and deviation are NumPy's."""
    import netspec.trainer.folds as folds

    (tmp_path / "net.yaml").write_text(FOLDS)
    trained: list[str] = []

    def counted(spec: Spec, **arguments: object) -> Run:
        trained.append(str(arguments))
        if len(trained) == 2:
            raise KeyboardInterrupt
        return train(spec, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(folds, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        folds.train_folds(lambda fold: folded(tmp_path, fold), tmp_path / "cv", progress=Silent)
    assert len(json.loads((tmp_path / "cv" / "folds.json").read_text())["best"]) == 1
    code, out, _ = netspec("train", "--resume", "cv")
    assert code == 0
    assert len(trained) == 4  # the first fold is not trained again
    found = json.loads((tmp_path / "cv" / "folds.json").read_text())
    losses = [
        json.loads((tmp_path / "cv" / f"fold-{k}" / "run.json").read_text())["best"]["val_loss"] for k in range(3)
    ]
    assert found["figures"]["val_loss"] == pytest.approx({"mean": np.mean(losses), "deviation": np.std(losses, ddof=1)})
    assert [line.split()[0] for line in out.splitlines() if line.startswith(("fold ", "mean", "dev"))][-2:] == [
        "mean", "deviation"
    ]  # fmt: skip
    code, _, err = netspec("train", "net.yaml", "--folds", "--out", "cv", "--set", "data.folds=4")
    assert code == 1
    assert "was begun with 3 folds, not 4" in err


def folded(folder: Path, fold: int) -> Spec:
    from netspec.language.load import load

    return load(str(folder / "net.yaml"), (f"data.fold={fold}",))


def test_folds_need_folds(netspec: Command, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(IRIS)
    code, _, err = netspec("train", "net.yaml", "--folds", "--out", "cv")
    assert code == 1
    assert "folds: 5" in err
    assert not (tmp_path / "cv").exists()
    assert netspec("train", "net.yaml", "--folds", "--dry-run")[0] == 2
    code, _, err = netspec("train", "net.yaml", "--folds", "--nproc", "2")
    assert code == 2
    assert "--set data.fold=0 without --folds trains one fold in several" in err
