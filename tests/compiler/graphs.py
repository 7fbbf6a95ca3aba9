"""Random networks, each drawn while torch runs it by hand: the verdict and the shapes that netspec has to reach too.

A graph is drawn item by item: layers, functions of one value and of two, groups and branches, with arguments that
mostly suit and sometimes do not. Torch's part is written here and knows nothing of netspec: modules are made from
their classes, functions called by name, on a batch of two on the CPU.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

BATCH, LARGEST = 2, 20_000
Tensors = tuple[torch.Tensor, ...]
Shape = tuple[int, ...]

# What torch's constructors need, and a spec leaves out.
INFERRED: dict[str, tuple[str, int]] = {
    **{f"Conv{axes}d": ("in_channels", 1) for axes in (1, 2, 3)},
    **{f"{kind}Norm{axes}d": ("num_features", 1) for kind in ("Batch", "Instance") for axes in (1, 2)},
    **{f"ConvTranspose{axes}d": ("in_channels", 1) for axes in (1, 2)},
    "GroupNorm": ("num_channels", 1),
    "Linear": ("in_features", -1),
    **dict.fromkeys(("LayerNorm", "RMSNorm"), ("normalized_shape", -1)),
    **dict.fromkeys(("LSTM", "GRU"), ("input_size", -1)),
    "MultiheadAttention": ("embed_dim", -1),
    "TransformerEncoderLayer": ("d_model", -1),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, x, y: x + y,
    "mul": lambda a, x, y: x * y,
    "maximum": lambda a, x, y: torch.maximum(x, y),
    "concat": lambda a, x, y: torch.cat([x, y], dim=a["dim"]),
    "stack": lambda a, x, y: torch.stack([x, y], dim=a["dim"]),
    "matmul": lambda a, x, y: torch.matmul(x, y),
    "reshape": lambda a, x: x.reshape(BATCH, *a["shape"]),
    "permute": lambda a, x: torch.permute(x, a["dims"]),
    "transpose": lambda a, x: torch.transpose(x, a["dim0"], a["dim1"]),
    "squeeze": lambda a, x: torch.squeeze(x, a["dim"]),
    "unsqueeze": lambda a, x: torch.unsqueeze(x, a["dim"]),
    "mean": lambda a, x: torch.mean(x, a["dim"], keepdim=a["keepdim"]),
    "amax": lambda a, x: torch.amax(x, a["dim"]),
    "argmax": lambda a, x: torch.argmax(x, a["dim"]),
    "select": lambda a, x: torch.select(x, a["dim"], a["index"]),
    "narrow": lambda a, x: torch.narrow(x, a["dim"], a["start"], a["length"]),
    "slice": lambda a, x: x[:, a["start"] :: a["step"]] if x.dim() > 1 else torch.zeros(())[0],
    "roll": lambda a, x: torch.roll(x, a["shifts"], a["dims"]),
    "cumsum": lambda a, x: torch.cumsum(x, a["dim"]),
    "chunk": lambda a, x: torch.chunk(x, a["chunks"], a["dim"]),
    "split": lambda a, x: torch.split(x, a["split_size_or_sections"], a["dim"]),
    "unflatten": lambda a, x: torch.unflatten(x, a["dim"], a["sizes"]),
    "relu": lambda a, x: torch.relu(x),
    "max": lambda a, x: torch.max(x, a["dim"], keepdim=a["keepdim"]),
    "expand": lambda a, x: x.expand(BATCH, *a["size"]),
    "tile": lambda a, x: torch.tile(x, tuple(a["dims"])),
    "clamp": lambda a, x: torch.clamp(x, a["min"]),
    "normalize": lambda a, x: F.normalize(x, dim=a["dim"]),
    "moveaxis": lambda a, x: torch.moveaxis(x, a["source"], a["destination"]),
    "pixel_shuffle": lambda a, x: F.pixel_shuffle(x, a["upscale_factor"]),
    "einsum": lambda a, *xs: torch.einsum(a["equation"], *xs),
}
# What makes a mask of a sequence, and the names under which attention takes it.
MASKS: dict[str, tuple[str, Any, int]] = {
    "key_padding_mask": ("select", {"dim": 2, "index": 0}, 1),
    "attn_mask": ("einsum", {"equation": "bij,bkj->bik"}, 2),
    "src_key_padding_mask": ("select", {"dim": 2, "index": -1}, 1),
    "src_mask": ("einsum", {"equation": "bij,bkj->bik"}, 2),
}
OF_TWO = ("add", "mul", "maximum", "concat", "stack", "matmul")

_small, _dim, _flag = st.integers(1, 3), st.integers(1, 3), st.booleans()
_width = st.integers(1, 8)
_window = {"kernel_size": st.integers(1, 4), "stride": st.integers(1, 2), "padding": st.integers(0, 2)}
_conv = {**_window, "out_channels": _width, "dilation": st.integers(1, 2), "groups": st.sampled_from((1, 1, 1, 2))}
ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Conv1d": _conv,
    "Conv2d": _conv,
    "ConvTranspose2d": {
        "out_channels": _width, "kernel_size": _small, "stride": _small, "output_padding": st.integers(0, 1),
    },
    "MaxPool2d": {**_window, "ceil_mode": _flag, "return_indices": st.sampled_from((False, False, True))},
    "AvgPool1d": {**_window, "ceil_mode": _flag},
    "AvgPool2d": {**_window, "ceil_mode": _flag},
    "AdaptiveAvgPool2d": {"output_size": _small},
    "BatchNorm1d": {},
    "BatchNorm2d": {},
    "GroupNorm": {"num_groups": st.sampled_from((1, 1, 2, 3))},
    "LayerNorm": {},
    "InstanceNorm1d": {"affine": _flag},
    "InstanceNorm2d": {"affine": _flag},
    "Conv3d": _conv,
    "ConvTranspose1d": {
        "out_channels": _width, "kernel_size": _small, "stride": _small, "padding": st.integers(0, 1),
        "output_padding": st.integers(0, 1), "dilation": st.integers(1, 2),
    },
    "MaxPool1d": {**_window, "dilation": st.integers(1, 2), "ceil_mode": _flag},
    "LPPool2d": {"norm_type": st.just(2), "kernel_size": _small, "stride": _small, "ceil_mode": _flag},
    "AdaptiveMaxPool2d": {"output_size": _small},
    "ReflectionPad2d": {"padding": st.integers(0, 4)},
    "ReplicationPad1d": {"padding": st.integers(-2, 3)},
    "CircularPad2d": {"padding": st.integers(0, 4)},
    "PixelUnshuffle": {"downscale_factor": st.integers(1, 2)},
    "GLU": {"dim": st.sampled_from((1, -1, 2))},
    "PReLU": {"num_parameters": st.sampled_from((1, 1, 3, 4))},
    "RMSNorm": {},
    "TransformerEncoderLayer": {"nhead": st.sampled_from((1, 1, 2)), "dim_feedforward": _width},
    "max": {"dim": _dim, "keepdim": _flag},
    "expand": {"size": st.lists(st.sampled_from((-1, -1, 1, 4)), min_size=1, max_size=4)},
    "tile": {"dims": st.lists(st.integers(1, 2), min_size=1, max_size=4)},
    "clamp": {"min": st.just(0.0)},
    "normalize": {"dim": _dim},
    "moveaxis": {"source": _dim, "destination": _dim},
    "pixel_shuffle": {"upscale_factor": st.integers(1, 2)},
    "einsum": {"equation": st.sampled_from(("bij->bji", "b...i->b...", "bc...->b...c", "...ij->...ji", "b...->b"))},
    "ReLU": {},
    "Dropout": {"p": st.sampled_from((0.0, 0.5))},
    "Linear": {"out_features": _width, "bias": _flag},
    "Flatten": {"start_dim": st.sampled_from((1, 1, 2)), "end_dim": st.sampled_from((-1, -1, 2))},
    "Softmax": {"dim": st.sampled_from((1, -1, 2))},
    "PixelShuffle": {"upscale_factor": st.integers(1, 2)},
    "ChannelShuffle": {"groups": st.integers(1, 2)},
    "Upsample": {"scale_factor": st.sampled_from((1, 2, 0.5))},
    "ZeroPad2d": {"padding": st.integers(-1, 2)},
    "LSTM": {"hidden_size": _width, "num_layers": st.integers(1, 2), "bidirectional": _flag},
    "GRU": {"hidden_size": _width, "bidirectional": _flag},
    "MultiheadAttention": {"num_heads": st.sampled_from((1, 1, 2)), "need_weights": _flag},
    "add": {}, "mul": {}, "maximum": {}, "matmul": {}, "relu": {},
    "concat": {"dim": st.sampled_from((1, 1, 1, 2, -1))},
    "stack": {"dim": st.sampled_from((1, 1, 2, -1))},
    "transpose": {"dim0": _dim, "dim1": _dim},
    "squeeze": {"dim": _dim},
    "unsqueeze": {"dim": _dim},
    "mean": {"dim": st.lists(_dim, min_size=1, max_size=2), "keepdim": _flag},
    "amax": {"dim": _dim},
    "argmax": {"dim": _dim},
    "select": {"dim": _dim, "index": st.integers(-3, 2)},
    "narrow": {"dim": _dim, "start": st.integers(0, 2), "length": st.integers(1, 4)},
    "slice": {"start": st.integers(-3, 2), "step": st.integers(1, 2)},
    "roll": {"shifts": st.integers(-2, 2), "dims": _dim},
    "cumsum": {"dim": _dim},
    "chunk": {"chunks": _small, "dim": st.sampled_from((1, 1, 2))},
    "split": {"split_size_or_sections": _small, "dim": st.sampled_from((1, 1, 2))},
    "unflatten": {"dim": _dim, "sizes": st.sampled_from(((2, -1), (-1, 3), (1, -1)))},
}  # fmt: skip
_ANYTHING = ("ReLU", "Dropout", "Linear", "LayerNorm", "Flatten", "Softmax", "relu", "reshape", "permute", "unsqueeze",
             "squeeze", "mean", "amax", "select", "narrow", "slice", "roll", "cumsum", "chunk", "split", "unflatten",
             "GroupNorm", "argmax", "RMSNorm", "GLU", "PReLU", "max", "expand", "tile", "clamp",
             "normalize", "moveaxis", "einsum")  # fmt: skip
BY_RANK: dict[int, tuple[str, ...]] = {
    0: ("ReLU", "unsqueeze"),
    1: ("BatchNorm1d", "Linear", "unflatten", "reshape", *_ANYTHING),
    2: ("Conv1d", "AvgPool1d", "BatchNorm1d", "LSTM", "GRU", "MultiheadAttention", "transpose",
        "InstanceNorm1d", "ConvTranspose1d", "MaxPool1d", "ReplicationPad1d", "TransformerEncoderLayer", *_ANYTHING),
    3: (*("Conv2d", "MaxPool2d", "BatchNorm2d", "ReLU") * 3, "ConvTranspose2d", "AvgPool2d", "AdaptiveAvgPool2d",
        "PixelShuffle", "ChannelShuffle", "Upsample", "ZeroPad2d", "transpose",
        "InstanceNorm2d", "LPPool2d", "AdaptiveMaxPool2d", "ReflectionPad2d", "CircularPad2d", "PixelUnshuffle",
        "pixel_shuffle", *_ANYTHING),
    4: ("Conv3d", "Conv3d", "transpose", *_ANYTHING),
}  # fmt: skip


@dataclass
class Drawn:
    """A network and what torch makes of it: shapes and dtypes of all outputs, or the path of the one it refuses."""

    input: tuple[int, ...]
    items: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[tuple[Shape, str]] = field(default_factory=list)
    refused: str = ""
    error: str = ""

    def text(self) -> str:
        """The spec; all items are outputs."""
        names = [item["name"] for item in self.items]
        return json.dumps({"netspec": 1, "input": self.input, "layers": self.items, "outputs": names}) + "\n"


def shapes(tensors: Tensors) -> list[tuple[Shape, str]]:
    """Sample shapes with dtypes."""
    return [(tuple(each.shape[1:]), str(each.dtype).removeprefix("torch.")) for each in tensors]


class Refused(Exception):
    """Torch refuses the item of this path."""


def by_hand(kind: str, args: dict[str, Any], inputs: Tensors, masks: dict[str, torch.Tensor]) -> Tensors:
    """One layer or function in torch."""
    if kind in FUNCTIONS:
        result = FUNCTIONS[kind](args, *inputs)
        return tuple(result) if isinstance(result, tuple | list) else (result,)
    (x,) = inputs
    given = dict(args)
    if kind in INFERRED:
        name, axis = INFERRED[kind]
        given.setdefault(name, x.shape[axis])
    if kind in ("LSTM", "GRU"):
        sequence, state = getattr(nn, kind)(**given, batch_first=True)(x)
        states = state if isinstance(state, tuple) else (state,)
        return (sequence, *(each.transpose(0, 1) for each in states))
    if kind == "MultiheadAttention":
        weighs = given.pop("need_weights")
        attention = nn.MultiheadAttention(**given, batch_first=True)
        result, weights = attention(x, x, x, need_weights=weighs, **for_heads(masks, given["num_heads"]))
        return (result, weights) if weighs else (result,)
    if kind == "TransformerEncoderLayer":
        given["batch_first"] = True
    result = getattr(nn, kind)(**given)(x, **for_heads(masks, given.get("nhead", 1)))
    return result if isinstance(result, tuple) else (result,)


def for_heads(masks: dict[str, torch.Tensor], heads: int) -> dict[str, torch.Tensor]:
    """Masks of single samples as torch wants them: those of the weights once for each head of each sample."""
    return {
        name: mask if "padding" in name else torch.stack([mask] * heads, dim=1).reshape(-1, *mask.shape[1:])
        for name, mask in masks.items()
    }


def run(
    path: str, kind: str, args: dict[str, Any], inputs: Tensors, masks: dict[str, torch.Tensor] | None = None
) -> Tensors:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as of sizes that a norm without weights has no use for
            outputs = by_hand(kind, args, inputs, masks or {})
    except Exception as error:  # whatever torch raises is a refusal
        raise Refused(path, str(error)) from None
    if any(each.shape[:1] != (BATCH,) for each in outputs):
        raise Refused(path, "the batch is not the first axis any more")
    return outputs


@st.composite
def _call(draw: st.DrawFn, x: torch.Tensor) -> tuple[str, dict[str, Any]]:
    """A layer or function of one value, mostly one that suits its rank."""
    rank = x.dim() - 1
    odd = draw(st.integers(0, 19)) == 19
    kind = draw(st.sampled_from([*ARGUMENTS, "reshape", "permute"] if odd else BY_RANK.get(rank, _ANYTHING)))
    kind = "Identity" if kind in OF_TWO else kind
    args = {name: draw(strategy) for name, strategy in ARGUMENTS.get(kind, {}).items()}
    if kind == "permute":
        args = {"dims": [0, *draw(st.permutations(range(1, x.dim() + (odd and rank == 2))))]}
    if kind == "reshape":
        args = {"shape": draw(st.sampled_from(([-1], [*x.shape[:0:-1]], [*x.shape[1:], 1], [2, -1], [3, 4])))}
    if (
        kind in INFERRED and x.dim() > INFERRED[kind][1] and draw(st.integers(0, 9)) == 9
    ):  # a claim, which is wrong every third time
        name, axis = INFERRED[kind]
        args[name] = x.shape[axis] + draw(st.sampled_from((0, 0, 1)))
    return kind, args


@st.composite
def _chain(draw: st.DrawFn, path: str, x: torch.Tensor, least: int) -> tuple[list[dict[str, Any]], Tensors]:
    """A list of layers on one value."""
    items: list[dict[str, Any]] = []
    outputs: Tensors = (x,)
    for index in range(draw(st.integers(least, 3))):
        if len(outputs) > 1 or not 0 < outputs[0].numel() <= LARGEST:
            break
        kind, args = draw(_call(outputs[0]))
        items.append({kind: args})
        try:
            outputs = run(f"{path}.{index}", kind, args, outputs)
        except Refused as refused:
            raise Refused(*refused.args, items) from None
    return items, outputs


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    """A network of up to nine items."""
    drawn = Drawn(draw(st.sampled_from(((3, 8, 8), (4, 6, 5), (4, 9), (6, 4), (8,), (1, 7, 7), (2, 4, 5, 4)))))
    values: dict[str, torch.Tensor] = {"input": torch.randn(BATCH, *drawn.input)}
    for number in range(draw(st.integers(1, 9))):
        name = f"n{number}"
        latest = [*values][-1]
        source = latest if draw(st.integers(0, 2)) else draw(st.sampled_from([*values]))
        x = values[source]
        what = draw(st.sampled_from(("call", "call", "call", "two", "group", "branches", "masked")))
        what = "call" if what == "masked" and x.dim() != 3 else what
        item: dict[str, Any] = {"name": name, "from": source}
        try:
            if what == "two":
                alike = [key for key, value in values.items() if value.shape == x.shape]
                pool = alike if draw(st.booleans()) else [*values]
                other = draw(st.sampled_from(pool))
                kind = draw(st.sampled_from(OF_TWO))
                args = {key: draw(strategy) for key, strategy in ARGUMENTS[kind].items()}
                item |= {"from": [source, other], kind: args}
                outputs = run(name, kind, args, (x, values[other]))
            elif what == "group":
                item["layers"], outputs = draw(_chain(name, x, 1))
            elif what == "masked":
                kind = draw(st.sampled_from(("MultiheadAttention", "TransformerEncoderLayer")))
                first, names = ("query", [*MASKS][:2]) if kind == "MultiheadAttention" else ("src", [*MASKS][2:])
                chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
                masks: dict[str, torch.Tensor] = {}
                wires = {first: source}
                for mask in chosen:
                    wires[mask] = f"{name}_{mask}"
                    maker, how, count = MASKS[mask]
                    taken = draw(st.sampled_from([*values])) if draw(st.integers(0, 4)) == 4 else source
                    item = {"name": wires[mask], "from": [taken] * count, maker: how}
                    made = run(wires[mask], maker, how, (values[taken],) * count)
                    drawn.items.append(item)
                    drawn.shapes += shapes(made)
                    (masks[mask],) = made
                args = {key: draw(strategy) for key, strategy in ARGUMENTS[kind].items()}
                item = {"name": name, "from": wires, kind: args}
                outputs = run(name, kind, args, (x,), masks)
            elif what == "branches":
                kind = draw(st.sampled_from(("concat", "add")))
                branches: dict[str, Any] = {f"{name}a": [], f"{name}b": []}
                item |= {"branches": branches, "merge": kind}
                ends = []
                for branch in branches:
                    branches[branch], end = draw(_chain(f"{name}.{branch}", x, 0))
                    ends.append(end[0] if len(end) == 1 else x)
                    if len(end) > 1:
                        branches[branch] = []
                outputs = run(f"{name}.0", kind, {"dim": 1}, tuple(ends))
            else:
                kind, args = draw(_call(x))
                item |= {kind: args}
                outputs = run(name, kind, args, (x,))
        except Refused as refused:
            drawn.refused, drawn.error = refused.args[:2]
            if what == "group":
                item["layers"] = refused.args[2]
            if what == "branches" and len(refused.args) > 2:
                branches[drawn.refused.split(".")[1]] = refused.args[2]
            drawn.items.append(item)
            return drawn
        drawn.items.append(item)
        drawn.shapes += shapes(outputs)
        for index, each in enumerate(outputs):
            if each.dtype != torch.bool and 0 < each.numel() <= LARGEST:
                values[name if len(outputs) == 1 else f"{name}.{index}"] = each
    return drawn
