"""format_text: the canonical form, which says the same to the last comment, and is its own canonical form."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import yaml

import netspec
from netspec.core.diagnostics import SpecError
from netspec.language import format as formatting
from netspec.language.format import NotFormatted, format_text
from netspec.language.source import compose
from netspec.render.summary import summary_json
from tests.spec_cases import BAD, OK, RIGHT, ROOT, name_of, sweep

WRITTEN = """\
--- # of the document
name: x
netspec: 1
input: &s [3,
   8, 8]   # behind
layers:
- &c
  Conv2d:
    # why
    out_channels:    4
    kernel_size: 3
- *c

- Conv2d: {<<: &k {kernel_size: 3, padding: 1}, out_channels: 8}


-   from: input
    name: "q"
    Conv2d:
      out_channels: "12"
      kernel_size: 0x3
# about the group
-
  layers:
   - ReLU   # one
   # at the end of the list
  name: g # the group
train:
  optimizer:
    SGD:
      lr: 1e-3
  loss: CrossEntropyLoss   \n# at the end
"""
CANONICAL = """\
# of the document
netspec: 1
name: x
input: &s [3, 8, 8]  # behind
layers:
  - &c
    Conv2d:
      # why
      out_channels: 4
      kernel_size: 3
  - *c

  - Conv2d: {<<: &k {kernel_size: 3, padding: 1}, out_channels: 8}

  - {name: "q", Conv2d: {out_channels: "12", kernel_size: 0x3}, from: input}
  # about the group
  - name: g  # the group
    layers:
      - ReLU  # one
      # at the end of the list
train:
  optimizer: {SGD: {lr: 1e-3}}
  loss: CrossEntropyLoss
# at the end
"""


def test_the_canonical_form() -> None:
    assert format_text(WRITTEN, "net.yaml") == CANONICAL
    assert format_text(CANONICAL, "net.yaml") == CANONICAL


def comments(text: str) -> list[str]:
    """The comments of a text without `#` in its scalars."""
    return sorted(match[0].rstrip() for match in re.finditer(r"(?<!\S)#.*", text))


def disturbed(text: str, draws: random.Random) -> str:
    """The text with comments, empty lines and line breaks at random places."""
    lines = []
    for line in text.split("\n"):
        if draws.random() < 0.15:
            lines.append(" " * draws.randrange(9) + f"# own {draws.randrange(1000)}")
        if draws.random() < 0.1:
            lines.append("")
        if draws.random() < 0.15 and line.strip() and "#" not in line:
            line += " " * draws.randrange(1, 20) + f"# end {draws.randrange(1000)}"
        if draws.random() < 0.1 and "#" not in line:
            line = line.replace(", ", f",  # in {draws.randrange(1000)}\n                ", 1)
        lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize("path", [*sweep(RIGHT, 4, 1), *sweep(BAD, 8)], ids=name_of)
def test_the_same_network_whatever_the_text_looks_like(path: Path) -> None:
    draws = random.Random(path.stem)
    text = path.read_text("utf-8")
    for case in (text, disturbed(text, draws), disturbed(text, draws)):
        tree, found = compose(case, path.name)
        if found or not isinstance(tree, netspec.core.tree.Mapping):
            continue
        written = format_text(case, path.name)
        assert format_text(written, path.name) == written
        assert comments(written) == comments(case)
        assert yaml.safe_load(written) == yaml.safe_load(case)
        if path in OK:
            reports = [netspec.check(netspec.language.load.loads(each, folder=path.parent)) for each in (case, written)]
            assert summary_json(reports[0]) == summary_json(reports[1])
            assert [d.code for d in reports[0].diagnostics] == [d.code for d in reports[1].diagnostics]


def test_no_line_is_wider_than_it_has_to_be() -> None:
    text = "netspec: 1\ninput: [4]\nlayers:\n  - {name: a, Linear: {in_features: 4, out_features: 3}, from: input}\n"
    wide = text.replace("a,", f"{'a' * 60},").replace("input}", f"[{', '.join(['input'] * 20)}]}}")
    written = format_text(wide, "net.yaml")
    assert "  - name: aaa" in written
    assert "    from: [input," in written
    assert max(map(len, written.splitlines())) <= 180
    numbers = f"netspec: 1\ndata: {{inline: {{x: [{', '.join(['[1.5, 2.5]'] * 40)}], y: [0]}}}}\n"
    assert max(map(len, format_text(numbers, "net.yaml").splitlines())) <= 120
    assert format_text(text, "net.yaml") == text


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: !x 1\n"])
def test_what_is_no_yaml_of_specs_is_found(text: str) -> None:
    with pytest.raises(SpecError):
        format_text(text, "net.yaml")


def test_what_would_not_say_the_same_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFormatted, match="a spec is a mapping, not a list of 1"):
        format_text("- 1\n", "net.yaml")
    monkeypatch.setattr(formatting, "layout", lambda head, root: "netspec: 1\nname: other\n")
    with pytest.raises(NotFormatted, match="would not say the same"):
        format_text("netspec: 1\nname: mine\n", "net.yaml")
    monkeypatch.setattr(formatting, "layout", lambda head, root: "netspec: 1\nname: mine\n")
    with pytest.raises(NotFormatted, match="would not say the same"):
        format_text("netspec: 1\nname: mine  # lost\n", "net.yaml")


def test_line_ends_and_anchors_stay() -> None:
    assert format_text("netspec:   1\r\nname: x\r\n", "net.yaml") == "netspec: 1\r\nname: x\r\n"


def test_to_yaml_keeps_comments_and_numbers() -> None:
    text = (ROOT / "specs/lenet.yaml").read_text("utf-8")
    assert netspec.loads(text).to_yaml() == text
    written = netspec.load(ROOT / "specs/vgg16_cifar10.yaml", classes=7).to_yaml()
    assert "# zipped: five turns" in written  # of vgg16.yaml
    assert "weight_decay: 5e-4" in written
    assert "classes: 7" in written
