"""Two verdicts on one case: ours, reached as the engine reaches it, and torch's, by running it on a batch of two."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torchvision import ops
from torchvision.models import convnext

from netspec.core.installed import release
from netspec.core.shapes import (
    FLOATS,
    INTEGERS,
    ArgumentError,
    BatchAxisError,
    DtypeError,
    MergeError,
    RankError,
    Shape,
    ShapeError,
)
from netspec.layers.code import application, constructor, reading
from netspec.layers.record import Args, Case, FurtherInput, Layer

BATCH = 2
HERE = release(torch.__version__)
KINDS_OF_NUMBERS = {"float": FLOATS, "int": INTEGERS, "number": FLOATS | INTEGERS}
NAMES = {"torch": torch, "nn": nn, "F": F, "ops": ops, "convnext": convnext, "self": SimpleNamespace(training=True)}

# Where a tensor of one axis less is a sample without a batch to torch: it would take the batch for the channels.
UNBATCHED = {
    *(f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool") for axes in (1, 2, 3)),
    *(f"Adaptive{kind}Pool{axes}d" for kind in ("Avg", "Max") for axes in (1, 2, 3)),
    *(f"{kind}Pad{axes}d" for kind in ("Reflection", "Replication", "Circular") for axes in (1, 2, 3)),
    *(f"InstanceNorm{axes}d" for axes in (1, 2, 3)),
    *("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell", "MultiheadAttention"),
    *("Transformer", "TransformerEncoderLayer", "TransformerEncoder", "TransformerDecoderLayer", "TransformerDecoder"),
    *("Unfold", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "FractionalMaxPool2d", "FractionalMaxPool3d"),
    "Dropout1d",
    "dropout1d",
    "PixelShuffle",
    "PixelUnshuffle",
    "pixel_shuffle",
    "pixel_unshuffle",
    "Softmax2d",
    "pad",
}
# Where torch takes other numbers of axes too: its dropouts only warn, or have no channels to drop; adaptive averages
# and nearest neighbours work in any number; a vector in matmul or LayerNorm
# would be the whole batch, and tile would repeat it.
OTHER_RANKS = {
    *("Dropout2d", "Dropout3d", "FeatureAlphaDropout", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
    *("UpsamplingNearest2d", "matmul", "LayerNorm", "RMSNorm", "tile", "linear"),
    *("scaled_dot_product_attention", "Fold", "tril", "triu", "dropout2d", "dropout3d", "feature_alpha_dropout"),
}


def is_here(since: str | None) -> bool:
    """Whether the torch that is installed has what came with a version."""
    return since is None or release(since) <= HERE


def runs_here(layer: Layer, case: Case) -> bool:
    """Whether the torch that is installed has the layer and all arguments of a case."""
    return is_here(layer.since) and all(is_here(arg.since) for arg in layer.args if arg.name in case.args)


def examples_here(layer: Layer, cases: tuple[Case, ...]) -> list[Case]:
    """Those of a record's examples that the torch that is installed can run."""
    return [case for case in cases if runs_here(layer, case)]


@contextmanager
def named(case: Case, where: str = "") -> Iterator[None]:
    """What goes wrong names its case: one test of a layer looks at all of them, which costs less than a test each."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{where}{case}")
        raise


class ClaimFact(ShapeError):
    """A size that is written differs from the size that arrives."""

    code = "NS401"


@dataclass(frozen=True)
class Verdict:
    """What a layer makes of a case; `refusal` where it refuses."""

    outputs: tuple[Shape, ...] = ()
    dtypes: tuple[str, ...] = ()
    parameters: int = 0
    refusal: Exception | None = None

    def __str__(self) -> str:
        if self.refusal is not None:
            return f"{type(self.refusal).__name__}: {self.refusal}"
        return f"{self.outputs} of {self.dtypes}, {self.parameters} parameters"


def on_purpose(layer: Layer, case: Case, mine: Verdict, other: Verdict) -> bool:
    """Whether our refusal is one of those where netspec is stricter than torch."""
    fact = mine.refusal
    if isinstance(fact, BatchAxisError):  # torch mixes the samples
        return True
    if str(getattr(fact, "argument", "")).endswith("is_causal"):
        # netspec makes the mask, for which there is no place beside one that is given, nor for further keys; to torch
        # is_causal is a promise about the mask that is given, which it trusts
        return True
    if isinstance(fact, MergeError):  # torch would align the batch of one input with another axis of the other
        if layer.name == "scaled_dot_product_attention":  # on the CPU it takes more values than keys, or fewer
            return "values" in str(fact) or len({len(shape) for shape in case.inputs}) > 1
        return layer.broadcasts and len({len(shape) for shape in case.inputs}) > 1
    if isinstance(fact, RankError):
        return layer.name in UNBATCHED | OTHER_RANKS
    if isinstance(fact, ArgumentError):
        if fact.argument == "scale_factor":  # Upsample reads 0 as not given, `interpolate` may give nothing
            return case.args.get("scale_factor") == 0
        # the second operand, which is netspec's own argument: the code of two inputs has no place for it
        return fact.argument in ("other", "index", "exponent")
    # an empty output, which some backends let pass
    if layer.name.startswith(("ConvTranspose", "MaxUnpool", "FractionalMaxPool")):
        return any(0 in shape for shape in other.outputs)
    # a crop of more than there is
    return (layer.name.startswith("Circular") or case.args.get("mode") == "circular") and "circular" in str(fact)


def resolve(layer: Layer, case: Case) -> Args:
    """All arguments: written, inferred, or by default. Raises ClaimFact where one is wrong."""
    values: dict[str, Any] = {}
    for arg in layer.args:
        if arg.name in case.args:
            values[arg.name] = arg.kind.accept(case.args[arg.name])
        else:
            values[arg.name] = arg.default if arg.infer is None else arg.infer(*case.inputs)
    args = Args(**values, input_shapes=case.inputs)
    for arg in layer.args:
        written = case.args.get(arg.name)
        if arg.infer is None or not isinstance(written, int) or (arg.idle is not None and arg.idle(args)):
            continue
        if written != (known := arg.infer(*case.inputs)):
            raise ClaimFact(f"{arg.name} is {written}, gets {known}", argument=arg.name)
    return args


def ours(layer: Layer, case: Case) -> Verdict:
    """The record's verdict for the torch that is installed."""
    return verdict(layer.as_of(HERE), case)


def verdict(layer: Layer, case: Case) -> Verdict:
    """A record's verdict as it stands, with the engine's own checks."""
    try:
        for index in range(len(case.inputs)):
            takes, dtype = layer.takes_of(index, len(case.inputs)), case.dtype_of(index)
            if takes != "any" and dtype not in KINDS_OF_NUMBERS.get(takes, {takes}):
                raise DtypeError(f"{layer.name} takes {takes}, gets {dtype}")
        args = resolve(layer, case)
        result = layer.shape(args, *case.inputs)
        if case.further and layer.suits is not None:
            layer.suits(args, case.inputs, case.further)
    except ShapeError as fact:
        return Verdict(refusal=fact)
    outputs = tuple(result) if isinstance(result, list) else (result,)
    given = tuple(case.dtype_of(index) for index in range(len(case.inputs)))
    dtypes = tuple(layer.gives_of(index, given, args) for index in range(len(outputs)))
    return Verdict(outputs, dtypes, layer.parameters(args, *case.inputs))


def known_args(layer: Layer, case: Case) -> dict[str, Any]:
    """The arguments torch is given: all that are written, and those that can be inferred."""
    args = {name: layer.arg(name).kind.accept(value) for name, value in case.args.items()}  # type: ignore[union-attr]
    for arg in layer.args:
        if arg.infer is not None and arg.name not in args:
            args[arg.name] = arg.infer(*case.inputs)
    return args


def run(layer: Layer, case: Case) -> tuple[Any, nn.Module | None]:
    """The layer's output in torch for a batch of zeros, and the module if it is one. Raises what torch raises.

    A layer with an expression of its own (`make`, `call`, `outputs`, `code`) is run by that expression.
    """
    names = {
        name: torch.zeros(BATCH, *tensor.shape, dtype=getattr(torch, tensor.dtype))
        for name, tensor in case.further.items()
    }
    further = {name: FurtherInput(name, tensor) for name, tensor in case.further.items()}
    dtypes = [getattr(torch, case.dtype_of(index)) for index in range(len(case.inputs))]
    tensors = [torch.zeros(BATCH, *shape, dtype=dtype) for shape, dtype in zip(case.inputs, dtypes, strict=True)]
    names |= {**NAMES, "xs": tensors}
    sources = [f"xs[{i}]" for i in range(len(tensors))]
    if layer.code is not None:
        return eval(application(layer, vars(resolve(layer, case)), "", sources, further), names), None
    args = {**{arg.name: arg.default for arg in layer.args if not arg.required}, **known_args(layer, case)}
    if layer.chains and layer.make is None:
        to_forward = {arg.name for arg in layer.args if arg.forward}
        given = {name: value for name, value in known_args(layer, case).items() if name not in to_forward}
        made = getattr(NAMES[layer.module], layer.name)(**given)
    else:
        made = made_of(layer, args)
    result = eval(application(layer, args, "made", sources, further), {**names, "made": made})
    if layer.outputs:
        count = len(layer.outputs)
        result = tuple(eval(reading(layer, "value", index), {"value": result}) for index in range(count))
    return result, _owner(made) if layer.tensor else made


def made_of(layer: Layer, args: dict[str, Any]) -> Any:
    """The module, or the tensor, that the lines of a layer's constructor make."""
    names = dict(NAMES)
    *before, last = constructor(layer, args).splitlines()
    exec("\n".join(before), names)
    return eval(last, names)


def _owner(tensor: torch.Tensor) -> nn.Module:
    """A module with the tensor as its parameter, or its buffer."""
    owner = nn.Module()
    if isinstance(tensor, nn.Parameter):
        owner.register_parameter("made", tensor)
    else:
        owner.register_buffer("made", tensor)
    return owner


def theirs(layer: Layer, case: Case) -> Verdict:
    """torch's verdict. It is the CPU's: on the meta device adaptive pooling of nothing passes, for one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            output, module = run(layer, case)
    except Exception as error:  # whatever torch raises is a refusal
        return Verdict(refusal=error)
    outputs = tuple(output) if isinstance(output, tuple | list) else (output,)
    if not all(isinstance(tensor, torch.Tensor) for tensor in outputs):
        return Verdict(refusal=TypeError("what it gives is no tensor"))  # Python compares with None
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad) if module is not None else 0
    if any(tensor.shape[:1] != (BATCH,) for tensor in outputs):
        return Verdict(refusal=ValueError("the batch is not the first axis any more"))
    dtypes = tuple(str(tensor.dtype).removeprefix("torch.") for tensor in outputs)
    return Verdict(tuple(tuple(tensor.shape[1:]) for tensor in outputs), dtypes, parameters)
