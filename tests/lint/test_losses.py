"""Which outputs a spec gives which loss: a name, a name with arguments, or those by the outputs' names."""

from __future__ import annotations

import pytest

from netspec.language.sections.losses import written_losses
from netspec.language.sections.metrics import columns, lower_is_better
from netspec.language.source import compose


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MSELoss", [(None, "MSELoss", None)]),
        ("{CrossEntropyLoss: {label_smoothing: 0.1}}", [(None, "CrossEntropyLoss", None)]),
        ("{CrossEntropyLoss: {weight: balanced}}", [(None, "CrossEntropyLoss", None)]),
        ("{CrosEntropyLoss: {weight: balanced}}", [(None, "CrosEntropyLoss", None)]),
        ("{fc: MSELoss}", [("fc", "MSELoss", None)]),
        ("{fc: CrosEntropyLos}", [("fc", "CrosEntropyLos", None)]),
        ("{fc: {BCELoss: {}, weight: 2}}", [("fc", "BCELoss", "2")]),
        ("{a: MSELoss, b: {L1Loss: {}, weight: w}}", [("a", "MSELoss", None), ("b", "L1Loss", "w")]),
        ("{a: {GaussianNLLLoss: {eps: 1e-3}, var: b, weight: 2}}", [("a", "GaussianNLLLoss", "2")]),
        ("{a: 3, b: {weight: 1}}", [("a", None, None), ("b", None, "1")]),
    ],
)
def test_losses_as_they_are_written(text: str, found: list[tuple[str | None, str | None, str | None]]) -> None:
    node, wrong = compose(text, "net.yaml")
    assert not wrong
    assert [
        (
            loss.output.text if loss.output else None,
            loss.name.text if loss.name else None,
            getattr(loss.weight, "text", None),
        )
        for loss in written_losses(node)
    ] == found


def test_columns_have_the_outputs_name_behind_them() -> None:
    assert columns(None, {"": "classes"}) == ["loss", "accuracy"]
    assert columns(["mae", "top5", "f1"], {"size": "numbers", "kind": "classes"}) == [
        *("loss", "loss_size", "loss_kind"),
        *("mae", "top5_kind", "f1_kind"),
    ]
    assert lower_is_better("val_loss_kind")
    assert lower_is_better("train_mae_size")
    assert not lower_is_better("val_f1_kind")
