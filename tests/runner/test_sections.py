"""The keys of `data`, `train` and `expect`: every mistake at its place, every example accepted."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from torchvision import datasets

from netspec.core.tree import Mapping
from netspec.language.evaluate import plain_value
from netspec.language.sections.data_keys import DATA_KEYS, DATA_SCHEMA
from netspec.language.sections.datasets import OWN, VISION
from netspec.language.sections.expect_keys import EXPECT_KEYS, EXPECT_SCHEMA
from netspec.language.sections.keys import Key
from netspec.language.sections.train_keys import TRAIN_KEYS, TRAIN_SCHEMA
from netspec.language.sections.validate import SECTIONS, amount, check_sections
from netspec.language.source import compose


def found(text: str) -> list[tuple[str, int, int]]:
    root, diagnostics = compose(text, "net.yaml")
    assert not diagnostics
    assert isinstance(root, Mapping)
    return [(item.code, item.span.line, item.span.column) for item in check_sections(root)]


GOOD = """params: {width: 8, n: 3, part: 0.2, classes: 10}
data: {sklearn: digits, val: 0.2, augment: [{RandomCrop: {size: 8, padding: 1}}]}
train: {epochs: width*2, batch_size: 64, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}, seed: n, device: cuda:1}
expect: {output: [classes], max_params: 7M, max_macs: 2G}
"""


def test_a_right_document_has_no_findings() -> None:
    assert found(GOOD) == []
    assert found("data: MNIST") == []
    assert found("data: {MNIST: }") == []
    assert found("data: {CSV: rows.csv, val: {CSV: {path: more.csv}}}") == []
    assert found("data: {ImageFolder: pictures, val: {ImageFolder: more}}") == []
    assert found("params: {part: 0.5}\ndata: {MNIST: , val: part/2}") == []
    assert found("layers: []") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: {MNSIT: {}}", [("NS201", 1, 8)]),
        ("data: {MNIST: {}, transfroms: []}", [("NS201", 1, 19)]),
        ("data: {MNIST: {}, FakeData: {}}", [("NS201", 1, 19)]),
        ("data: {val: 0.2}", [("NS203", 1, 7)]),
        ("data: [MNIST]", [("NS202", 1, 7)]),
        ("data:", [("NS202", 1, 1)]),
        ("data: MNSIT", [("NS604", 1, 7)]),
        ("data: {MNIST: {}, val: 2}", [("NS202", 1, 24)]),
        ("data: {MNIST: {}, val: {MNSIT: {}}}", [("NS604", 1, 25)]),
        ("data: {sklearn: digitz}", [("NS604", 1, 17)]),
        ("data: {CSV: 3}", [("NS202", 1, 13)]),
        ("data: sklearn", [("NS203", 1, 7)]),
        ("data: {CSV: {target: 1}}", [("NS203", 1, 13)]),
        ("data: {CSV: {path: a.csv, sep: x}}", [("NS201", 1, 27)]),
        ("data: {inline: {x: 3, y: [1]}}", [("NS202", 1, 20)]),
        ("data: {MNIST: {}, transforms: [{Resize: 3, Pad: 2}]}", [("NS202", 1, 32)]),
        ("train: {loss: MSELoss, optimizer: SGD, epochs: 0}", [("NS202", 1, 48)]),
        ("train: {loss: MSELoss, optimizer: SGD, epoch: 3}", [("NS201", 1, 40)]),
        ("train: {loss: [MSELoss], optimizer: SGD}", [("NS202", 1, 15)]),
        ("train: {optimizer: SGD}", [("NS203", 1, 8)]),
        ("train: 3", [("NS202", 1, 8)]),
        ("expect: {output: [0]}", [("NS202", 1, 19)]),
        ("expect: {output: {main: [3, x, -1]}}", [("NS202", 1, 32)]),
        ("expect: {output: ten}", [("NS202", 1, 18)]),
        ("expect: {max_parms: 7M}", [("NS201", 1, 10)]),
        ("train: {loss: L1Loss, optimizer: SGD, epochs: three}", [("NS202", 1, 47)]),
        ("train: {loss: L1Loss, optimizer: SGD, epochs: '3'}", [("NS202", 1, 47)]),
        ("params: {width: 7}\ntrain: {loss: L1Loss, optimizer: SGD, epochs: widht}", [("NS210", 2, 47)]),
        ("params: {width: 7}\ntrain: {loss: L1Loss, optimizer: SGD, epochs: 2*(width}", [("NS206", 2, 47)]),
        ("params: {width: 7}\ntrain: {loss: L1Loss, optimizer: SGD, seed: width/2}", [("NS202", 2, 45)]),
        ("params: {part: 1.5}\ndata: {MNIST: , val: part}", [("NS202", 2, 22)]),
        ("data: {MNIST: , val: nothing}", [("NS604", 1, 22)]),
    ],
)
def test_each_mistake_is_one_finding_at_its_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert found(text) == expected


def test_independent_mistakes_are_all_reported() -> None:
    text = "data: {MNIST: {}, vall: 1}\ntrain: {loss: 1, optimizer: SGD, epochs: -1}\nexpect: {outputs: []}"
    assert sorted(found(text)) == [
        ("NS201", 1, 19),
        ("NS201", 3, 10),
        ("NS202", 1, 25),
        ("NS202", 2, 15),
        ("NS202", 2, 42),
    ]


def test_a_misspelt_key_offers_the_right_one_as_a_fix() -> None:
    root, _ = compose("train: {loss: MSELoss, optimiser: SGD, optimizer: SGD}", "net.yaml")
    assert isinstance(root, Mapping)
    (item,) = check_sections(root)
    assert "optimizer" in item.message
    (fix,) = item.fixes
    assert (fix.edits[0].text, fix.edits[0].span) == ("optimizer", item.span)


@pytest.mark.parametrize(
    "key", [key for keys in (*SECTIONS.values(), *OWN.values()) for key in keys], ids=lambda key: key.name
)
def test_every_key_has_a_doc_and_an_example_that_its_schema_accepts(key: Key) -> None:
    assert key.doc.endswith(".")
    assert key.wants
    jsonschema.validate(key.example, key.schema)
    if key.default is not None:
        jsonschema.validate(key.default, key.schema)


@pytest.mark.parametrize("schema", [DATA_SCHEMA, TRAIN_SCHEMA, EXPECT_SCHEMA])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schemas_accept_and_refuse() -> None:
    jsonschema.validate({"sklearn": "digits", "val": 0.2}, DATA_SCHEMA)
    jsonschema.validate("MNIST", DATA_SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"MNSIT": {}}, DATA_SCHEMA)


def test_the_listed_datasets_are_torchvisions() -> None:
    assert set(VISION) <= set(datasets.__all__)
    assert len(set(VISION) | set(OWN)) == len(VISION) + len(OWN)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7M", 7e6), ("1.5k", 1500), ("2G", 2e9), ("1T", 1e12), (12, 12), ("12", 12), ("x", None), (True, None)],
)
def test_amounts(text: object, value: float | None) -> None:
    assert amount(text) == value


def test_the_check_of_sections_does_not_import_torch() -> None:
    code = "import sys; from netspec.language.sections.validate import check_sections; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


EVERY_KEY = [key for keys in (TRAIN_KEYS, DATA_KEYS, EXPECT_KEYS, *OWN.values()) for key in keys]


@pytest.mark.parametrize("key", EVERY_KEY, ids=lambda key: key.name)
def test_an_example_can_be_copied(key: Key) -> None:
    """As it is written it is YAML and means what it says."""
    root, diagnostics = compose(key.written + "\n", "net.yaml")
    assert isinstance(root, Mapping)
    assert diagnostics == []
    assert {name.text: plain_value(node, {}) for name, node in root} == {key.name: key.example}


def test_a_missing_key_comes_with_its_example_as_yaml() -> None:
    root, _ = compose("train: {loss: L1Loss}", "net.yaml")
    assert isinstance(root, Mapping)
    (missing,) = check_sections(root)
    assert missing.message == "train needs optimizer, e.g. optimizer: {SGD: {lr: 0.01, momentum: 0.5}}"
