"""Classes of torch that a spec names are checked without torch: names, arguments, values, versions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netspec.checker import check
from netspec.language.load import loads
from netspec.language.sections.class_families import FAMILIES
from netspec.language.sections.torch_classes import classes_of, kind_of

NETWORK = "netspec: 1\nparams: {base: 0.1}\ninput: [1, 28, 28]\nlayers: [Flatten, {Linear: 10}]\n"
PLAIN = NETWORK.replace("params: {base: 0.1}\n", "")
TRAIN = "train:\n  loss: CrossEntropyLoss\n  optimizer: {SGD: {lr: 0.1}}\n"


def found(text: str, torch: str | None = None) -> list[tuple[str, int, str]]:
    report = check(loads(NETWORK + text), torch=torch)
    return [(item.code, item.span.line, item.message) for item in report.diagnostics if item.severity == "error"]


WRONG = [
    ("  loss: CrossEntropyLos", "NS604", "did you mean CrossEntropyLoss"),
    ("  optimizer: {SGD: {momentun: 0.9}}", "NS605", "did you mean momentum"),
    ("  scheduler: {StepLR: {step: 3}}", "NS605", "did you mean step_size"),
    ("  scheduler: StepLR", "NS605", "needs step_size"),
    ("  optimizer: {SGD: {lr: -1}}", "NS605", "lr of SGD has to be a number ≥ 0, got the number -1"),
    ("  optimizer: {SGD: {lr: fast}}", "NS605", "got the text 'fast'"),
    ("  optimizer: {SGD: {lr: bse*2}}", "NS210", "did you mean base"),
    ("  optimizer: {SGD: {lr: 0 - base}}", "NS605", "0 - base = -0.1"),
    ("  optimizer: {SGD: {lr: '0.1'}}", "NS605", "got the text '0.1'"),
    ("  optimizer: {Adam: {betas: [0.9, 1]}}", "NS605", "a list of 2 numbers ≥ 0 and < 1"),
    ("  optimizer: {Adam: {betas: 0.9}}", "NS605", "a list of 2 numbers"),
    ("  optimizer: {SGD: {nesterov: yes}}", "NS202", "write true"),
    ("  optimizer: SparseAdam", "NS604", "sparse gradients"),
    ("  loss: {CrossEntropyLoss: {weight: balansed}}", "NS605", "balanced"),
    ("  loss: CTCLoss", "NS604", "more than one output"),
    ("  loss: {MSELoss: {reduction: sum}}", "NS605", "has to be mean"),
    ("  mix: {MixUp: {alfa: 1}}", "NS605", "did you mean alpha"),
    ("  mix: MixUpp", "NS604", "did you mean MixUp"),
    ("  groups: [{match: bias, wieght_decay: 0.1}]", "NS605", "did you mean weight_decay"),
    ("  groups: [{match: bias, lr: -1}]", "NS605", "a number ≥ 0"),
    ("  scheduler: {ChainedScheduler: [{ExponentialLR: 0.9}, {StepLR: {sept_size: 1}}]}", "NS605", "step_size"),
    ("  scheduler: {SequentialLR: {schedulers: [[1]], milestones: [1]}}", "NS202", "Name or {Name: arguments}"),
    ("  scheduler: {SequentialLR: {schedulers: 3, milestones: [1]}}", "NS605", "a list of schedulers"),
]


@pytest.mark.parametrize(("line", "code", "said"), WRONG)
def test_what_is_wrong_in_train(line: str, code: str, said: str) -> None:
    key = line.split(":")[0]
    kept = [each for each in TRAIN.splitlines()[1:] if not each.startswith(f"{key}:")]
    (item,) = found("\n".join(["train:", line, *kept]) + "\n")
    assert item[:2] == (code, 6)
    assert said in item[2]


DATA = [
    ("{MNIST: {}, transforms: [Normalise]}", "NS604", "did you mean Normalize"),
    ("{MNIST: {}, transforms: [RandomInvert]}", "NS605", "is random"),
    ("{MNIST: {}, augment: [{GaussianBlur: 4}]}", "NS605", "odd integer"),
    ("{MNIST: {}, augment: [{RandomApply: {transforms: [ColorJiter]}}]}", "NS604", "ColorJitter"),
    ("{MNIST: {}, augment: [ToTensor]}", "NS604", "tensors already"),
    ("{MNIST: {trian: true}}", "NS605", "did you mean train"),
    ("{EMNIST: {split: lettres}}", "NS605", "letters"),
    ("{EMNIST: {}}", "NS605", "needs split"),
    ("ImageFolder", "NS203", "needs root"),
    ("{MNIST: {}, val: {MNIST: {download: 1}}}", "NS605", "true or false"),
]


@pytest.mark.parametrize(("data", "code", "said"), DATA)
def test_what_is_wrong_in_data(data: str, code: str, said: str) -> None:
    items = [item for item in found(f"data: {data}\n") if item[2].find("needs mean and std") < 0]
    assert [item[:2] for item in items] == [(code, 5)]
    assert said in items[0][2]


RIGHT = [
    "  optimizer: {SGD: {lr: base/2, momentum: 0.9}}\n",
    "  optimizer: {Adafactor: {eps: [null, 0.001]}}\n",
    "  scheduler: CosineAnnealingLR\n",
    "  scheduler: {OneCycleLR: {max_lr: base}}\n",
    "  scheduler: {OneCycleLR: [0.1, 0.2]}\n",
]


@pytest.mark.parametrize("line", RIGHT)
def test_what_is_right(line: str) -> None:
    rest = "" if "optimizer" in line else "  optimizer: SGD\n"
    assert found(f"train:\n  loss: {{CrossEntropyLoss: {{weight: balanced}}}}\n{rest}{line}") == []


def test_right_data() -> None:
    steps = "[{RandomErasing: {value: random}}, {RandomCrop: {size: 28, padding: [1, 2], fill: {others: 0}}}]"
    blur = "{RandomApply: [{GaussianBlur: {kernel_size: [3, 5], sigma: 1}}]}"
    rotate = "{RandomRotation: {degrees: 5, interpolation: BILINEAR}}"
    assert (
        found(
            f"data: {{FakeData: {{image_size: [1, 28, 28]}}, augment: [{blur}, {rotate}, {{RandomChoice: {steps}}}]}}\n"
        )
        == []
    )


def test_a_misspelt_key_hides_no_other_error() -> None:
    text = "train:\n  los: CrossEntropyLos\n  optimzer: {SGD: {momentun: 2, lr: -1}}\n  epochs: 0\n  metrics: [mae]\n"
    assert [(code, line) for code, line, _ in found(text)] == [
        ("NS201", 6), ("NS604", 6), ("NS201", 7), ("NS605", 7), ("NS605", 7), ("NS202", 8), ("NS616", 9),
    ]  # fmt: skip


def test_the_network_is_still_looked_at() -> None:
    text = PLAIN.replace("{Linear: 10}", "{Linear: 10}, ReLU") + TRAIN.replace("Loss", "Los")
    assert [item.code for item in check(loads(text)).diagnostics] == ["NS908", "NS604"]


def test_the_fix_of_a_name_one_edit_away_is_safe() -> None:
    (item,) = check(loads(PLAIN + TRAIN.replace("Loss", "Los"))).diagnostics
    assert [(fix.title, fix.safe) for fix in item.fixes] == [("CrossEntropyLoss", True)]
    (item,) = check(loads(PLAIN + TRAIN + "  scheduler: {StepLR: {step: 3}}\n")).diagnostics
    assert [(fix.title, fix.safe) for fix in item.fixes] == [("step_size", False)]


def test_what_a_version_lacks() -> None:
    text = TRAIN.replace("{SGD: {lr: 0.1}}", "{Adam: {decoupled_weight_decay: true}}")
    message = "decoupled_weight_decay of Adam came with torch 2.7, here is 2.6"
    assert found(text, "2.6") == [("NS219", 7, message)]
    assert found(text, "2.7") == []
    assert [code for code, *_ in found(TRAIN.replace("{SGD: {lr: 0.1}}", "Muon"), "2.8")] == ["NS219"]


def test_every_kind_of_the_table_can_be_read() -> None:
    for family in FAMILIES.values():
        for one in classes_of(family).values():
            for argument in one.arguments.values():
                assert argument.kind.wants
                assert isinstance(argument.kind.schema(), dict)
                if not argument.required:
                    argument.kind.accept(argument.default)
    with pytest.raises(ValueError, match="no kind"):
        kind_of("a word")


def test_the_table_is_read_only_where_it_is_asked() -> None:
    code = (
        "import sys, netspec; from netspec.language.sections import torch_classes as t; "
        "netspec.check(netspec.loads(sys.argv[1])); print(t._tables.cache_info().misses, 'torch' in sys.modules)"
    )
    for text, said in ((NETWORK, "0 False"), (NETWORK + TRAIN, "1 False")):
        done = subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said
