"""torch's classes by name: what can be had, with which arguments, and what a spec cannot reach."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
import torch
from torch import nn

from netspec.core.diagnostics import Diagnostic
from netspec.core.tree import Mapping, Node
from netspec.language.evaluate import Values
from netspec.language.load import loads
from netspec.language.sections.class_families import LOSS, OPTIMIZER, SCHEDULER, ClassFamily
from netspec.language.sections.torch_classes import classes_of
from netspec.language.source import compose
from netspec.language.spec import Spec
from netspec.runtime import families
from netspec.runtime.registry import Choice, parameters
from netspec.training.settings import make_scheduler, read_settings

Refused = Callable[..., list[Diagnostic]]
PLAIN = Values({})
Chosen = Callable[..., Choice]


def node(text: str) -> Node:
    root, found = compose(f"at: {text}", "net.yaml")
    assert not found
    assert isinstance(root, Mapping)
    value = root.get("at")
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("text", "chosen", "cls", "kwargs"),
    [
        ("MSELoss", families.choose_loss, nn.MSELoss, {}),
        (
            "{CrossEntropyLoss: {label_smoothing: 0.1}}",
            families.choose_loss,
            nn.CrossEntropyLoss,
            {"label_smoothing": 0.1},
        ),
        ("{SGD: {lr: 0.1}}", families.choose_optimizer, torch.optim.SGD, {"lr": 0.1}),
        ("{SGD: 0.1}", families.choose_optimizer, torch.optim.SGD, {"lr": 0.1}),
        ("{Adam: }", families.choose_optimizer, torch.optim.Adam, {}),
        ("{StepLR: 3}", families.choose_scheduler, torch.optim.lr_scheduler.StepLR, {"step_size": 3}),
    ],
)
def test_a_class_and_its_arguments(text: str, chosen: Chosen, cls: type, kwargs: dict[str, object]) -> None:
    choice = chosen(node(text), PLAIN)
    assert choice.cls is cls
    assert choice.kwargs == kwargs


@pytest.mark.parametrize(
    ("text", "chosen", "code", "column", "said"),
    [
        ("MSELos", families.choose_loss, "NS604", 5, "did you mean MSELoss"),
        ("CTCLoss", families.choose_loss, "NS604", 5, "more than one output and one target"),
        ("Linear", families.choose_loss, "NS604", 5, "torch.nn has no loss"),
        ("__class__", families.choose_loss, "NS604", 5, "no loss"),
        ("Optimizer", families.choose_optimizer, "NS604", 5, "no optimizer"),
        ("os", families.choose_optimizer, "NS604", 5, "no optimizer"),
        ("LambdaLR", families.choose_scheduler, "NS604", 5, "Python code"),
        ("{SGD: {lrr: 1}}", families.choose_optimizer, "NS605", 12, "did you mean lr"),
        ("{SGD: {params: 1}}", families.choose_optimizer, "NS605", 12, "no argument 'params'"),
        ("{StepLR: {gamma: 1}}", families.choose_scheduler, "NS605", 6, "needs step_size"),
        ("{MSELoss: {reduction: sum}}", families.choose_loss, "NS605", 27, "mean"),
        ("{MSELoss: {reduce: true}}", families.choose_loss, "NS605", 16, "no argument"),
        ("[MSELoss]", families.choose_loss, "NS202", 5, "Name or {Name: arguments}"),
        ("{MSELoss: {}, L1Loss: {}}", families.choose_loss, "NS202", 5, "Name or {Name: arguments}"),
        ("Lambda", families.choose_transform, "NS604", 5, "Python code"),
        ("ToTensor", families.choose_transform, "NS604", 5, "tensors already"),
        ("Transform", families.choose_transform, "NS604", 5, "no transform"),
        ("{Resize: {size: 4, interpolation: bilinaer}}", families.choose_transform, "NS605", 39, "bilinear"),
    ],
)
def test_what_cannot_be_had(text: str, chosen: Chosen, code: str, column: int, said: str, refused: Refused) -> None:
    (found,) = refused(chosen, node(text), PLAIN)
    assert (found.code, found.span.column) == (code, column)
    assert said in found.message


def test_several_wrong_arguments_are_all_found(refused: Refused) -> None:
    found = refused(families.choose_optimizer, node("{SGD: {lrr: 1, momentun: 2}}"), PLAIN)
    assert [item.code for item in found] == ["NS605", "NS605"]


def test_a_refused_value_quotes_torch_at_the_value(refused: Refused) -> None:
    choice = families.choose_optimizer(node("{SGD: {lr: 1, nesterov: true}}"), PLAIN)
    (found,) = refused(choice.make, [torch.zeros(1, requires_grad=True)])
    assert (found.code, found.span.column) == ("NS605", 29)
    assert found.notes[0].label == "torch"
    with pytest.raises(ValueError, match="Nesterov momentum") as error:
        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1, nesterov=True)
    assert found.notes[0].text == str(error.value)


def named(family: ClassFamily) -> set[str]:
    """The classes that are usable, and those that are refused with a reason."""
    usable = {name for name, one in classes_of(family).items() if hasattr(import_module(family.module), name)}
    assert not usable & set(family.refused)
    return usable | set(family.refused)


def test_every_optimizer_of_torch_is_either_usable_or_refused() -> None:
    optim = torch.optim
    known = {
        name
        for name in dir(optim)
        if isinstance(getattr(optim, name), type) and issubclass(getattr(optim, name), optim.Optimizer)
    }
    assert named(OPTIMIZER) == known - {"Optimizer"}


def test_every_loss_of_torch_is_either_usable_or_refused_with_a_reason() -> None:
    assert named(LOSS) >= {name for name in dir(nn) if name.endswith("Loss")}


def test_every_scheduler_of_torch_is_either_usable_or_refused() -> None:
    assert named(SCHEDULER) >= set(torch.optim.lr_scheduler.__all__) - {"LRScheduler"}


def test_parameters_follow_keywords_to_the_base() -> None:
    class Base:
        def __init__(self, a: int, b: int = 2) -> None: ...

    class Derived(Base):
        def __init__(self, c: int, **kwargs: int) -> None: ...

    assert list(parameters(Derived)) == ["c", "a", "b"]


def test_nested_schedulers_follow_each_other(make: Callable[..., Spec], table: str) -> None:
    inner = "[{ConstantLR: {factor: 0.5, total_iters: 9}}, {ExponentialLR: 0.9}]"
    text = table + f"  scheduler: {{SequentialLR: {{schedulers: {inner}, milestones: [2]}}}}\n"
    choice = read_settings(make(text)).scheduler
    assert isinstance(choice, Choice)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make_scheduler(choice, optimizer, 10)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.5, 0.5, 1.0, 0.9])


def test_a_transform_may_hold_others(refused: Refused) -> None:
    choice = families.choose_transform(
        node("{RandomApply: {transforms: [{ColorJitter: {brightness: 0.5}}], p: 0.3}}"), PLAIN
    )
    assert choice.make().transforms[0].brightness == (0.5, 1.5)
    (found,) = refused(families.choose_transform, node("{RandomApply: [Lambda]}"), PLAIN)
    assert found.code == "NS604"


def test_the_settings_report_everything_at_once(table: str, refused: Refused) -> None:
    text = table.replace("MSELoss", "MSLoss").replace("lr: 0.05", "lr: fast").replace("epochs: 3", "epochs: many")
    found = refused(read_settings, loads(text))
    assert [item.code for item in found] == ["NS202", "NS604", "NS605"]


def test_numbers_may_be_parameters(make: Callable[..., Spec], table: str) -> None:
    text = table.replace("input:", "params: {n: 4}\ninput:").replace("epochs: 3", "epochs: n*5")
    assert read_settings(make(text)).epochs == 20
