"""Every network of torchvision, families of timm where it is installed, and networks by hand: module → spec → module.

`python -m tests.importer.interchange [NAME…]` prints a table: the network, the lines of its spec, how many weights it
has, whether their names and the outputs are the same, and the seconds that it took, or why it cannot be said.
Each row is written to docs/networks.md too, in place of the network's row there.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision import models

import netspec
from netspec.importer.failure import ImportFailure
from tests.importer.nets import NETS
from tests.importer.round_trip import differences

Case = tuple[Callable[[], nn.Module], Any]
TIMM = """
resnet18 seresnet18 skresnet18 resnext50_32x4d wide_resnet50_2 resnetv2_50 res2net50_26w_4s selecsls42 dpn68
cspresnet50 darknet53 dla34 hrnet_w18_small densenet121 inception_v3 xception41 vgg11 regnetx_002 repvgg_a0
efficientnet_b0 tinynet_e mobilenetv2_050 mobilenetv3_small_050 lcnet_050 mnasnet_small semnasnet_050
hardcorenas_a rexnet_100 ghostnet_100 nfnet_f0 convnext_atto convnextv2_atto poolformer_s12 edgenext_xx_small
vit_tiny_patch16_224 deit_tiny_patch16_224 beit_base_patch16_224 mixer_s32_224 resmlp_12_224 gmlp_ti16_224
xcit_nano_12_p16_224 cait_xxs24_224 levit_128s pit_ti_224 visformer_tiny mobilevit_xxs efficientformer_l1
swin_tiny_patch4_window7_224
"""  # one of each family
DOCS = Path(__file__).parents[2] / "docs/networks.md"
VERSIONS = f"torch {torch.__version__.partition('+')[0]} and torchvision {torchvision.__version__.partition('+')[0]}"
HEAD = f"""# Networks that become specs

Written by `make interchange`, with {VERSIONS}: each network was made with random
weights, imported, its spec's text read again and compiled; pictures are of 128×128 where any size does. Lines are those
of its text; keys are the weights and buffers of its state_dict, which have the same names in the same order and the
same shapes. Outputs are the same bit for bit in eval mode on the CPU, or differ by rounding, up to the given share of
the largest number.
"""
WHOLE = ("vit", "swin", "maxvit")  # take pictures of one size; others are quicker with smaller ones
NO_HEADS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}  # slow, for nothing


def _backbone(name: str) -> nn.Module:
    made: nn.Module = models.get_model(name, weights=None, weights_backbone=None).backbone
    return made


def cases() -> Iterator[tuple[str, str, Case]]:
    """The networks by kind and name."""
    for name in models.list_models(module=models):
        size = 224 if name.startswith(WHOLE) else 128
        yield "torchvision", name, (partial(models.get_model, name, **NO_HEADS.get(name, {})), [3, size, size])
    for name in models.list_models(module=models.segmentation):
        yield (
            "segmentation",
            name,
            (partial(models.get_model, name, weights=None, weights_backbone=None), [3, 128, 128]),
        )
    for name in models.list_models(module=models.video):
        size = 112 if name in ("r3d_18", "mc3_18", "r2plus1d_18") else 224
        yield "video", name, (partial(models.get_model, name), [3, 16, size, size])
    for name in models.list_models(module=models.detection):
        size = 300 if name.startswith("ssd300") else 320 if name.startswith("ssdlite") else 128
        yield "detection", name, (partial(_backbone, name), [3, size, size])
    for name, case in NETS.items():
        yield "by hand", name, case
    if importlib.util.find_spec("timm") is not None:
        timm: Any = importlib.import_module("timm")
        for name in TIMM.split():
            size = timm.get_pretrained_cfg(name).input_size
            yield "timm", name, (partial(timm.create_model, name), [*size])


@dataclass(frozen=True)
class Row:
    """What came of a network: whether it comes back, the cells of its row, and the seconds that it took."""

    good: bool
    cells: tuple[str, ...]
    seconds: float


def row(case: Case) -> Row:
    """Whether a network comes back, and its row of the table."""
    make, given = case
    torch.manual_seed(0)
    start = time.perf_counter()
    module = make()
    try:
        spec = netspec.from_module(module, given)
        text = spec.sources[spec.path]
        rounding = next((line for line in text.splitlines() if "by rounding" in line), "")
        found = [] if rounding else differences(module, given, spec)
    except ImportFailure as failure:
        return Row(False, (str(failure).replace("\n", " ")[:110], "", ""), time.perf_counter() - start)
    said = f"rounding, {rounding.split('up to ')[1].split(' of')[0]}" if rounding else "same"
    same = said if not found else ", ".join(found[:3])
    cells = (str(len(text.splitlines())), str(len(module.state_dict())), same)
    return Row(not found, cells, time.perf_counter() - start)


def main(names: list[str]) -> int:
    """Print the table of the named networks and kinds, else of all, and write it to docs/networks.md."""
    warnings.simplefilter("ignore")
    print(f"{'network':<42} {'lines':>5} {'keys':>6} {'outputs':>20} {'seconds':>8}")
    table, found = written(), dict[str, list[bool]]()
    for kind, name, case in cases():
        table.setdefault(kind, {}).setdefault(name, "")
        if names and name not in names and kind not in names:
            continue
        result = row(case)
        found.setdefault(kind, []).append(result.good)
        lines, keys, outputs = result.cells
        print(f"{kind + ' ' + name:<42} {lines:>5} {keys:>6} {outputs:>20} {result.seconds:>8.1f}", flush=True)
        table[kind][name] = f"| {name} | {lines} | {keys} | {outputs} |"
        write(table)
    for kind, results in found.items():
        print(f"{kind}: {sum(results)} of {len(results)}")
    return 0 if all(map(all, found.values())) else 1


def written() -> dict[str, dict[str, str]]:
    """The rows of docs/networks.md by kind and name."""
    table: dict[str, dict[str, str]] = {}
    for section in DOCS.read_text("utf-8").split("\n## ")[1:] if DOCS.exists() else []:
        kind, *lines = section.splitlines()
        rows = [line for line in lines if line.startswith("| ") and not line.startswith("| network |")]
        table[kind] = {line.split("|")[1].strip(): line for line in rows}
    return table


def write(table: dict[str, dict[str, str]]) -> None:
    """Write docs/networks.md."""
    text = HEAD
    for kind, rows in table.items():
        lines = [line for line in rows.values() if line]
        if lines:
            text += "\n".join(
                ["", f"## {kind}", "", "| network | lines | keys | outputs |", "|---|---|---|---|", *lines, ""]
            )
    DOCS.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
