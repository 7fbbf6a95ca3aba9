"""Every network of torchvision, families of timm where it is installed, and networks by hand: module → spec → module.

`python -m tests.importer.interchange [NAME…]` prints a table: the network, the lines of its spec, whether the names of
its weights and its outputs are the same, and the seconds that it took; or the reason why it cannot be said.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
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
NO_HEADS = {"googlenet": {"init_weights": False}, "inception_v3": {"init_weights": False}}  # slow, for nothing


def _fpn() -> nn.Module:
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    return resnet_fpn_backbone(backbone_name="resnet18", weights=None, norm_layer=nn.BatchNorm2d)


def _backbone(name: str) -> nn.Module:
    made: nn.Module = models.get_model(name, weights=None, weights_backbone=None).backbone
    return made


def cases() -> Iterator[tuple[str, str, Case]]:
    """The networks by kind and name."""
    for name in models.list_models(module=models):
        size = 299 if name == "inception_v3" else 224
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
    yield "detection", "resnet18_fpn", (_fpn, [3, 128, 128])
    yield "detection", "ssd300_vgg16", (partial(_backbone, "ssd300_vgg16"), [3, 300, 300])
    yield (
        "detection",
        "ssdlite320_mobilenet_v3_large",
        (partial(_backbone, "ssdlite320_mobilenet_v3_large"), [3, 320, 320]),
    )
    for name, case in NETS.items():
        yield "by hand", name, case
    if importlib.util.find_spec("timm") is not None:
        timm: Any = importlib.import_module("timm")
        for name in TIMM.split():
            size = timm.get_pretrained_cfg(name).input_size
            yield "timm", name, (partial(timm.create_model, name), [*size])


def row(case: Case) -> tuple[bool, str]:
    """Whether a network comes back, and its row of the table."""
    make, given = case
    torch.manual_seed(0)
    module, start = make(), time.perf_counter()
    try:
        spec = netspec.from_module(module, given)
        took = time.perf_counter() - start
        found = differences(module, given, spec)
    except ImportFailure as failure:
        return False, str(failure).replace("\n", " ")[:110]
    lines = len(spec.sources[spec.path].splitlines())
    keys, same = len(module.state_dict()), "same" if not found else ", ".join(found[:3])
    return not found, f"{lines:>5} {keys:>6} {same:>8} {took:>8.1f}"


def main(names: list[str]) -> int:
    """Print the table of the named networks, of all where there are none."""
    warnings.simplefilter("ignore")
    print(f"{'network':<42} {'lines':>5} {'keys':>6} {'outputs':>8} {'seconds':>8}")
    counts: dict[str, list[bool]] = {}
    for kind, name, case in cases():
        if names and name not in names and kind not in names:
            continue
        good, text = row(case)
        counts.setdefault(kind, []).append(good)
        print(f"{kind + ' ' + name:<42} {text}", flush=True)
    for kind, results in counts.items():
        print(f"{kind}: {sum(results)} of {len(results)}")
    return 0 if all(map(all, counts.values())) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
