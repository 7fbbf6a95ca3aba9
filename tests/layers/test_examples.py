"""Every record's examples against torch: what is right, what is wrong, how many parameters, how many MACs."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from netspec.core.shapes import ArgumentError, BatchAxisError, MergeError, RankError, ShapeError
from netspec.layers.record import Case, Layer, case, no_macs
from netspec.layers.table import TABLE
from tests.layers.helpers import BATCH, UNBATCHED, examples_here, named, on_purpose, ours, resolve, run, theirs, verdict

EACH = pytest.mark.parametrize("layer", TABLE.values(), ids=TABLE)
ACCEPT_ANYTHING = {
    *("ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Sigmoid", "LogSigmoid", "Hardsigmoid"),
    *("Hardswish", "Tanh", "Tanhshrink", "Hardshrink", "Softshrink", "Softplus", "Softsign", "Threshold"),
    *("Identity", "Dropout", "AlphaDropout", "relu", "gelu", "silu", "sigmoid", "tanh"),
    *("relu6", "leaky_relu", "elu", "selu", "mish", "logsigmoid", "hardsigmoid", "hardswish", "tanhshrink"),
    *("hardshrink", "softshrink", "softplus", "softsign", "threshold", "dropout", "alpha_dropout"),
    *("randn_like", "rand_like", "zeros_like", "ones_like", "detach", "to", "tan", "atan", "erf", "expm1", "log1p"),
    *("log2", "log10", "reciprocal", "sign", "floor", "ceil", "round", "logical_not"),
    *("eye", "zeros", "ones", "full", "linspace"),
    *("exp", "log", "sqrt", "rsqrt", "square", "abs", "neg", "sin", "cos", "StochasticDepth"),
}


@EACH
def test_right(layer: Layer) -> None:
    for example in examples_here(layer, layer.right):
        with named(example):
            assert ours(layer, example) == theirs(layer, example)
            assert ours(layer, example).refusal is None


@EACH
def test_wrong(layer: Layer) -> None:
    assert bool(layer.wrong) != (layer.name in ACCEPT_ANYTHING)
    for example in examples_here(layer, layer.wrong):
        with named(example):
            assert isinstance(verdict(layer, example).refusal, ShapeError)
            mine, other = ours(layer, example), theirs(layer, example)
            if mine.refusal is None:  # it came to be wrong with a later version of torch
                assert mine == other
            else:
                assert other.refusal is not None or on_purpose(layer, case, mine, other), "torch accepts it"


def test_a_wrong_shape_or_count_would_be_seen() -> None:
    conv = TABLE["Conv2d"]
    for broken in (replace(conv, shape=lambda a, x: x), replace(conv, parameters=lambda a, x: 1)):
        assert any(ours(broken, example) != theirs(broken, example) for example in broken.right)


def test_every_record_has_an_example_and_a_line() -> None:
    assert [layer.name for layer in TABLE.values() if not layer.right] == []
    assert [layer.name for layer in TABLE.values() if not layer.doc.endswith(".")] == []


@EACH
@pytest.mark.filterwarnings("ignore")  # torch's advice about the arguments
def test_macs(layer: Layer) -> None:
    for example in examples_here(layer, layer.right):
        with named(example):
            macs = layer.macs(resolve(layer, example), ours(layer, example).outputs[0], *example.inputs)
            assert (macs > 0) == (layer.macs is not no_macs)
            assert macs == counted(layer, example)


def counted(layer: Layer, case: Case) -> int:
    """The products of an example, as torch's counter of operations has them."""
    if layer.name == "Bilinear":  # the counter does not know it: Ax₂ for each output feature, then a product with x₁
        (*rows, first), (*_, second) = case.inputs
        return prod(rows) * case.args["out_features"] * (first * second + first)
    if layer.name == "bilinear":
        (*rows, first), (*_, second), (out, *_), *_ = case.inputs
        return prod(rows) * out * (first * second + first)
    if layer.name == "LSTM":  # nor this: each weight is used once a step
        _, module = run(layer, case)
        assert module is not None
        weights = sum(value.numel() for name, value in module.named_parameters() if name.startswith("weight"))
        return case.inputs[0][0] * weights
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # not every torch counts a fused one
        run(layer, case)
    operations = counter.get_total_flops()
    assert operations % (2 * BATCH) == 0
    return operations // (2 * BATCH)


# What torch accepts, and netspec refuses on purpose.
STRICTER = [
    ("Conv1d", case((9,), in_channels=2, out_channels=4, kernel_size=3), RankError),  # the batch as channels
    ("MaxPool2d", case((8, 8), kernel_size=2), RankError),
    ("AdaptiveAvgPool2d", case((3, 8, 8, 8), output_size=1), RankError),
    (
        "ConvTranspose1d",
        case((4, 3), in_channels=4, out_channels=6, kernel_size=2, padding=2),
        ShapeError,
    ),  # nothing is left
    ("CircularPad1d", case((3, 1), padding=(1, -2)), ShapeError),  # torch crops less than was said
    ("ReflectionPad1d", case((8,), padding=2), RankError),
    ("pad", case((8,), pad=(2, 2), mode="reflect"), RankError),
    ("PixelShuffle", case((3, 4), upscale_factor=1), RankError),
    ("Softmax2d", case((3, 4)), RankError),
    ("Dropout1d", case((8,)), RankError),
    ("Dropout2d", case((8,)), RankError),  # torch warns
    ("Dropout3d", case((3, 8, 8)), RankError),  # torch warns
    ("FeatureAlphaDropout", case((), p=0.0), RankError),
    ("UpsamplingNearest2d", case((3, 8), scale_factor=2), RankError),
    ("matmul", case((4,), (4, 5)), RankError),
    ("LayerNorm", case((), normalized_shape=2), RankError),
    ("RMSNorm", case((), normalized_shape=2), RankError),
    ("add", case((3, 5), (2, 3, 5)), MergeError),  # the batch of the first meets the second's axis of size 2
    ("matmul", case((3, 4), (2, 4, 5)), MergeError),
    ("Upsample", case((3, 8), size=4, scale_factor=0.0), ArgumentError),
    ("Flatten", case((3, 8), start_dim=0), BatchAxisError),
    ("Softmax", case((3, 8), dim=0), BatchAxisError),
    ("LogSoftmax", case((3, 8)), BatchAxisError),  # torch's implicit dim of three axes is 0
    ("GLU", case((), dim=0), BatchAxisError),
    ("ZeroPad1d", case((), padding=1), BatchAxisError),
    ("concat", case((3, 8), (3, 8), dim=-3), BatchAxisError),
    ("stack", case((3, 8), (3, 8), dim=0), BatchAxisError),
    ("mean", case((3, 8), dim=()), BatchAxisError),
    ("squeeze", case((3, 8), dim=0), BatchAxisError),
    ("permute", case((3, 8), dims=(1, 0, 2)), BatchAxisError),
    ("chunk", case((3, 8), chunks=2, dim=0), BatchAxisError),
]


@pytest.mark.parametrize(("name", "case", "kind"), STRICTER)
@pytest.mark.filterwarnings("ignore")
def test_stricter_than_torch_on_purpose(name: str, case: Case, kind: type[ShapeError]) -> None:
    layer = TABLE[name]
    assert type(ours(layer, case).refusal) is kind
    assert on_purpose(layer, case, ours(layer, case), theirs(layer, case))
    unchecked = replace(layer, args=tuple(replace(arg, infer=None) for arg in layer.args))
    run(unchecked, case)  # raises nothing


@pytest.mark.parametrize("name", sorted(UNBATCHED))
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_torch_would_take_the_batch_for_channels(name: str) -> None:
    layer = TABLE[name]
    unchecked = replace(layer, args=tuple(replace(arg, infer=None) for arg in layer.args))
    fitting = {"in_channels": BATCH, "num_features": BATCH, "groups": 1, "upscale_factor": 1}
    accepted = 0
    for example in examples_here(layer, layer.right):
        fitting |= dict.fromkeys(("input_size", "embed_dim", "d_model"), (BATCH, *example.inputs[0][1:])[-1])
        args = {**example.args, **{key: value for key, value in fitting.items() if layer.arg(key) is not None}}
        smaller = Case(tuple(shape[1:] for shape in example.inputs), args, example.dtype)
        if isinstance(ours(layer, smaller).refusal, RankError):
            accepted += runs(unchecked, smaller)
    assert accepted


def runs(layer: Layer, case: Case) -> bool:
    """Whether torch runs it, whatever it takes for the batch."""
    try:
        run(layer, case)
    except (RuntimeError, ValueError, NotImplementedError, AssertionError):
        return False
    return True
