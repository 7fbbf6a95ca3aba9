"""Time series: windows, their split by time, scaling, naive forecasts, errors, resuming, and the shipped forecast."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error

from netspec.core.diagnostics import Diagnostic
from netspec.core.shapes import Tensor
from netspec.data.section import load_data
from netspec.data.windows import WindowError, Windows
from netspec.inference.loaded_run import load_run
from netspec.language.load import load
from netspec.language.spec import Spec
from netspec.reports.progress import Silent
from netspec.trainer.resume import spec_to_resume
from netspec.trainer.train import Run, train
from netspec.training.interrupts import Interrupt
from netspec.training.plan import prepare
from tests.spec_cases import ROOT, check_says

Make = Callable[..., Spec]
Start = Callable[..., Run]
Refused = Callable[..., list[Diagnostic]]
Command = Callable[..., tuple[int, str, str]]

NET = """netspec: 1
name: series
input: [4, 2]
layers: [Flatten, {Linear: 2}]
data:
  TimeSeries: {path: days.csv, window: 4, horizon: 2, time: day, target: sold, season: 3, normalize: zscore}
  val: 0.25
train: {epochs: 3, batch_size: 4, loss: MSELoss, metrics: [mae, mape, rmse], optimizer: {SGD: {lr: 0.05}}}
"""


@pytest.fixture
def days(tmp_path: Path) -> pd.DataFrame:
    """40 days with rain and what was sold, which lie in the folder of the test."""
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({"day": pd.date_range("2024-02-10", periods=40).strftime("%Y-%m-%d")})
    frame["rain"] = chance.integers(0, 30, 40)
    frame["sold"] = (50 + 5 * np.arange(40) + 8 * (np.arange(40) % 3) + chance.normal(0, 2, 40)).round(1)
    frame.to_csv(tmp_path / "days.csv", index=False)
    return frame


def rewrite(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / "days.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)


@settings(max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    gaps=st.sets(st.integers(0, 30), max_size=3),
    missing=st.sets(st.integers(0, 30), max_size=3),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
)
def test_windows_are_those_that_a_loop_finds(
    lengths: list[int], gaps: set[int], missing: set[int], sizes: tuple[int, int, int]
) -> None:
    window, horizon, stride = sizes
    ends = np.cumsum(lengths)
    count = int(ends[-1])
    following = np.arange(1, count + 1)
    following[ends - 1] = -1
    following[[gap for gap in gaps if gap < count]] = -1
    y = np.arange(count, dtype=np.float32)
    y[[row for row in missing if row < count]] = np.nan
    expected, start = [], 0
    for row in range(count):  # a run goes from `start` to `row`
        if following[row] == -1:
            for first in range(start, row + 2 - window - horizon, stride):
                behind = y[first + window : first + window + horizon]
                if not np.isnan(behind).any():
                    expected.append((first, [*range(first, first + window)], behind.tolist()))
            start = row + 1
    windows = Windows(window, horizon, stride, torch.from_numpy(following), flat=(True,))
    rows = torch.arange(count)
    inputs, targets = (rows[:, None].float(),), torch.from_numpy(y)[:, None]
    if not expected:
        with pytest.raises(WindowError):
            windows.cut(rows, inputs, targets)
        return
    cut = windows.cut(rows, inputs, targets)
    assert cut.inputs[0].tolist() == [each for _, each, _ in expected]
    assert cut.targets[0].reshape(len(expected), horizon).tolist() == [each for _, _, each in expected]
    assert cut.rows.tolist() == [first + window for first, _, _ in expected]


def test_the_end_validates_and_the_rest_is_what_is_scaled_by(make: Make, days: pd.DataFrame) -> None:
    data = prepare(make(NET)).data
    early, late = days[:30], days[30:]
    assert data.val is not None
    assert data.train.rows.tolist() == [*range(4, 29)]  # of the first predicted day; the second one is the 30th at most
    assert data.val.rows.tolist() == [*range(34, 39)]
    mean, spread = early[["rain", "sold"]].mean().to_numpy(), early[["rain", "sold"]].std(ddof=0).to_numpy()
    scaled = (late[["rain", "sold"]].to_numpy() - mean) / spread
    assert torch.allclose(data.val.tables[0][1], torch.tensor(scaled[1:5]).float(), atol=1e-6)
    assert torch.allclose(data.val.targets[0][1], torch.tensor(scaled[5:7, 1]).float(), atol=1e-6)


def test_errors_are_in_the_unit_of_the_file_beside_those_of_naive_forecasts(
    run: Start, netspec: Command, days: pd.DataFrame, tmp_path: Path
) -> None:
    run(NET)
    model, data = load_run(tmp_path / "run").model(), prepare(load(tmp_path / "net.yaml")).data
    assert data.val is not None
    sold = days["sold"].to_numpy()
    rows = data.val.rows.numpy()
    true = np.stack([sold[rows], sold[rows + 1]], 1)
    mean, spread = sold[:30].mean(), sold[:30].std()
    with torch.inference_mode():
        guess = model(data.val.tables[0]).double().numpy() * spread + mean
    last = np.stack([sold[rows - 1]] * 2, 1)
    season = np.stack([sold[rows - 3], sold[rows - 2]], 1)
    expected = {}
    for name, each in (("", guess), ("_naive", last), ("_seasonal", season)):
        expected[f"mae{name}"] = mean_absolute_error(true, each)
        expected[f"mape{name}"] = mean_absolute_percentage_error(true, each)
        expected[f"rmse{name}"] = float(np.sqrt(((true - each) ** 2).mean()))
    code, out, _ = netspec("eval", "run", "--format", "json")
    scores = json.loads(out)
    assert code == 0
    assert {name: scores[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_a_prediction_goes_on_where_the_file_ends(
    run: Start, netspec: Command, days: pd.DataFrame, tmp_path: Path
) -> None:
    run(NET)
    days[["sold", "day", "rain"]][:12].to_csv(tmp_path / "new.csv", index=False)
    code, out, err = netspec("predict", "run", "new.csv", "--format", "json")
    early = days[:30][["rain", "sold"]]
    scaled = (days[8:12][["rain", "sold"]] - early.mean()) / early.std(ddof=0)
    with torch.inference_mode():
        given = load_run(tmp_path / "run").model()(torch.tensor(scaled.to_numpy()).float()[None])[0].double().numpy()
    assert (code, err) == (0, "")
    (found,) = json.loads(out)["predictions"]
    assert found["row"] == 12
    assert found["values"] == pytest.approx(given * early["sold"].std(ddof=0) + early["sold"].mean(), rel=1e-4)


def test_several_series_do_not_mix_and_are_cut_at_one_time(make: Make, days: pd.DataFrame, tmp_path: Path) -> None:
    late = days.assign(shop="B", sold=days["sold"] + 1000)[20:]
    both = pd.concat([days.assign(shop="A"), late]).sort_values("day", kind="stable").reset_index(drop=True)
    both.to_csv(tmp_path / "days.csv", index=False)
    data = prepare(make(NET.replace("time: day", "time: day, series: shop").replace(", normalize: zscore", ""))).data
    assert data.val is not None
    for part, first, last in ((data.train, 0, 29), (data.val, 30, 39)):
        for x, y, row in zip(part.tables[0], part.targets[0], part.rows.tolist(), strict=True):
            sold = torch.cat([x[:, 1], y])
            assert bool((sold > 1000).all()) == (both["shop"][row] == "B")
            assert bool((sold > 1000).all() | (sold < 1000).all())
            at = [*days["day"]].index(both["day"][row])
            assert first + 4 <= at < last
            assert sold.tolist() == pytest.approx(
                [*(days["sold"][at - 4 : at + 2] + 1000 * (both["shop"][row] == "B"))]
            )
    assert len(data.train) == 25 + 5
    assert len(data.val) == 5 + 5


def test_gaps_split_or_do_not_count(make: Make, days: pd.DataFrame, tmp_path: Path) -> None:
    rewrite(tmp_path, lambda frame: frame.drop(index=[12]))
    split = prepare(make(NET.replace("time: day", "time: day, gaps: split"))).data.train.rows.tolist()
    ignored = prepare(make(NET.replace("time: day", "time: day, gaps: ignore"))).data.train.rows.tolist()
    assert split == [*range(4, 11), *range(16, 28)]  # 12 days, then 17 to the cut at 29
    assert ignored == [*range(4, 28)]


def test_months_and_hours_are_steps_too(make: Make, days: pd.DataFrame, tmp_path: Path, refused: Refused) -> None:
    for frequency in ("MS", "ME", "15min"):
        times = pd.date_range("2020-01-31", periods=40, freq=frequency).strftime("%Y-%m-%d %H:%M")
        days.assign(day=times).to_csv(tmp_path / "days.csv", index=False)
        prepare(make(NET))
    days.assign(day=pd.date_range("2020-01-31", periods=41, freq="MS").delete(5)).to_csv(
        tmp_path / "days.csv", index=False
    )
    assert "a step of 2 months where 1 month is usual" in refused(prepare, make(NET))[0].message


def test_ffill_takes_the_last_value_and_a_target_without_one_is_left_out(
    make: Make, days: pd.DataFrame, tmp_path: Path
) -> None:
    def empty(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[[6, 7], "rain"] = np.nan
        frame.loc[10, "sold"] = np.nan
        return frame

    rewrite(tmp_path, empty)
    text = NET.replace(", normalize: zscore", ", missing: {rain: ffill, sold: 7}")
    data = prepare(make(text)).data
    assert data.train.rows.tolist() == [*range(4, 9), *range(11, 29)]
    assert data.train.tables[0][4].tolist()[:4] == [
        [days["rain"][row], pytest.approx(days["sold"][row])] for row in (4, 5)
    ] + [[days["rain"][5], pytest.approx(days["sold"][row])] for row in (6, 7)]
    assert data.naive["naive"].isfinite().all()


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        (lambda frame: frame.drop(index=[7, 8]), "", "2024-02-16 is followed by 2024-02-19, a step of 3 days"),
        (lambda frame: frame.iloc[[0, 2, 1, *range(3, 40)]], "", "row 3, column 'day': 2024-02-11 stands"),
        (lambda frame: pd.concat([frame, frame]).sort_values("day"), "", "2024-02-10 stands behind 2024-02-10"),
        (lambda frame: frame.assign(day="soon"), "", "is to hold times"),
        (lambda frame: frame.mask(frame["rain"] == frame["rain"][3]), "", "has no value"),
        (lambda frame: frame[:20], "", "window: 4 and horizon: 2 take 6 rows, and its longest run has 5"),
        (lambda frame: frame, "data.TimeSeries.window=50", "the training part: window: 50 and horizon: 2 take 52 rows"),
        (lambda frame: frame, "data.TimeSeries.season=5", "a season of 5 rows does not lie in a window of 4"),
        (lambda frame: frame, "data.TimeSeries.missing=drop", "drop leaves a hole in a time series"),
        (lambda frame: frame, "data.TimeSeries.time=dey", "the table has no column 'dey'"),
        (lambda frame: frame, "data.TimeSeries.target={a: sold}", "a time series has one target"),
        (lambda frame: frame.assign(sold="few"), "", "column 'sold' holds 'few', which is no finite number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    change: Callable[[pd.DataFrame], pd.DataFrame],
    setting: str,
    words: str,
    make: Make,
    refused: Refused,
    days: pd.DataFrame,
    tmp_path: Path,
) -> None:
    rewrite(tmp_path, change)
    text = NET.replace("[4, 2]", "[50, 2]") if "window" in setting else NET
    found = refused(prepare, make(text, *([setting] if setting else [])))
    assert any(words in item.message for item in found), [item.message for item in found]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("window: 4, ", ""), "NS203", "TimeSeries needs window"),
        (("window: 4", "window: 0"), "NS202", "window is an integer ≥ 1"),
        (("gaps", "gaps"), "", ""),
        (("window: 4", "window: 5"), "NS602", "a sample of TimeSeries is 5×?, the network's input is 4×2"),
        (("{Linear: 2}", "{Linear: 3}"), "NS612", "the output is 3, a target of TimeSeries is 2 numbers"),
        (("loss: MSELoss, metrics: [mae, mape, rmse]", "loss: CrossEntropyLoss"), "NS603", "are amounts"),
        (("season: 3", "gaps: skip"), "NS202", "gaps is error, split or ignore"),
    ],
)
def test_the_check_says_what_the_spec_tells(change: tuple[str, str], code: str, words: str) -> None:
    check_says(NET.replace(*change), code, words)


def test_a_run_that_was_cut_off_ends_with_the_same_bits(
    run: Start, days: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(NET, out="whole")
    asked = iter([False] * 8)
    with monkeypatch.context() as patch:
        patch.setattr(Interrupt, "__call__", lambda self: next(asked, True))
        cut = run(NET, out="cut")
    again = train(spec_to_resume(cut.folder, None, ()), resume=cut.folder, progress=Silent())
    weights = [load_file(one.folder / "last.safetensors") for one in (whole, again)]
    assert len(cut.history) < len(whole.history) == len(again.history)
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_the_shipped_forecast_beats_both_naive_ones(tmp_path: Path) -> None:
    best = train(load(ROOT / "specs/forecast.yaml", ("train.epochs=6",)), out=tmp_path / "run", progress=Silent()).best
    assert best is not None
    assert best["val_mae"] < best["val_mae_seasonal"] < 0.5 * best["val_mae_naive"]
    assert best["val_mape"] < best["val_mape_seasonal"]


def test_the_test_part_is_the_very_end_and_folds_are_refused(
    make: Make, refused: Refused, days: pd.DataFrame, tmp_path: Path
) -> None:
    spec = make(NET.replace("val: 0.25", "val: 0.25\n  test: 0.25"))
    plan, test = prepare(spec), load_data(spec, {"input": Tensor((4, 2))}, 0, None, "test").val
    assert plan.data.val is not None
    assert test is not None
    assert (plan.data.train.rows.max(), plan.data.val.rows.tolist(), test.rows.tolist()) == (
        18,
        [*range(24, 29)],
        [*range(34, 39)],
    )
    (found,) = refused(prepare, make(NET.replace("val: 0.25", "folds: 4")))
    assert "folds would train on what comes after" in found.message
